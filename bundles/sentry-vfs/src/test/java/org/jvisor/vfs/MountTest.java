// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.jvisor.vfs.World.fails;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mount;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Statfs;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.state.CoreRoundTrip;
import org.jvisor.api.state.Forgetful;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FsContext;
import org.jvisor.api.vfs.MountNamespace;
import org.jvisor.api.vfs.VfsPath;

class MountTest {

    private final World w = new World();

    MountTest() {
        w.mkdir("/a");
        w.mkdir("/b");
        w.mkdir("/c");
    }

    private void tmpfs(String target) {
        w.mount("none", target, "tmpfs", 0, "");
    }

    private void bind(String from, String to, long more) {
        w.mount(from, to, null, Mount.MS_BIND | more, null);
    }

    private void umount(String target, int flags) {
        w.vfs.umount(w.root.task, w.path(target), flags);
    }

    private List<String> mountPoints(MountNamespace ns) {
        return ns.mounts().stream().map(m -> m.mountPoint() == null ? "/" : w.vfs.name(null, m.mountPoint())).toList();
    }

    @Test
    void shouldStackMounts() {
        tmpfs("/a");
        w.write("/a/first", "x");
        tmpfs("/a");
        w.write("/a/second", "x");
        assertEquals(List.of("second"), w.list("/a"));
        assertEquals(3, w.namespace.mounts().size());
        umount("/a", 0);
        assertEquals(List.of("first"), w.list("/a"));
        umount("/a", 0);
        assertEquals(List.of(), w.list("/a"));
        fails(Errno.EINVAL, () -> umount("/a", 0));
        fails(Errno.EINVAL, () -> umount("/", 0));
        fails(Errno.EINVAL, () -> umount("/a", 64));
    }

    @Test
    void shouldCountChangesForWhoPollsTheMounts() {
        int before = w.namespace.changeCount();
        tmpfs("/a");
        assertTrue(w.namespace.changeCount() > before);
    }

    @Test
    void shouldRefuseToUnmountWhatIsUsed() {
        tmpfs("/a");
        w.write("/a/f", "x");
        FileDescription file = w.open("/a/f", Open.O_RDONLY);
        fails(Errno.EBUSY, () -> umount("/a", 0));
        file.release(null);
        w.root.fs.setWorkingDirectory(w.path("/a"));
        fails(Errno.EBUSY, () -> umount("/a", 0));
        w.root.fs.setWorkingDirectory(w.path("/"));
        w.mkdir("/a/sub");
        tmpfs("/a/sub");
        fails(Errno.EBUSY, () -> umount("/a", 0));
        umount("/a/sub", 0);
        umount("/a", 0);
    }

    @Test
    void shouldDetachWhatIsUsed() {
        tmpfs("/a");
        w.mkdir("/a/sub");
        tmpfs("/a/sub");
        w.write("/a/f", "content");
        FileDescription file = w.open("/a/f", Open.O_RDONLY);
        umount("/a", Mount.MNT_DETACH);
        assertEquals(List.of("/"), mountPoints(w.namespace));
        assertEquals("content", World.read(w.root, file, 10));
        assertFalse(w.exists("/a/f"));
    }

    @Test
    void shouldKeepAFileSystemAsLongAsSomebodyStandsInIt() {
        tmpfs("/a");
        w.write("/a/f", "content");
        long inodes = w.root.cgroup.used(Charge.INODE);
        assertTrue(inodes > 0);
        TestTask other = w.newTask();
        other.fs.setWorkingDirectory(w.path("/a"));
        FsContext shared = other.fs.copy();
        umount("/a", Mount.MNT_DETACH);
        other.fs.setWorkingDirectory(w.path("/"));
        shared.retain();
        shared.release();
        other.fs = shared;
        w.write(other, "g", "more");
        FileDescription file = w.open(other, "f", Open.O_RDONLY, 0);
        assertEquals("content", World.read(other, file, 10));
        file.release(null);
        assertTrue(w.root.cgroup.used(Charge.INODE) > inodes);
        FileDescription left = w.open(other, "g", Open.O_RDONLY, 0);
        VfsPath place = left.path();
        shared.release();
        assertTrue(w.root.cgroup.used(Charge.INODE) > 0, "a file is open");
        left.release(null);
        assertEquals(0, w.root.cgroup.used(Charge.INODE), "nobody is left");
        fails(Errno.ENOENT, () -> w.root.fs.setWorkingDirectory(place));
        fails(Errno.ENOENT, () -> w.vfs.open(w.root.task, place, Open.O_RDONLY));
    }

    @Test
    void shouldChargeMounts() {
        long before = w.root.cgroup.used(Charge.MOUNT);
        tmpfs("/a");
        w.mount(null, "/a", null, Mount.MS_SHARED, null);
        bind("/a", "/b", 0);
        bind("/a", "/c", 0);
        w.mkdir("/a/x");
        assertEquals(before + 3, w.root.cgroup.used(Charge.MOUNT));
        w.root.cgroup.setLimit(Charge.MOUNT, before + 5);
        fails(Errno.ENOSPC, () -> tmpfs("/a/x"));
        assertEquals(4, w.namespace.mounts().size());
        assertEquals(before + 3, w.root.cgroup.used(Charge.MOUNT));
        fails(Errno.ENOSPC, () -> w.namespace.copy(w.root.cgroup));
        assertEquals(0, w.root.cgroup.used(Charge.NAMESPACE));
        w.root.cgroup.setLimit(Charge.MOUNT, 100);
        tmpfs("/a/x");
        assertEquals(before + 6, w.root.cgroup.used(Charge.MOUNT), "one for each that it propagates to");
        MountNamespace copy = w.namespace.copy(w.root.cgroup);
        assertEquals(1, w.root.cgroup.used(Charge.NAMESPACE));
        copy.release();
        umount("/a/x", 0);
        umount("/c", 0);
        umount("/b", 0);
        umount("/a", 0);
        assertEquals(before, w.root.cgroup.used(Charge.MOUNT));
        assertEquals(0, w.root.cgroup.used(Charge.NAMESPACE));
        assertEquals(0, w.root.cgroup.used(Charge.INODE));
    }

    @Test
    void shouldExpireOnTheSecondCall() {
        tmpfs("/a");
        fails(Errno.EINVAL, () -> umount("/a", Mount.MNT_EXPIRE | Mount.MNT_DETACH));
        fails(Errno.EAGAIN, () -> umount("/a", Mount.MNT_EXPIRE));
        w.write("/a/f", "x");
        fails(Errno.EAGAIN, () -> umount("/a", Mount.MNT_EXPIRE));
        umount("/a", Mount.MNT_EXPIRE);
    }

    @Test
    void shouldBind() {
        w.mkdir("/a/d");
        w.write("/a/d/f", "x");
        w.mkdir("/a/d/m");
        tmpfs("/a/d/m");
        w.write("/a/d/m/deep", "x");
        bind("/a/d", "/b", 0);
        assertEquals(List.of("f", "m"), w.list("/b"));
        assertEquals(List.of(), w.list("/b/m"));
        assertEquals("/", w.name("/b/.."));
        bind("/a/d", "/c", Mount.MS_REC);
        assertEquals(List.of("deep"), w.list("/c/m"));
        w.write("/c/f", "changed");
        assertEquals("changed", w.read("/a/d/f"));
        w.write("/file", "y");
        fails(Errno.ENOTDIR, () -> bind("/file", "/c", 0));
        fails(Errno.ENOTDIR, () -> bind("/a", "/file", 0));
        bind("/a/d/f", "/file", 0);
        assertEquals("changed", w.read("/file"));
        fails(Errno.EBUSY, () -> w.unlink("/file"));
        fails(Errno.EXDEV, () -> w.link(w.root, "/a/d/f", "/b/g"));
    }

    @Test
    void shouldChangeFlagsOfOneMountAlone() {
        tmpfs("/a");
        bind("/a", "/b", 0);
        w.mount(null, "/b", null, Mount.MS_REMOUNT | Mount.MS_BIND | Mount.MS_RDONLY | Mount.MS_NOSUID, null);
        fails(Errno.EROFS, () -> w.write("/b/f", "x"));
        w.write("/a/f", "x");
        FileDescription writer = w.open("/a/f", Open.O_WRONLY);
        fails(Errno.EBUSY, () -> w.mount(null, "/a", null, Mount.MS_REMOUNT | Mount.MS_RDONLY, null));
        writer.release(null);
        w.mount(null, "/a", null, Mount.MS_REMOUNT | Mount.MS_RDONLY, "size=1m");
        fails(Errno.EROFS, () -> w.write("/a/f", "x"));
        fails(Errno.EINVAL, () -> w.mount(null, "/c", null, Mount.MS_REMOUNT, null));
        Statfs statfs = new Statfs();
        w.vfs.statfs(w.path("/b"), statfs);
        assertEquals(Mount.ST_RDONLY | Mount.ST_NOSUID | Mount.ST_RELATIME | Mount.ST_VALID, statfs.flags);
        assertEquals(256, statfs.blocks);
    }

    @Test
    void shouldMove() {
        tmpfs("/a");
        w.mkdir("/a/in");
        w.mount("/a", "/b", null, Mount.MS_MOVE, null);
        assertEquals(List.of("in"), w.list("/b"));
        assertEquals(List.of(), w.list("/a"));
        fails(Errno.ELOOP, () -> w.mount("/b", "/b/in", null, Mount.MS_MOVE, null));
        fails(Errno.EINVAL, () -> w.mount("/c", "/a", null, Mount.MS_MOVE, null));
    }

    @Test
    void shouldPivot() {
        tmpfs("/a");
        w.mkdir("/a/old");
        w.write("/a/f", "x");
        fails(Errno.EINVAL, () -> w.vfs.pivotRoot(w.root.task, w.path("/b"), w.path("/b")));
        fails(Errno.EBUSY, () -> w.vfs.pivotRoot(w.root.task, w.path("/a"), w.path("/b")));
        TestTask other = w.newTask();
        w.vfs.pivotRoot(w.root.task, w.path("/a"), w.path("/a/old"));
        assertEquals(List.of("f", "old"), w.list("/"));
        assertEquals(List.of("a", "b", "c"), w.list("/old"));
        assertEquals("/f", w.vfs.name(other.task, w.path(other, "/f")));
        assertSame(w.namespace.root().mount(), w.root.fs.root().mount());
        umount("/old", Mount.MNT_DETACH);
        assertEquals(List.of("/"), mountPoints(w.namespace));
    }

    @Test
    void shouldPivotOntoItself() {
        tmpfs("/a");
        w.write("/a/f", "x");
        w.root.fs.setWorkingDirectory(w.path("/a"));
        w.vfs.pivotRoot(w.root.task, w.path("."), w.path("."));
        w.vfs.umount(w.root.task, w.path("/."), Mount.MNT_DETACH);
        assertEquals(List.of("f"), w.list("/"));
    }

    @Test
    void shouldCopyNamespaces() {
        tmpfs("/a");
        w.mkdir("/a/d");
        VfsPath inside = w.path("/a/d");
        MountNamespace copy = w.namespace.copy(w.root.cgroup);
        VfsPath there = copy.translate(inside);
        assertSame(inside.dentry(), there.dentry());
        assertFalse(inside.mount() == there.mount());
        TestTask task = w.newTask();
        task.mounts = copy;
        task.fs.setRoot(copy.root());
        task.fs.setWorkingDirectory(there);
        assertEquals("/a/d", w.vfs.name(task.task, w.path(task, ".")));
        w.vfs.mount(task.task, "none", w.path(task, "/b"), "tmpfs", 0, "");
        assertEquals(List.of("/", "/a"), mountPoints(w.namespace));
        assertEquals(3, copy.mounts().size());
        fails(Errno.EINVAL, () -> w.vfs.umount(task.task, w.path("/a"), 0));
        copy.release();
        assertEquals(List.of("d"), w.list("/a"));
    }

    @Test
    void shouldKeepMountsOverARoundTrip() {
        tmpfs("/a");
        w.mkdir("/a/in");
        w.mount(null, "/a", null, Mount.MS_SHARED, null);
        bind("/a", "/b", 0);
        bind("/a", "/c", Mount.MS_RDONLY);
        w.mount(null, "/c", null, Mount.MS_SLAVE, null);
        MountNamespace copy = w.namespace.copy(w.root.cgroup);
        List<String> before = mountPoints(w.namespace);
        VfsPath root = w.root.fs.root();
        w.root.fs.setUmask(027);

        CoreRoundTrip trip = new CoreRoundTrip(List.of(w.root.fs, (Restorable) copy));
        trip.run();
        for (org.jvisor.api.vfs.Mount mount : w.namespace.mounts()) {
            Forgetful.roundTrip((Restorable) mount);
            ((Restorable) mount).forEachPart(Forgetful::roundTrip);
        }
        Forgetful.roundTrip(w.root.fs);

        assertEquals(2, trip.types().get("mount namespace"));
        assertEquals(2 * before.size(), trip.types().get("mount"));
        assertTrue(trip.types().get("peer group") > 0);
        assertEquals(before, mountPoints(w.namespace));
        assertEquals(List.of(root, 027), List.of(w.root.fs.root(), w.root.fs.umask()));
        tmpfs("/a/in");
        w.write("/a/in/f", "x");
        assertEquals(List.of("f"), w.list("/b/in"));
        assertEquals(List.of("f"), w.list("/c/in"));
        copy.release();
        w.vfs.umount(w.root.task, w.path("/c/in"), 0);
        w.vfs.umount(w.root.task, w.path("/c"), 0);
        assertEquals(List.of(), w.list("/c"));
    }

    @Test
    void shouldTellPeersOfSharedMounts() {
        tmpfs("/a");
        w.mkdir("/a/in");
        w.mount(null, "/a", null, Mount.MS_SHARED, null);
        bind("/a", "/b", 0);
        bind("/a", "/c", 0);
        w.mount(null, "/c", null, Mount.MS_SLAVE, null);
        tmpfs("/a/in");
        w.write("/a/in/f", "x");
        assertEquals(List.of("f"), w.list("/b/in"));
        assertEquals(List.of("f"), w.list("/c/in"));
        assertTrue(w.path("/c").mount().propagation().startsWith("master:"));
        umount("/b/in", 0);
        assertEquals(List.of(), w.list("/a/in"));
        assertEquals(List.of(), w.list("/c/in"));
        tmpfs("/c/in");
        w.write("/c/in/g", "x");
        assertEquals(List.of(), w.list("/a/in"));
        w.mount(null, "/a", null, Mount.MS_PRIVATE | Mount.MS_REC, null);
        assertEquals("", w.path("/a").mount().propagation());
        w.mount(null, "/a", null, Mount.MS_UNBINDABLE, null);
        fails(Errno.EINVAL, () -> bind("/a", "/b", 0));
        fails(Errno.EINVAL, () -> w.mount(null, "/a", null, Mount.MS_SHARED | Mount.MS_SLAVE, null));
    }

    @Test
    void shouldAskForTheRightToMount() {
        TestTask user = w.user(1000, 1000);
        fails(Errno.EPERM, () -> w.vfs.mount(user.task, "none", w.path("/a"), "tmpfs", 0, ""));
        fails(Errno.EPERM, () -> w.vfs.umount(user.task, w.path("/a"), 0));
        fails(Errno.EPERM, () -> w.vfs.pivotRoot(user.task, w.path("/a"), w.path("/a")));
        fails(Errno.EPERM, () -> w.vfs.chroot(user.task, w.path("/a")));
        fails(Errno.ENODEV, () -> w.mount("none", "/a", "nofs", 0, ""));
        fails(Errno.EINVAL, () -> w.mount("none", "/a", "tmpfs", 0, "nonsense"));
    }

    @Test
    void shouldEndAFileSystemWithItsLastUser() {
        int[] unmounted = {0};
        w.addType("counted", new TestFileSystem() {
            @Override
            public void unmount() {
                unmounted[0]++;
            }
        });
        w.mount("none", "/a", "counted", 0, "");
        FileDescription root = w.open("/a", Open.O_RDONLY);
        umount("/a", Mount.MNT_DETACH);
        assertEquals(0, unmounted[0]);
        root.release(null);
        assertEquals(1, unmounted[0]);
    }
}
