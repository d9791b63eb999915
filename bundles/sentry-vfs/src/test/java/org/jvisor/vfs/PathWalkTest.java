// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.jvisor.vfs.World.fails;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mount;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.PathWalk;

class PathWalkTest {

    private final World w = new World();

    @Test
    void shouldFindWhatDotsAndSlashesMean() {
        w.mkdir("/a");
        w.mkdir("/a/b");
        assertEquals("/a/b", w.name("/a/b"));
        assertEquals("/a/b", w.name("//a///b//"));
        assertEquals("/a/b", w.name("/a/./b/../b/."));
        assertEquals("/", w.name("/a/b/../../.."));
        assertEquals("/", w.name("/.."));
        w.root.fs.setWorkingDirectory(w.path("/a"));
        assertEquals("/a/b", w.name("b"));
        assertEquals("/a", w.name("."));
        assertEquals("/", w.name(".."));
    }

    @Test
    void shouldRefuseWhatIsNotThere() {
        w.mkdir("/a");
        w.write("/file", "x");
        fails(Errno.ENOENT, () -> w.path(""));
        fails(Errno.ENOENT, () -> w.path("/b"));
        fails(Errno.ENOENT, () -> w.path("/b/c"));
        fails(Errno.ENOTDIR, () -> w.path("/file/x"));
        fails(Errno.ENOTDIR, () -> w.path("/file/"));
        fails(Errno.ENOTDIR, () -> w.path("/file/."));
        fails(Errno.ENOTDIR, () -> w.path("/file/.."));
        fails(Errno.ENAMETOOLONG, () -> w.path("/" + "n".repeat(256)));
        fails(Errno.ENOENT, () -> w.path("/" + "n".repeat(255)));
        fails(Errno.ENAMETOOLONG, () -> w.root.task.walk().load("/".repeat(4096)));
        assertEquals("/", w.name("/".repeat(4095)));
    }

    @Test
    void shouldFollowSymbolicLinks() {
        w.mkdir("/a");
        w.mkdir("/a/b");
        w.write("/a/b/f", "x");
        w.symlink("/a/b", "/abs");
        w.symlink("b", "/a/rel");
        w.symlink("../a/rel/f", "/a/up");
        w.symlink("rel/", "/a/slash");
        assertEquals("/a/b", w.name("/abs"));
        assertEquals("/a/b/f", w.name("/abs/f"));
        assertEquals("/a/b", w.name("/a/rel"));
        assertEquals("/a/b/f", w.name("/a/up"));
        assertEquals("/a", w.name("/abs/.."));
        assertEquals("/a/b/f", w.name("/a/slash/f"));
    }

    @Test
    void shouldTreatLinksInTheLastPlaceAsAsked() {
        w.mkdir("/d");
        w.symlink("d", "/l");
        w.symlink("nowhere", "/dangling");
        assertEquals(0120000, w.stat(w.root, "/l", 0).mode & 0170000);
        assertEquals(0040000, w.stat(w.root, "/l", PathWalk.FOLLOW).mode & 0170000);
        assertEquals(0040000, w.stat(w.root, "/l/", 0).mode & 0170000);
        fails(Errno.ENOENT, () -> w.stat("/dangling"));
        fails(Errno.ENOENT, () -> w.stat("/dangling/"));
        assertEquals(0120000, w.stat(w.root, "/dangling", 0).mode & 0170000);
    }

    @Test
    void shouldGiveUpAfterFortyLinks() {
        w.symlink("/loop", "/loop");
        fails(Errno.ELOOP, () -> w.path("/loop"));
        w.write("/l0", "x");
        for (int i = 1; i <= 41; i++) {
            w.symlink("/l" + (i - 1), "/l" + i);
        }
        assertEquals("/l0", w.name("/l40"));
        fails(Errno.ELOOP, () -> w.path("/l41"));
    }

    @Test
    void shouldSurviveLinksThatGrowThePath() {
        w.mkdir("/d");
        String longWay = "./".repeat(1000);
        w.symlink(longWay + "self", "/d/self");
        fails(Errno.ELOOP, () -> w.path("/d/self/" + "x/".repeat(2000)));
        w.symlink(longWay, "/d/long");
        assertEquals("/d", w.name("/d/long/long/long/long/long"));
    }

    @Test
    void shouldAskEachDirectoryForSearchPermission() {
        TestTask user = w.user(1000, 1000);
        w.mkdir(w.root, "/open", 0755);
        w.mkdir(w.root, "/open/closed", 0700);
        w.write("/open/closed/f", "x");
        w.mkdir(w.root, "/open/searchOnly", 0711);
        w.write("/open/searchOnly/f", "x");
        fails(Errno.EACCES, () -> w.path(user, "/open/closed/f"));
        fails(Errno.EACCES, () -> w.path(user, "/open/closed/."));
        fails(Errno.EACCES, () -> w.path(user, "/open/closed/missing"));
        assertEquals("/open/searchOnly/f", w.vfs.name(user.task, w.path(user, "/open/searchOnly/f")));
        w.chown(w.root, "/open/closed", 1000, 0);
        assertEquals("/open/closed/f", w.vfs.name(user.task, w.path(user, "/open/closed/f")));
    }

    @Test
    void shouldNotLeaveTheTasksRoot() {
        w.mkdir("/jail");
        w.mkdir("/jail/in");
        w.symlink("/in", "/jail/link");
        TestTask prisoner = w.newTask();
        w.vfs.chroot(prisoner.task, w.path("/jail"));
        w.vfs.chdir(prisoner.task, w.path(prisoner, "/"));
        assertSame(w.path("/jail").dentry(), w.path(prisoner, "/../../..").dentry());
        assertSame(w.path("/jail/in").dentry(), w.path(prisoner, "../../link").dentry());
        assertEquals("/in", w.vfs.name(prisoner.task, w.path("/jail/in")));
        assertEquals("(unreachable)/", w.vfs.name(prisoner.task, w.path("/")));
    }

    @Test
    void shouldCrossMountsBothWays() {
        w.mkdir("/m");
        w.mkdir("/other");
        w.write("/m/hidden", "x");
        w.mount("none", "/m", "tmpfs", 0, "");
        fails(Errno.ENOENT, () -> w.path("/m/hidden"));
        w.mkdir("/m/sub");
        assertEquals("/m/sub", w.name("/m/sub"));
        assertEquals("/other", w.name("/m/sub/../../other"));
        assertEquals("/other", w.name("/m/../other"));
    }

    @Test
    void shouldKeepToWhatOpenat2Asks() {
        w.mkdir("/top");
        w.mkdir("/top/in");
        w.mkdir("/top/m");
        w.mount("none", "/top/m", "tmpfs", 0, "");
        w.symlink("/", "/top/abs");
        w.symlink("../..", "/top/in/out");
        w.symlink("in", "/top/rel");
        FileDescription top = w.open("/top", Open.O_PATH);
        int fd = w.root.files.add(top, 0, 1024, false);
        fails(Errno.EXDEV, () -> resolve(fd, "..", PathWalk.BENEATH));
        fails(Errno.EXDEV, () -> resolve(fd, "/in", PathWalk.BENEATH));
        fails(Errno.EXDEV, () -> resolve(fd, "abs/x", PathWalk.BENEATH));
        fails(Errno.EXDEV, () -> resolve(fd, "in/out", PathWalk.BENEATH | PathWalk.FOLLOW));
        assertEquals("/top/in", resolve(fd, "in/../in", PathWalk.BENEATH));
        assertEquals("/top", resolve(fd, "../..", PathWalk.IN_ROOT));
        assertEquals("/top/in", resolve(fd, "/abs/in", PathWalk.IN_ROOT | PathWalk.FOLLOW));
        fails(Errno.ELOOP, () -> resolve(fd, "rel/.", PathWalk.NO_SYMLINKS));
        fails(Errno.EXDEV, () -> resolve(fd, "m", PathWalk.NO_XDEV));
        assertEquals("/top/rel", resolve(fd, "rel", PathWalk.NO_SYMLINKS));
    }

    private String resolve(int fd, String path, int flags) {
        PathWalk walk = w.root.task.walk().load(path);
        walk.resolve(w.root.task, fd, flags);
        return w.vfs.name(w.root.task, walk.path());
    }

    @Test
    void shouldMeanTheDescriptorByAnEmptyPath() {
        w.write("/f", "x");
        int fd = w.root.files.add(w.open("/f", Open.O_RDONLY), 0, 1024, false);
        assertEquals("/f", resolve(fd, "", PathWalk.EMPTY_PATH));
        fails(Errno.ENOENT, () -> resolve(fd, "", 0));
        fails(Errno.ENOTDIR, () -> resolve(fd, "x", 0));
        fails(Errno.EBADF, () -> resolve(77, "x", 0));
        assertEquals("/f", resolve(77, "/f", 0));
    }

    @Test
    void shouldProtectLinksInSharedDirectories() {
        TestTask alice = w.user(1000, 1000);
        TestTask bob = w.user(1001, 1001);
        w.mkdir("/tmp");
        w.chmod(w.root, "/tmp", 01777);
        w.write("/secret", "x");
        w.symlink(alice, "/secret", "/tmp/trap");
        fails(Errno.EACCES, () -> w.stat(bob, "/tmp/trap", PathWalk.FOLLOW));
        assertEquals(1, w.stat(alice, "/tmp/trap", PathWalk.FOLLOW).size);
    }

    @Test
    void shouldRefuseLinksOnMountsThatForbidThem() {
        w.mkdir("/m");
        w.mount("none", "/m", "tmpfs", Mount.MS_NOSYMFOLLOW, "");
        w.symlink("/", "/m/l");
        fails(Errno.ELOOP, () -> w.stat("/m/l"));
    }

    @Test
    void shouldAllocateNothingWhileAllIsCached() {
        w.mkdir("/usr");
        w.mkdir("/usr/share");
        w.mkdir("/usr/share/doc");
        w.write("/usr/share/doc/f", "x");
        w.symlink("share/doc", "/usr/d");
        w.mkdir("/usr/m");
        w.mount("none", "/usr/m", "tmpfs", 0, "");
        w.write("/usr/m/f", "x");
        TestTask user = w.user(1000, 1000);
        PathWalk plain = user.task.walk().load("/usr/share/../share/doc/f");
        PathWalk linked = user.task.walk2().load("/usr/d/f");
        PathWalk mounted = w.vfs.newPathWalk().load("/usr/m/f");
        Stat stat = new Stat();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long bytes = 0;
        for (int round = 0; round < 3; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 10_000; i++) {
                plain.resolve(user.task, Open.AT_FDCWD, PathWalk.FOLLOW);
                linked.resolve(user.task, Open.AT_FDCWD, PathWalk.FOLLOW);
                mounted.resolve(user.task, Open.AT_FDCWD, PathWalk.FOLLOW);
                plain.inode().stat(stat);
            }
            bytes = threads.getCurrentThreadAllocatedBytes() - before;
        }
        // The counter itself may cost a few bytes a round, a walk that allocates would cost hundreds of thousands.
        assertEquals(0, bytes / 10_000);
    }
}
