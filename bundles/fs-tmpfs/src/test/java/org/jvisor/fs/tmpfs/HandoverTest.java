// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.tmpfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.state.StateException;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.Inode;
import org.jvisor.core.handover.Rehearsal;

class HandoverTest {

    private static final Inode.Owner OWNER = new Inode.Owner(1000, 100);

    private final Instance i = new Instance("size=1m,nr_inodes=100");
    private final TmpfsDriver driver = new TmpfsDriver(Instance.MEMORY, i.clock);

    @Test
    void shouldKeepTreesAndBytes() {
        Inode directory = i.directory(i.root, "d");
        Inode file = directory.create(null, "f", Mode.S_IFREG | 0640, 0, OWNER);
        Instance.write(file, "what was written", 0);
        file.setXattr(null, "user.colour", "red".getBytes(), 0);
        directory.link(null, "again", file);
        i.root.symlink(null, "link", "d/f", OWNER);
        i.root.create(null, "null", Mode.S_IFCHR | 0666, Mode.makeDev(1, 3), OWNER);
        Stat before = stat(file);
        FileOperations open = Instance.open(file);

        List<Object> successors = handOver(i.fs, file, open, open.mappable(null, null));

        FileSystem fresh = (FileSystem) successors.getFirst();
        assertNotSame(i.fs, fresh);
        Inode again = fresh.root().lookup(null, "d").lookup(null, "again");
        assertSame(successors.get(1), again);
        assertNotSame(file, again);
        assertSame(successors.get(2), again.open(null, 0));
        assertSame(successors.get(3), again.open(null, 0).mappable(null, null));
        assertEquals("what was written", Instance.read(again, 0, 100));
        assertArrayEquals("red".getBytes(), again.getXattr(null, "user.colour"));
        Stat after = stat(again);
        assertEquals(before.ino, after.ino);
        assertEquals(before.mode, after.mode);
        assertEquals(2, after.nlink);
        assertEquals(before.mtimeNsec, after.mtimeNsec);
        assertEquals(before.uid, after.uid);
        assertEquals("d/f", fresh.root().lookup(null, "link").readlink(null));
        assertEquals(Mode.makeDev(1, 3), stat(fresh.root().lookup(null, "null")).rdev);
    }

    @Test
    void shouldGoOnCountingWhatIsUsed() {
        Inode file = i.file("f");
        Instance.write(file, "x".repeat(10_000), 0);
        FileSystem fresh = (FileSystem) handOver(i.fs).getFirst();
        fresh.root().unlink(null, "f", fresh.root().lookup(null, "f"));
        Inode kept = fresh.root().create(null, "g", Mode.S_IFREG | 0644, 0, OWNER);
        assertEquals(3, kept.ino());
        fresh.unmount();
        assertEquals(1, i.cgroup.used(Charge.INODE));
    }

    @Test
    void shouldKeepPositionsInDirectories() {
        for (int n = 0; n < 20; n++) {
            i.file("f" + n);
        }
        List<String> all = names(i.root, 0);
        FileOperations fresh = (FileOperations) handOver(i.fs, Instance.open(i.root)).get(1);
        List<String> rest = new ArrayList<>();
        fresh.readdir(null, null, 12, (name, ino, type, next) -> rest.add(name));
        assertEquals(all.subList(12, all.size()), rest);
    }

    @Test
    void shouldKeepWhatHasNoNameAnyMore() {
        Inode file = i.file("f");
        Instance.write(file, "still open", 0);
        i.root.unlink(null, "f", file);
        Inode fresh = (Inode) handOver(file, i.fs).getFirst();
        assertEquals("still open", Instance.read(fresh, 0, 100));
        fresh.evict();
    }

    @Test
    void shouldSkipFieldsThatItDoesNotKnowAndHaveDefaultsForMissingOnes() {
        Tmpfs fresh = (Tmpfs) handOver(i.fs).getFirst();
        StateRecord newer = new StateRecord("tmpfs.special", 7).putOwn("fileSystem", fresh).put("ino", 9)
                .put("mode", Mode.S_IFIFO).put("colour", "red");
        newer.resolveBy(object -> object);
        Inode special = (Inode) driver.adopt(newer);
        assertEquals(9, special.ino());
        assertEquals(1, stat(special).nlink);
    }

    @Test
    void shouldNameTheFieldThatItMisses() {
        StateRecord record = new StateRecord("tmpfs.special", 1).putOwn("fileSystem", i.fs).put("ino", 9);
        record.resolveBy(object -> object);
        assertEquals("tmpfs.special (schema 1), field mode: missing",
                assertThrows(StateException.class, () -> driver.adopt(record)).getMessage());
        assertThrows(StateException.class, () -> driver.adopt(new StateRecord("ext4.inode", 1)));
    }

    private List<Object> handOver(Object... objects) {
        return Rehearsal.handOver(driver, new TmpfsDriver(Instance.MEMORY, i.clock), objects);
    }

    private static List<String> names(Inode directory, long from) {
        List<String> names = new ArrayList<>();
        Instance.open(directory).readdir(null, null, from, (name, ino, type, next) -> names.add(name));
        return names;
    }

    private static Stat stat(Inode inode) {
        Stat stat = new Stat();
        inode.stat(stat);
        return stat;
    }
}
