// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.tmpfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.kernel.Cgroup.Counter;
import org.jvisor.api.mm.Mappable;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.HandleSource;
import org.jvisor.api.state.StateException;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.Inode;
import org.jvisor.core.handover.Gate;
import org.jvisor.core.handover.HandoverService;

class HandoverTest {

    private static final Inode.Owner OWNER = new Inode.Owner(1000, 100);
    private static final Gate OPEN = new Gate() {
        @Override
        public void close(long limitNs) {}

        @Override
        public void open() {}
    };

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
        Slot top = new Slot(i.fs);
        Slot inode = new Slot(file);
        Slot open = new Slot(Instance.open(file));
        Slot mapped = new Slot(Instance.open(file).mappable(null, null));
        Stat before = stat(file);

        handOver(top, inode, open, mapped);

        FileSystem fresh = (FileSystem) top.target;
        assertNotSame(i.fs, fresh);
        Inode again = fresh.root().lookup(null, "d").lookup(null, "again");
        assertSame(inode.target, again);
        assertNotSame(file, again);
        assertSame(open.target, again.open(null, 0));
        assertSame(mapped.target, again.open(null, 0).mappable(null, null));
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
        Slot top = new Slot(i.fs);
        handOver(top);
        FileSystem fresh = (FileSystem) top.target;
        fresh.root().unlink(null, "f", fresh.root().lookup(null, "f"));
        Inode kept = fresh.root().create(null, "g", Mode.S_IFREG | 0644, 0, OWNER);
        assertEquals(3, kept.ino());
        fresh.unmount();
        assertEquals(512, i.cgroup.used(Counter.HEAP_BYTES));
    }

    @Test
    void shouldKeepPositionsInDirectories() {
        for (int n = 0; n < 20; n++) {
            i.file("f" + n);
        }
        List<String> all = names(i.root, 0);
        Slot top = new Slot(i.fs);
        Slot directory = new Slot(Instance.open(i.root));
        handOver(top, directory);
        FileOperations fresh = (FileOperations) directory.target;
        List<String> rest = new ArrayList<>();
        fresh.readdir(null, null, 12, (name, ino, type, next) -> rest.add(name));
        assertEquals(all.subList(12, all.size()), rest);
    }

    @Test
    void shouldKeepWhatHasNoNameAnyMore() {
        Inode file = i.file("f");
        Instance.write(file, "still open", 0);
        i.root.unlink(null, "f", file);
        Slot inode = new Slot(file);
        handOver(inode, new Slot(i.fs));
        assertEquals("still open", Instance.read((Inode) inode.target, 0, 100));
        ((Inode) inode.target).evict();
    }

    @Test
    void shouldSkipFieldsThatItDoesNotKnowAndHaveDefaultsForMissingOnes() {
        Slot top = new Slot(i.fs);
        handOver(top);
        StateRecord newer = new StateRecord("tmpfs.special", 7).putOwn("fileSystem", (Tmpfs) top.target).put("ino", 9)
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

    private void handOver(Slot... slots) {
        HandleSource source = visitor -> List.of(slots).forEach(visitor);
        new HandoverService(OPEN, List.of(source), line -> {
            throw new AssertionError(line);
        }).replace(driver, new TmpfsDriver(Instance.MEMORY, i.clock));
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

    private static final class Slot implements Handle {
        Object target;

        Slot(Object target) {
            this.target = target;
        }

        @Override
        public long id() {
            return 1;
        }

        @Override
        public String kind() {
            return "slot";
        }

        @Override
        public Object target() {
            return target;
        }

        @Override
        public void replace(Object fresh) {
            target = fresh;
            if (fresh instanceof Mappable mappable) {
                mappable.framesFollowing(0, 1);
            }
        }
    }
}
