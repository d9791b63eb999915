// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.abi.Statfs;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.SetAttributes;

/** Names, attributes and data through a gofer, in both ways of caching. */
final class FilesTest {
    @TempDir
    Path folder;

    private static void assertErrno(int errno, Runnable action) {
        assertEquals(errno, assertThrows(ErrnoException.class, action::run).errno());
    }

    private static Stat stat(Inode inode) {
        Stat stat = new Stat();
        inode.stat(stat);
        return stat;
    }

    @ParameterizedTest
    @ValueSource(strings = {"cache=exclusive", "cache=shared"})
    void shouldWalkSeveralNamesAtOnce(String options) throws Exception {
        Files.createDirectories(folder.resolve("a/b/c"));
        Files.writeString(folder.resolve("a/b/c/file"), "text");
        try (MountedGofer gofer = new MountedGofer(folder, options)) {
            Inode[] found = new Inode[5];
            String[] names = {"x", "a", "b", "c", "file"};
            assertEquals(4, gofer.root().walk(null, names, 1, 4, found));
            assertEquals(4, found[3].size());
            assertSame(found[3], gofer.find("a/b/c/file"));
            assertEquals(2, gofer.root().walk(null, new String[] {"a", "b", "none", "d"}, 0, 4, found));
            assertEquals(0, gofer.root().walk(null, names, 0, 1, found));
            assertEquals(Files.getAttribute(folder.resolve("a/b"), "unix:ino"), found[1].ino());
            assertEquals(42, stat(found[1]).dev);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"cache=exclusive", "cache=shared"})
    void shouldCreateWriteReadAndRemove(String options) throws Exception {
        try (MountedGofer gofer = new MountedGofer(folder, options)) {
            Inode inode = gofer.root().create(null, "file", Mode.S_IFREG | 0640, 0, new Inode.Owner(3, 4));
            assertEquals(Mode.S_IFREG | 0640, inode.mode());
            assertEquals(3, inode.uid());
            assertEquals(4, Files.getAttribute(folder.resolve("file"), "unix:gid"));
            FileOperations file = inode.open(null, Open.O_RDWR);
            assertEquals(5, gofer.write(file, 0, "hello"));
            assertEquals(5, gofer.write(file, FileOperations.APPEND, "world"));
            assertEquals(10, gofer.position);
            assertEquals("loworld", MountedGofer.text(file, 3, 100));
            assertEquals("", MountedGofer.text(file, 30, 100));
            assertEquals(10, stat(inode).size);
            assertEquals("helloworld", Files.readString(folder.resolve("file")));

            gofer.root().unlink(null, "file", inode);
            assertFalse(Files.exists(folder.resolve("file")));
            assertNull(gofer.find("file"));
            assertEquals(0, stat(inode).nlink);
            assertEquals("hello", MountedGofer.text(file, 0, 5));
            assertEquals(4, gofer.write(file, 0, "text"));
            file.release(null);
            inode.evict();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"cache=exclusive", "cache=shared"})
    void shouldMakeLinksAndRename(String options) throws Exception {
        Files.writeString(folder.resolve("file"), "text");
        try (MountedGofer gofer = new MountedGofer(folder, options)) {
            GoferDirectory root = gofer.root();
            GoferDirectory dir = (GoferDirectory) root.mkdir(null, "dir", 0755, MountedGofer.OWNER);
            assertNull(dir.lookup(null, "none"));
            Inode file = gofer.find("file");
            dir.link(null, "hard", file);
            assertEquals(2, stat(file).nlink);
            assertSame(file, gofer.find("dir/hard"));
            Inode link = dir.symlink(null, "soft", "../file", MountedGofer.OWNER);
            assertEquals("../file", link.readlink(null));
            assertEquals("../file", Files.readSymbolicLink(folder.resolve("dir/soft")).toString());
            root.rename(null, "file", file, dir, "moved", null, 0);
            assertNull(gofer.find("file"));
            assertSame(file, gofer.find("dir/moved"));
            dir.unlink(null, "hard", file);
            assertEquals(1, stat(file).nlink);
            Inode other = root.create(null, "other", Mode.S_IFREG | 0600, 0, MountedGofer.OWNER);
            dir.rename(null, "moved", file, root, "other", other, Open.RENAME_EXCHANGE);
            assertSame(file, gofer.find("other"));
            assertSame(other, gofer.find("dir/moved"));
            root.rename(null, "other", file, dir, "moved", other, 0);
            assertEquals(0, stat(other).nlink);
            assertEquals("text", Files.readString(folder.resolve("dir/moved")));
            assertErrno(Errno.ENOTEMPTY, () -> root.rmdir(null, "dir", dir));
            dir.unlink(null, "moved", file);
            dir.unlink(null, "soft", link);
            root.rmdir(null, "dir", dir);
            assertTrue(gofer.names(root).isEmpty());
        }
    }

    @Test
    void shouldAnswerFromADirectoryThatWasRead() throws Exception {
        Set<String> names = new HashSet<>();
        for (int i = 0; i < 1000; i++) {
            Files.createFile(folder.resolve("file" + i));
            names.add("file" + i);
        }
        try (MountedGofer gofer = new MountedGofer(folder, "")) {
            assertEquals(names, new HashSet<>(gofer.names(gofer.root())));
            // Nobody tells us of this one, and we do not ask.
            Files.createFile(folder.resolve("unseen"));
            assertNull(gofer.find("unseen"));
            Inode inode = gofer.find("file7");
            assertEquals(0, stat(inode).size);
            FileOperations file = inode.open(null, Open.O_RDWR);
            gofer.write(file, 0, "now it has a fid");
            assertEquals(16, stat(inode).size);
            file.release(null);
            Inode made = gofer.root().create(null, "new", Mode.S_IFREG | 0600, 0, MountedGofer.OWNER);
            assertSame(made, gofer.find("new"));
            gofer.root().unlink(null, "file8", gofer.find("file8"));
            assertNull(gofer.find("file8"));
            names.remove("file8");
            names.add("new");
            assertEquals(names, new HashSet<>(gofer.names(gofer.root())));
        }
    }

    @Test
    void shouldSeeChangesFromOutsideWhereItIsShared() throws Exception {
        Files.writeString(folder.resolve("file"), "old");
        try (MountedGofer gofer = new MountedGofer(folder, "cache=shared")) {
            GoferDirectory root = gofer.root();
            assertTrue(gofer.fileSystem.mayChangeOutside());
            Inode inode = gofer.find("file");
            assertTrue(root.revalidate(null, "file", inode));
            assertTrue(root.revalidate(null, "none", null));
            Files.writeString(folder.resolve("file"), "longer text");
            assertTrue(root.revalidate(null, "file", inode));
            assertEquals(11, stat(inode).size);
            FileOperations file = inode.open(null, Open.O_RDONLY);
            assertEquals("longer text", MountedGofer.text(file, 0, 100));
            file.release(null);
            Files.delete(folder.resolve("file"));
            assertFalse(root.revalidate(null, "file", inode));
            Files.writeString(folder.resolve("file"), "another");
            assertFalse(root.revalidate(null, "file", null));
            assertNotSame(inode, gofer.find("file"));
            assertEquals(List.of("file"), gofer.names(root));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"cache=exclusive", "cache=shared"})
    void shouldChangeAttributes(String options) throws Exception {
        Files.writeString(folder.resolve("file"), "0123456789");
        try (MountedGofer gofer = new MountedGofer(folder, options)) {
            Inode inode = gofer.find("file");
            SetAttributes changes = new SetAttributes();
            changes.valid = SetAttributes.MODE | SetAttributes.UID | SetAttributes.SIZE | SetAttributes.MTIME;
            changes.mode = 04711;
            changes.uid = 99;
            changes.size = 4;
            changes.mtimeSeconds = 1_000_000;
            inode.setAttributes(null, changes);
            assertEquals(Mode.S_IFREG | 04711, inode.mode());
            assertEquals(99, inode.uid());
            assertEquals(4, inode.size());
            assertEquals(1_000_000, stat(inode).mtimeSec);
            assertEquals("0123", Files.readString(folder.resolve("file")));
            FileOperations file = inode.open(null, Open.O_RDWR);
            changes.valid = SetAttributes.SIZE;
            changes.size = 2;
            inode.setAttributes(null, changes);
            assertEquals("01", MountedGofer.text(file, 0, 10));
            assertEquals(0, file.fallocate(null, 0, 0, 8192));
            assertEquals(8192, inode.size());
            assertEquals(0, file.fsync(null, true));
            file.release(null);
            Statfs statfs = new Statfs();
            gofer.fileSystem.statfs(statfs);
            assertTrue(statfs.blocks > 0);
        }
    }

    @Test
    void shouldCarryExtendedAttributes() throws Exception {
        Files.writeString(folder.resolve("file"), "");
        try (MountedGofer gofer = new MountedGofer(folder, "")) {
            Inode inode = gofer.find("file");
            assertErrno(Errno.ENODATA, () -> inode.getXattr(null, "user.a"));
            assertErrno(Errno.ENODATA, () -> inode.getXattr(null, "security.selinux"));
            assertErrno(Errno.EOPNOTSUPP, () -> inode.getXattr(null, "system.posix_acl_access"));
            inode.setXattr(null, "user.a", new byte[] {1, 2}, 0);
            assertArrayEquals(new byte[] {1, 2}, inode.getXattr(null, "user.a"));
            assertEquals(List.of("user.a"), inode.listXattr(null));
            inode.removeXattr(null, "user.a");
            assertEquals(List.of(), inode.listXattr(null));
        }
    }

    @Test
    void shouldFindFilesAgainAfterTheirFidsWereGivenBack() throws Exception {
        Files.createDirectories(folder.resolve("a/b"));
        Files.writeString(folder.resolve("a/b/file"), "text");
        try (MountedGofer gofer = new MountedGofer(folder, "")) {
            Inode inode = gofer.find("a/b/file");
            Inode directory = gofer.find("a/b");
            gofer.fileSystem.giveFidsBack();
            gofer.root().rename(null, "a", gofer.find("a"), gofer.root(), "c", null, 0);
            gofer.fileSystem.giveFidsBack();
            assertEquals("text", MountedGofer.text(inode.open(null, Open.O_RDONLY), 0, 10));
            gofer.fileSystem.giveFidsBack();
            directory.unlink(null, "file", inode);
            assertEquals(List.of(), gofer.names(directory));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"cache=exclusive", "cache=shared"})
    void shouldFailWithEioWhenTheGoferIsGone(String options) throws Exception {
        Files.createDirectories(folder.resolve("dir"));
        try (MountedGofer gofer = new MountedGofer(folder, options)) {
            Inode dir = gofer.find("dir");
            gofer.fileSystem.client.close();
            assertErrno(Errno.EIO, () -> gofer.root().lookup(null, "other"));
            assertErrno(Errno.EIO, () -> dir.lookup(null, "other"));
            assertErrno(Errno.EIO, () -> gofer.root().mkdir(null, "new", 0755, MountedGofer.OWNER));
            assertErrno(Errno.EIO, () -> gofer.names(dir));
            assertFalse(options.contains("shared") && gofer.root().revalidate(null, "dir", dir));
        }
    }

    @Test
    void shouldMakeUnnamedFilesThatGetANameLater() throws Exception {
        try (MountedGofer gofer = new MountedGofer(folder, "")) {
            Inode inode = gofer.root().tmpfile(null, Mode.S_IFREG | 0600, MountedGofer.OWNER);
            FileOperations file = inode.open(null, Open.O_RDWR);
            gofer.write(file, 0, "unnamed");
            assertEquals(0, stat(inode).nlink);
            gofer.root().link(null, "named", inode);
            assertEquals("unnamed", Files.readString(folder.resolve("named")));
            assertEquals(1, stat(inode).nlink);
            file.release(null);
        }
    }
}
