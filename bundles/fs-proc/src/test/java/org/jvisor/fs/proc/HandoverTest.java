// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.state.Driver;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.PseudoFileSystem;
import org.jvisor.core.handover.Rehearsal;

class HandoverTest {

    private final Machine machine = new Machine();
    private final Task init = machine.process(1, "init", 0);
    private final Task user = machine.process(5, "user", 1000);
    private final ProcFileSystem fs = machine.mount("hidepid=2,gid=77");

    /** What {@link ProcFileSystemType} does, without its services. */
    private final class TestDriver implements Driver {
        @Override
        public Stateful adopt(StateRecord record) {
            return PseudoFileSystem.isSuperBlock(record) ? new ProcFileSystem(machine.system, record)
                    : PseudoFileSystem.adopt(record);
        }
    }

    private List<Object> handOver(Object... objects) {
        return Rehearsal.handOver(new TestDriver(), new TestDriver(), objects);
    }

    @Test
    void shouldFindInodesAgainByTheirNames() {
        Inode[] inodes = new Inode[] {fs.root(), find("sys/vm/swappiness"), find("5/status"), find("1/task/1/ns/net"),
            find("5/net/tcp"), find("self"), find("sys")};
        List<Object> successors = handOver((Object[]) inodes);
        ProcFileSystem fresh = (ProcFileSystem) ((Inode) successors.getFirst()).fileSystem();
        assertNotSame(fs, fresh);
        assertEquals(",gid=77,hidepid=invisible", fresh.options());
        assertEquals(fs.device(), fresh.device());
        for (int i = 0; i < inodes.length; i++) {
            Inode successor = (Inode) successors.get(i);
            assertSame(fresh, successor.fileSystem());
            assertEquals(inodes[i].ino(), successor.ino());
            assertEquals(inodes[i].mode(), successor.mode());
            assertEquals(inodes[i].uid(), successor.uid());
            assertSame(inodes[i].getClass(), successor.getClass());
        }
    }

    @Test
    void shouldGoOnReadingTheTextThatWasMade() {
        FileOperations file = find("5/status").open(init, 0);
        String before = read(file, 0);
        FileOperations fresh = (FileOperations) handOver(file).getFirst();
        assertNotSame(file, fresh);
        assertEquals(before.substring(3), read(fresh, 3));
    }

    @Test
    void shouldSayThatAProcessIsGone() {
        FileOperations file = find("5/status").open(init, 0);
        String before = read(file, 0);
        Inode directory = find("5/fd");
        machine.groups.remove(5);
        List<Object> successors = handOver(file, directory, directory.open(init, 0));
        FileOperations fresh = (FileOperations) successors.getFirst();
        assertEquals(before.substring(3), read(fresh, 3));
        assertEquals(-Errno.ESRCH, fresh.read(init, null, new Machine.Buffer(10), 0));
        Inode gone = (Inode) successors.get(1);
        assertEquals(directory.ino(), gone.ino());
        assertEquals(directory.mode(), gone.mode());
        assertEquals(-Errno.ENOENT, ((FileOperations) successors.get(2)).readdir(init, null, 0, (name, ino, type, next) -> true));
        assertEquals("user", user.name());
    }

    @Test
    void shouldLeaveWhatWasSetWithTheKernel() {
        Machine.write(init, fs, "sys/vm/swappiness", "10");
        ProcFileSystem fresh = (ProcFileSystem) handOver(fs).getFirst();
        assertEquals("10\n", Machine.read(init, fresh, "sys/vm/swappiness"));
        assertEquals(Machine.read(init, fs, "sys/kernel/random/boot_id"), Machine.read(init, fresh, "sys/kernel/random/boot_id"));
    }

    private Inode find(String path) {
        return Machine.find(init, fs, path);
    }

    private String read(FileOperations file, long offset) {
        Machine.Buffer buffer = new Machine.Buffer(10_000);
        return Text.string(Arrays.copyOf(buffer.bytes, (int) file.read(init, null, buffer, offset)));
    }
}
