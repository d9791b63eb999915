// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.jvisor.vfs.World.fails;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.vfs.Dentry;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.VfsPath;

class DentryCacheTest {

    private static final int ATTEMPTS = 200;

    private final World w = new World();
    private final TestFileSystem fs = new TestFileSystem();

    private void mount() {
        w.mkdir("/m");
        w.addType("test", fs);
        w.mount("none", "/m", "test", 0, "");
    }

    private SuperBlock superBlock() {
        return ((DentryImpl) w.path("/m").dentry()).superBlock;
    }

    @Test
    void shouldAskOnceForWhatIsThereAndForWhatIsNot() {
        fs.directory("d").add("f", fs.file());
        mount();
        assertSame(w.path("/m/d/f").dentry(), w.path("/m/d/f").dentry());
        assertEquals(2, fs.lookups.get());
        assertFalse(w.exists("/m/none"));
        assertFalse(w.exists("/m/none"));
        assertEquals(3, fs.lookups.get());
    }

    @Test
    void shouldAskForSeveralNamesAtOnce() {
        fs.directory("a").addDirectory("b").addDirectory("c").add("f", fs.file());
        fs.walksAtOnce = true;
        mount();
        assertTrue(w.exists("/m/a/b/./c/f"));
        assertEquals(2, fs.walks.get());
        assertTrue(w.exists("/m/a/b/c"));
        assertEquals(2, fs.walks.get());
        assertFalse(w.exists("/m/a/none/x"));
        assertFalse(w.exists("/m/a/none/y"));
        assertFalse(w.exists("/m/x/y/z"));
        assertFalse(w.exists("/m/x"));
        assertEquals(4, fs.walks.get());
        assertEquals(0, fs.lookups.get());
    }

    @Test
    void shouldNoticeChangesFromOutside() {
        fs.changesOutside = true;
        fs.root.add("f", fs.file());
        mount();
        Dentry first = w.path("/m/f").dentry();
        assertFalse(w.exists("/m/g"));
        fs.root.add("f", fs.file());
        fs.root.add("g", fs.file());
        assertNotSame(first, w.path("/m/f").dentry());
        assertTrue(w.exists("/m/g"));
        fs.root.children.clear();
        assertFalse(w.exists("/m/f"));
        assertFalse(w.exists("/m/g"));
    }

    @Test
    void shouldAlwaysAskFileSystemsThatAreMadeUp() {
        fs.caches = false;
        fs.root.add("f", fs.file());
        TestFileSystem.Node directory = fs.directory("d");
        mount();
        VfsPath used = w.path("/m/d");
        assertSame(used.dentry(), w.path("/m/d").dentry());
        assertTrue(w.exists("/m/f"));
        assertTrue(w.exists("/m/f"));
        assertEquals(4, fs.lookups.get());
        fs.root.add("d", fs.file());
        assertNotSame(used.dentry(), w.path("/m/d").dentry());
        assertTrue(used.dentry().isDeleted());
        assertFalse(directory.evicted);
    }

    @Test
    void shouldKeepMountPointsOfFileSystemsThatAreMadeUp() {
        fs.caches = false;
        fs.directory("d");
        mount();
        w.mount("none", "/m/d", "tmpfs", 0, "");
        w.write("/m/d/f", "x");
        fs.directory("d");
        assertEquals("x", w.read("/m/d/f"));
        assertEquals("/m/d/f", w.name("/m/d/f"));
    }

    @Test
    void shouldEvictAFileAtItsLastClose() {
        TestFileSystem.Node node = fs.root.add("f", fs.file());
        mount();
        FileDescription file = w.open("/m/f", Open.O_RDONLY);
        w.unlink("/m/f");
        assertFalse(node.evicted);
        file.release(null);
        assertTrue(node.evicted);
    }

    @Test
    void shouldKeepABoundedNumberOfNames() throws InterruptedException {
        TestFileSystem.Node directory = fs.directory("d");
        int count = NameCache.KEPT + 2000;
        for (int i = 0; i < count; i++) {
            directory.add("f" + i, fs.file());
        }
        mount();
        FileDescription held = w.open("/m/d/f0", Open.O_RDONLY);
        VfsPath working = w.path("/m/d");
        for (int i = 0; i < count; i++) {
            assertTrue(w.exists("/m/d/f" + i));
            assertFalse(w.exists("/m/d/none" + i));
        }
        assertTrue(superBlock().names.keptCount() <= NameCache.KEPT);
        for (int i = 0; i < ATTEMPTS && fs.evictions.get() < 1000; i++) {
            System.gc();
            superBlock().names.collect();
        }
        assertTrue(fs.evictions.get() >= 1000, "evicted " + fs.evictions.get());
        assertFalse(directory.children.get("f0").evicted);
        assertFalse(directory.evicted);
        assertSame(held.path().dentry(), w.path("/m/d/f0").dentry());
        assertSame(working.dentry(), w.path("/m/d").dentry());
    }

    @Test
    void shouldChargeNamesAndGiveBackWhatNobodyNeeds() {
        Cgroup cgroup = w.root.cgroup;
        TestFileSystem.Node directory = fs.directory("d");
        for (int i = 0; i < 1000; i++) {
            directory.add("f" + i, fs.file());
        }
        mount();
        cgroup.setLimit(Charge.DENTRY, 200);
        for (int i = 0; i < 1000; i++) {
            assertTrue(w.exists("/m/d/f" + i));
            assertFalse(w.exists("/m/d/none" + i));
            assertTrue(cgroup.used(Charge.DENTRY) <= 200);
        }
        assertTrue(cgroup.used(Charge.DENTRY) > 0);
        w.vfs.umount(w.root.task, w.path("/m"), 0);
        assertEquals(0, cgroup.used(Charge.DENTRY));
    }

    /** Directories that are removed while somebody is at the bottom: they are no file system's any more, but take memory. */
    @Test
    void shouldRefuseMoreNamesThanTheContainerMayUse() {
        w.mkdir("/t");
        w.mount("none", "/t", "tmpfs", 0, "");
        Cgroup cgroup = w.root.cgroup;
        cgroup.setLimit(Charge.DENTRY, 100);
        List<FileDescription> held = new ArrayList<>();
        fails(Errno.ENOMEM, () -> {
            while (held.size() < 100) {
                held.add(removedChain());
            }
        });
        assertTrue(held.size() >= 5, "held: " + held.size());
        assertTrue(cgroup.used(Charge.DENTRY) <= 100);
        held.forEach(file -> file.release(null));
        held.clear();
        w.root.fs.setWorkingDirectory(w.path("/"));
        // The collector was of no use just now, and is asked again a while later.
        cgroup.setLimit(Charge.DENTRY, 1000);
        for (int i = 0; i < ATTEMPTS && cgroup.used(Charge.DENTRY) > 20; i++) {
            System.gc();
            w.write("/t/f" + i, "");
            w.unlink("/t/f" + i);
        }
        assertTrue(cgroup.used(Charge.DENTRY) <= 20, "used: " + cgroup.used(Charge.DENTRY));
    }

    /** The lowest of ten directories that are all removed. */
    private FileDescription removedChain() {
        StringBuilder path = new StringBuilder("/t");
        List<String> made = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            w.mkdir(path.append("/d").toString());
            made.add(path.toString());
        }
        FileDescription lowest = w.open(path.toString(), Open.O_RDONLY);
        for (String each : made.reversed()) {
            w.vfs.rmdir(w.root.task, Open.AT_FDCWD, w.root.task.walk().load(each));
        }
        return lowest;
    }

    @Test
    void shouldFindAllNamesWhileTheTableGrows() throws InterruptedException {
        for (int i = 0; i < 3000; i++) {
            w.write("/f" + i, "");
        }
        Thread[] readers = new Thread[2];
        int[] missed = new int[readers.length];
        for (int r = 0; r < readers.length; r++) {
            int reader = r;
            TestTask task = w.newTask();
            readers[r] = Thread.ofPlatform().start(() -> {
                for (int i = 0; i < 20_000; i++) {
                    try {
                        w.path(task, "/f" + i % 3000);
                    } catch (org.jvisor.api.abi.ErrnoException e) {
                        missed[reader]++;
                    }
                }
            });
        }
        for (int i = 0; i < 3000; i++) {
            w.write("/g" + i, "");
            if (i % 2 == 0) {
                w.unlink("/g" + i);
            }
        }
        for (Thread reader : readers) {
            reader.join();
        }
        assertEquals(0, missed[0] + missed[1]);
    }

    /** A change was made, but the task that asked for it was killed before the file system had its answer. */
    @Test
    void shouldForgetNamesOfWhichNobodyKnowsWhatBecameOfThem() {
        TestFileSystem.Node directory = fs.directory("d");
        directory.add("removed", fs.file());
        directory.add("moved", fs.file());
        directory.addDirectory("gone");
        mount();
        for (String name : List.of("removed", "moved", "gone")) {
            assertTrue(w.exists("/m/d/" + name));
        }
        for (String name : List.of("made", "opened", "linked", "target", "sub")) {
            assertFalse(w.exists("/m/d/" + name));
        }
        fs.killsWhoChanges = true;
        fails(Errno.EINTR, () -> w.unlink("/m/d/removed"));
        fails(Errno.EINTR, () -> w.rmdir("/m/d/gone"));
        fails(Errno.EINTR, () -> w.mkdir("/m/d/sub"));
        fails(Errno.EINTR, () -> w.open("/m/d/opened", Open.O_CREAT));
        fails(Errno.EINTR, () -> w.link(w.root, "/m/d/moved", "/m/d/linked"));
        fails(Errno.EINTR, () -> w.rename("/m/d/moved", "/m/d/target"));
        fs.killsWhoChanges = false;
        for (String name : List.of("removed", "moved", "gone")) {
            assertFalse(w.exists("/m/d/" + name), name);
        }
        for (String name : List.of("opened", "linked", "target", "sub")) {
            assertTrue(w.exists("/m/d/" + name), name);
        }
    }
}
