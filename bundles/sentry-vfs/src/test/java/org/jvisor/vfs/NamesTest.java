// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.jvisor.vfs.World.fails;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.vfs.FileDescription;

class NamesTest {

    private final World w = new World();

    @Test
    void shouldMakeAndRemoveDirectories() {
        w.mkdir("/d");
        assertEquals(3, w.stat("/").nlink);
        w.mkdir("/d/e/");
        fails(Errno.EEXIST, () -> w.mkdir("/d"));
        fails(Errno.EEXIST, () -> w.mkdir("/"));
        fails(Errno.EEXIST, () -> w.mkdir("/d/.."));
        fails(Errno.ENOENT, () -> w.mkdir("/x/y"));
        fails(Errno.ENOTEMPTY, () -> w.rmdir("/d"));
        fails(Errno.EINVAL, () -> w.rmdir("/d/."));
        fails(Errno.ENOTEMPTY, () -> w.rmdir("/d/.."));
        fails(Errno.EBUSY, () -> w.rmdir("/"));
        fails(Errno.EISDIR, () -> w.unlink("/d"));
        w.rmdir("/d/e/");
        w.rmdir("/d");
        assertFalse(w.exists("/d"));
        assertEquals(2, w.stat("/").nlink);
    }

    @Test
    void shouldKeepADirectoryThatIsWorkedInButEmpty() {
        w.mkdir("/d");
        w.root.fs.setWorkingDirectory(w.path("/d"));
        w.rmdir("/d");
        fails(Errno.ENOENT, () -> w.open("f", Open.O_CREAT));
        fails(Errno.ENOENT, () -> w.mkdir("sub"));
        fails(Errno.ENOENT, () -> w.path("x"));
        assertEquals("/d (deleted)", w.name("."));
        assertEquals(0, w.stat(".").nlink);
        assertEquals("/", w.name(".."));
        w.mkdir("/d");
        assertFalse(w.path("/d").dentry() == w.path(".").dentry());
    }

    @Test
    void shouldUnlink() {
        w.write("/f", "x");
        w.symlink("/f", "/l");
        fails(Errno.ENOTDIR, () -> w.unlink("/f/"));
        fails(Errno.ENOTDIR, () -> w.rmdir("/f"));
        fails(Errno.ENOENT, () -> w.unlink("/missing"));
        w.unlink("/l");
        assertTrue(w.exists("/f"));
        w.unlink("/f");
        fails(Errno.ENOENT, () -> w.unlink("/f"));
    }

    @Test
    void shouldLink() {
        w.write("/f", "x");
        w.mkdir("/d");
        w.symlink("/f", "/s");
        w.link(w.root, "/f", "/g");
        assertEquals(2, w.stat("/g").nlink);
        assertEquals(w.stat("/f").ino, w.stat("/g").ino);
        fails(Errno.EEXIST, () -> w.link(w.root, "/f", "/g"));
        fails(Errno.EPERM, () -> w.link(w.root, "/d", "/h"));
        fails(Errno.ENOENT, () -> w.link(w.root, "/f", "/h/"));
        w.link(w.root, "/s", "/t");
        assertTrue(Mode.isSymlink(w.stat(w.root, "/t", 0).mode));
        w.unlink("/f");
        assertEquals("x", w.read("/g"));
        assertEquals(1, w.stat("/g").nlink);
        w.mkdir("/m");
        w.mount("none", "/m", "tmpfs", 0, "");
        fails(Errno.EXDEV, () -> w.link(w.root, "/g", "/m/g"));
    }

    @Test
    void shouldProtectHardLinks() {
        TestTask user = w.user(1000, 1000);
        w.chmod(w.root, "/", 0777);
        w.write("/rooted", "x");
        w.write(user, "/own", "x");
        w.write("/shared", "x");
        w.chmod(w.root, "/shared", 0666);
        fails(Errno.EPERM, () -> w.link(user, "/rooted", "/l1"));
        w.link(user, "/own", "/l2");
        w.link(user, "/shared", "/l3");
        w.chmod(w.root, "/shared", 04666);
        fails(Errno.EPERM, () -> w.link(user, "/shared", "/l4"));
    }

    @Test
    void shouldHonourStickyDirectories() {
        TestTask alice = w.user(1000, 1000);
        TestTask bob = w.user(1001, 1001);
        w.mkdir("/tmp");
        w.chmod(w.root, "/tmp", 01777);
        w.write(alice, "/tmp/a", "x");
        w.write(bob, "/tmp/b", "x");
        fails(Errno.EPERM, () -> w.unlink(bob, "/tmp/a"));
        fails(Errno.EPERM, () -> w.rename(bob, "/tmp/a", "/tmp/c", 0));
        fails(Errno.EPERM, () -> w.rename(bob, "/tmp/b", "/tmp/a", 0));
        w.unlink(alice, "/tmp/a");
        w.unlink("/tmp/b");
    }

    @Test
    void shouldRenameFilesAndDirectories() {
        w.write("/a", "1");
        w.write("/b", "2");
        w.rename("/a", "/c");
        assertEquals("1", w.read("/c"));
        fails(Errno.ENOENT, () -> w.rename("/a", "/x"));
        w.rename("/c", "/b");
        assertEquals("1", w.read("/b"));
        w.mkdir("/d");
        w.mkdir("/d/e");
        w.write("/d/e/f", "3");
        w.mkdir("/t");
        w.rename("/d/e", "/t/moved/");
        assertEquals("3", w.read("/t/moved/f"));
        assertEquals("/t", w.name("/t/moved/.."));
        assertEquals("/t/moved/f", w.name("/t/moved/f"));
        assertEquals(2, w.stat("/d").nlink);
        assertEquals(3, w.stat("/t").nlink);
        assertEquals(List.of("b", "d", "t"), w.list("/"));
    }

    @Test
    void shouldRefuseSenselessRenames() {
        w.mkdir("/d");
        w.mkdir("/d/sub");
        w.mkdir("/full");
        w.write("/full/f", "x");
        w.write("/f", "x");
        fails(Errno.EINVAL, () -> w.rename("/d", "/d/sub/x"));
        fails(Errno.ENOTEMPTY, () -> w.rename("/d/sub", "/d"));
        fails(Errno.ENOTEMPTY, () -> w.rename("/d", "/full"));
        fails(Errno.ENOTDIR, () -> w.rename("/d", "/f"));
        fails(Errno.EISDIR, () -> w.rename("/f", "/d"));
        fails(Errno.ENOTDIR, () -> w.rename("/f", "/x/"));
        fails(Errno.ENOTDIR, () -> w.rename("/f/", "/x"));
        fails(Errno.EBUSY, () -> w.rename("/d/.", "/x"));
        fails(Errno.EBUSY, () -> w.rename("/f", "/d/.."));
        fails(Errno.EEXIST, () -> w.rename(w.root, "/f", "/d", Open.RENAME_NOREPLACE));
        fails(Errno.EINVAL, () -> w.rename(w.root, "/f", "/d", Open.RENAME_NOREPLACE | Open.RENAME_EXCHANGE));
        fails(Errno.EINVAL, () -> w.rename(w.root, "/f", "/d", 64));
        w.mkdir("/m");
        w.mount("none", "/m", "tmpfs", 0, "");
        fails(Errno.EXDEV, () -> w.rename("/f", "/m/f"));
        fails(Errno.EBUSY, () -> w.rename("/m", "/n"));
        fails(Errno.EBUSY, () -> w.rmdir("/m"));
    }

    @Test
    void shouldLeaveTwoNamesOfOneFileAlone() {
        w.write("/a", "x");
        w.link(w.root, "/a", "/b");
        w.rename("/a", "/b");
        assertTrue(w.exists("/a"));
        assertTrue(w.exists("/b"));
    }

    @Test
    void shouldExchange() {
        w.write("/f", "file");
        w.mkdir("/d");
        w.mkdir("/p");
        w.write("/d/in", "in");
        w.rename(w.root, "/f", "/d", Open.RENAME_EXCHANGE);
        assertEquals("file", w.read("/d"));
        assertEquals("in", w.read("/f/in"));
        w.rename(w.root, "/f", "/p", Open.RENAME_EXCHANGE);
        assertEquals("in", w.read("/p/in"));
        fails(Errno.ENOENT, () -> w.rename(w.root, "/f", "/none", Open.RENAME_EXCHANGE));
        w.mkdir("/p/q");
        fails(Errno.EINVAL, () -> w.rename(w.root, "/p/q", "/p", Open.RENAME_EXCHANGE));
    }

    @Test
    void shouldLeaveAWhiteoutBehind() {
        w.write("/f", "x");
        w.rename(w.root, "/f", "/g", Open.RENAME_WHITEOUT);
        assertEquals("x", w.read("/g"));
        assertEquals(Mode.S_IFCHR, w.stat("/f").mode & Mode.S_IFMT);
        assertEquals(0, w.stat("/f").rdev);
    }

    @Test
    void shouldFreeWhatARenameReplaces() {
        w.write("/a", "1");
        w.write("/b", "2");
        FileDescription old = w.open("/b", Open.O_RDONLY);
        w.rename("/a", "/b");
        assertEquals("2", World.read(w.root, old, 10));
        assertTrue(old.path().dentry().isDeleted());
        assertEquals("1", w.read("/b"));
    }

    @Test
    void shouldFindAbsentNamesOnceTheyAppear() {
        fails(Errno.ENOENT, () -> w.path("/n"));
        w.write("/n", "x");
        assertEquals("x", w.read("/n"));
        w.unlink("/n");
        fails(Errno.ENOENT, () -> w.path("/n"));
        w.mkdir("/n");
        assertEquals("/n", w.name("/n"));
        w.rmdir("/n");
        w.write("/o", "y");
        w.rename("/o", "/n");
        assertEquals("y", w.read("/n"));
        fails(Errno.ENOENT, () -> w.path("/o"));
    }

    @Test
    void shouldMakeSymbolicLinksOfAnyText() {
        w.symlink("a b//c", "/l");
        assertEquals("a b//c", w.vfs.readlink(w.root.task, Open.AT_FDCWD, w.root.task.walk().load("/l"), 0));
        assertEquals(6, w.stat(w.root, "/l", 0).size);
        fails(Errno.ENOENT, () -> w.symlink("", "/m"));
        fails(Errno.EEXIST, () -> w.symlink("x", "/l"));
        fails(Errno.ENAMETOOLONG, () -> w.symlink("x".repeat(4096), "/m"));
        fails(Errno.EINVAL, () -> w.vfs.readlink(w.root.task, Open.AT_FDCWD, w.root.task.walk().load("/"), 0));
    }
}
