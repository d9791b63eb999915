// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Attributes;
import org.jvisor.api.p9.P9Requests;

/** Each request, against a folder of this host. */
final class ServingTest {
    @TempDir
    Path folder;

    private static void assertErrno(int errno, Runnable action) {
        assertEquals(errno, assertThrows(ErrnoException.class, action::run).errno());
    }

    @Test
    void shouldAgreeOnTheDialectThatBothSpeak() throws Exception {
        try (InProcessGofer gofer = new InProcessGofer(folder, false, Socket.SOCK_SEQPACKET)) {
            assertEquals("9P2000.L.jvisor", gofer.client.begin("9P2000.L.jvisor"));
            assertEquals("9P2000.L", gofer.client.begin("9P2000.L"));
            assertEquals("9P2000.L", gofer.client.begin("9P2000.L.other"));
            P9Requests.version(gofer.client.request, TestClient.SIZE, "9P2000.u");
            gofer.client.call().getInt();
            assertEquals("unknown", gofer.client.reply.getString());
        }
    }

    @Test
    void shouldWalkWithAttributesAndStopAtLinksAndAtWhatIsMissing() throws Exception {
        Files.createDirectories(folder.resolve("a/b"));
        Files.writeString(folder.resolve("a/b/file"), "text");
        Files.createSymbolicLink(folder.resolve("a/link"), Path.of("b"));
        try (InProcessGofer gofer = InProcessGofer.jvisor(folder)) {
            TestClient client = gofer.client;
            List<P9Attributes> found = client.walkattr(TestClient.ROOT, 10, "a", "b", "file");
            assertEquals(3, found.size());
            assertTrue(Mode.isDir(found.get(0).mode));
            assertEquals(4, found.get(2).size);
            assertEquals(Files.getAttribute(folder.resolve("a/b/file"), "unix:ino"), found.get(2).qidPath);
            assertEquals(4, client.getattr(12).size);

            found = client.walkattr(TestClient.ROOT, 20, "a", "link", "file");
            assertEquals(2, found.size());
            assertEquals(0, client.walkError);
            assertEquals("b", client.readlink(21));

            found = client.walkattr(TestClient.ROOT, 30, "a", "none", "file");
            assertEquals(1, found.size());
            assertEquals(Errno.ENOENT, client.walkError);

            found = client.walkattr(TestClient.ROOT, 40, "a", "b", "file", "further");
            assertEquals(3, found.size());
            assertEquals(0, client.walkError);
            assertEquals(0, client.walkattr(12, 50, "x").size());
            assertEquals(Errno.ENOTDIR, client.walkError);
        }
    }

    @Test
    void shouldRefuseNamesThatLeadElsewhere() throws Exception {
        try (InProcessGofer gofer = InProcessGofer.jvisor(folder)) {
            for (String name : new String[] {"..", ".", "a/b", "/", "", "a\0b"}) {
                gofer.client.walkattr(TestClient.ROOT, 10, name);
                assertEquals(Errno.EINVAL, gofer.client.walkError, name);
            }
            gofer.client.walkattr(TestClient.ROOT, 10, "x".repeat(256));
            assertEquals(Errno.ENAMETOOLONG, gofer.client.walkError);
        }
        try (InProcessGofer gofer = InProcessGofer.plain(folder)) {
            // ".." of the root is the root, as Plan 9 and Linux have it.
            int up = gofer.client.walk(TestClient.ROOT, "..", "..");
            assertEquals(gofer.client.getattr(TestClient.ROOT).qidPath, gofer.client.getattr(up).qidPath);
        }
    }

    @Test
    void shouldDonateDescriptorsOfRegularFiles() throws Exception {
        Files.writeString(folder.resolve("file"), "hello");
        try (InProcessGofer gofer = InProcessGofer.jvisor(folder)) {
            int file = gofer.client.walk(TestClient.ROOT, "file");
            int descriptor = gofer.client.openfd(file, Open.O_RDWR);
            long buffer = InProcessGofer.HOST.allocate(16);
            assertEquals(5, InProcessGofer.HOST.syscall(SyscallNr.PREAD64, descriptor, buffer, 16, 0));
            assertEquals('h', InProcessGofer.HOST.getByte(buffer));
            assertEquals(5, InProcessGofer.HOST.syscall(SyscallNr.PWRITE64, descriptor, buffer, 5, 5));
            InProcessGofer.HOST.syscall(SyscallNr.CLOSE, descriptor);
            InProcessGofer.HOST.free(buffer);
            assertEquals("hellohello", Files.readString(folder.resolve("file")));
            assertErrno(Errno.EINVAL, () -> gofer.client.openfd(TestClient.ROOT, Open.O_RDONLY));
        }
    }

    @Test
    void shouldCreateWithOwnerAndModeAsAsked() throws Exception {
        try (InProcessGofer gofer = InProcessGofer.jvisor(folder)) {
            TestClient client = gofer.client;
            Files.setAttribute(folder, "unix:mode", 02777);
            P9Requests.createfd(client.request, TestClient.ROOT, 5, "file", Open.O_RDWR, 04755, 1000, 1001);
            int descriptor = client.call().takeDescriptor();
            assertTrue(descriptor >= 0);
            InProcessGofer.HOST.syscall(SyscallNr.CLOSE, descriptor);
            assertEquals(Mode.S_IFREG | 04755, client.attr().mode);
            assertEquals(1000, Files.getAttribute(folder.resolve("file"), "unix:uid"));
            assertEquals(1001, Files.getAttribute(folder.resolve("file"), "unix:gid"));
            assertEquals(Mode.S_IFREG | 04755, Files.getAttribute(folder.resolve("file"), "unix:mode"));
            P9Requests.createfd(client.request, TestClient.ROOT, 6, "file", Open.O_RDWR, 0644, 0, 0);
            assertErrno(Errno.EEXIST, client::call);

            P9Requests.make(client.request, TestClient.ROOT, 7, "dir", Mode.S_IFDIR | 01700, 0, 0, 7, 8, "");
            client.call();
            assertEquals(Mode.S_IFDIR | 01700, client.attr().mode);
            assertEquals(8, Files.getAttribute(folder.resolve("dir"), "unix:gid"));
            P9Requests.make(client.request, 7, 8, "link", Mode.S_IFLNK | 0777, 0, 0, 7, 9, "../file");
            client.call();
            assertEquals("../file", client.readlink(8));
            assertEquals(9, Files.getAttribute(folder.resolve("dir/link"), "unix:gid", LinkOption.NOFOLLOW_LINKS));
            P9Requests.make(client.request, 7, 9, "fifo", Mode.S_IFIFO | 0600, 0, 0, 7, 9, "");
            client.call();
            assertEquals(Mode.S_IFIFO | 0600, client.attr().mode);
            P9Requests.make(client.request, 7, 10, "null", Mode.S_IFCHR | 0600, 1, 3, 7, 9, "");
            assertErrno(Errno.EPERM, client::call);
            assertFalse(Files.exists(folder.resolve("dir/null")));
        }
    }

    @Test
    void shouldKeepUnlinkedFilesUsable() throws Exception {
        Files.writeString(folder.resolve("file"), "text");
        try (InProcessGofer gofer = InProcessGofer.jvisor(folder)) {
            TestClient client = gofer.client;
            int file = client.walk(TestClient.ROOT, "file");
            P9Requests.unlinkat(client.request, TestClient.ROOT, "file", 0);
            client.call();
            assertEquals(0, client.getattr(file).nlink);
            int descriptor = client.openfd(file, Open.O_RDONLY);
            assertTrue(descriptor >= 0);
            InProcessGofer.HOST.syscall(SyscallNr.CLOSE, descriptor);

            P9Requests.createfd(client.request, TestClient.ROOT, 5, "", Open.O_RDWR, 0600, 3, 4);
            InProcessGofer.HOST.syscall(SyscallNr.CLOSE, client.call().takeDescriptor());
            assertEquals(0, client.getattr(5).nlink);
            P9Requests.link(client.request, TestClient.ROOT, 5, "named");
            client.call();
            assertEquals(3, Files.getAttribute(folder.resolve("named"), "unix:uid"));
        }
    }

    @Test
    void shouldListDirectoriesWithAttributesInSeveralMessages() throws Exception {
        Set<String> names = new HashSet<>();
        for (int i = 0; i < 2000; i++) {
            String name = "a-rather-long-name-of-a-file-" + i;
            names.add(name);
            Files.createFile(folder.resolve(name));
        }
        try (InProcessGofer gofer = InProcessGofer.jvisor(folder)) {
            List<TestClient.Entry> entries = gofer.client.readdirattr(TestClient.ROOT);
            Set<String> listed = new TreeSet<>();
            for (TestClient.Entry entry : entries) {
                assertTrue(Mode.isRegular(entry.attributes().mode));
                assertTrue(listed.add(entry.name()));
            }
            assertEquals(names, listed);
            int fid = gofer.client.walk(TestClient.ROOT);
            gofer.client.lopen(fid, Open.O_RDONLY);
            List<String> plain = gofer.client.readdir(fid, 700);
            names.add(".");
            names.add("..");
            assertEquals(names.size(), plain.size());
            assertEquals(names, new HashSet<>(plain));
        }
    }

    @Test
    void shouldChangeAttributes() throws Exception {
        Files.writeString(folder.resolve("file"), "text");
        try (InProcessGofer gofer = InProcessGofer.jvisor(folder)) {
            TestClient client = gofer.client;
            int file = client.walk(TestClient.ROOT, "file");
            P9Requests.Changes changes = new P9Requests.Changes();
            changes.valid = P9.SETATTR_MODE | P9.SETATTR_UID | P9.SETATTR_SIZE | P9.SETATTR_MTIME | P9.SETATTR_MTIME_SET;
            changes.mode = 04711;
            changes.uid = 42;
            changes.size = 100;
            changes.mtimeSeconds = 1_000_000;
            changes.mtimeNanos = 5;
            P9Requests.setattrget(client.request, file, changes);
            client.call();
            P9Attributes now = client.attr();
            assertEquals(Mode.S_IFREG | 04711, now.mode);
            assertEquals(42, now.uid);
            assertEquals(100, now.size);
            assertEquals(1_000_000, now.mtimeSeconds);
            assertEquals(5, now.mtimeNanos);
        }
    }

    @Test
    void shouldRefuseChangesOfReadOnlyExports() throws Exception {
        Files.writeString(folder.resolve("file"), "text");
        try (InProcessGofer gofer = new InProcessGofer(folder, true, Socket.SOCK_SEQPACKET)) {
            TestClient client = gofer.client;
            client.begin(P9.VERSION_JVISOR);
            int file = client.walk(TestClient.ROOT, "file");
            assertErrno(Errno.EROFS, () -> client.openfd(file, Open.O_RDWR));
            assertErrno(Errno.EROFS, () -> client.openfd(file, Open.O_RDONLY | Open.O_TRUNC));
            P9Requests.unlinkat(client.request, TestClient.ROOT, "file", 0);
            assertErrno(Errno.EROFS, client::call);
            P9Requests.createfd(client.request, TestClient.ROOT, 5, "new", Open.O_RDWR, 0644, 0, 0);
            assertErrno(Errno.EROFS, client::call);
            P9Requests.make(client.request, TestClient.ROOT, 5, "new", Mode.S_IFDIR | 0755, 0, 0, 0, 0, "");
            assertErrno(Errno.EROFS, client::call);
            P9Requests.renameat2(client.request, TestClient.ROOT, "file", TestClient.ROOT, "new", 0);
            assertErrno(Errno.EROFS, client::call);
            P9Requests.link(client.request, TestClient.ROOT, file, "new");
            assertErrno(Errno.EROFS, client::call);
            P9Requests.setattr(client.request, file, new P9Requests.Changes());
            assertErrno(Errno.EROFS, client::call);
            P9Requests.setxattr(client.request, file, "user.a", 0, new byte[1]);
            assertErrno(Errno.EROFS, client::call);
            P9Requests.xattrcreate(client.request, file, "user.a", 1, 0);
            assertErrno(Errno.EROFS, client::call);
            int descriptor = client.openfd(file, Open.O_RDONLY);
            InProcessGofer.HOST.syscall(SyscallNr.CLOSE, descriptor);
        }
    }

    @Test
    void shouldServePlainClients() throws Exception {
        try (InProcessGofer gofer = InProcessGofer.plain(folder)) {
            TestClient client = gofer.client;
            int file = client.walk(TestClient.ROOT);
            P9Requests.lcreate(client.request, file, "file", Open.O_RDWR, 0640, 12);
            client.call();
            assertEquals(5, client.write(file, 0, "hello".getBytes(ISO_8859_1)));
            assertArrayEquals("llo".getBytes(ISO_8859_1), client.read(file, 2, 100));
            P9Requests.fsync(client.request, file, false);
            client.call();
            P9Requests.lock(client.request, file, P9.LOCK_TYPE_WRLCK, 0, 0, 0, 1, "me");
            assertEquals(P9.LOCK_SUCCESS, client.call().getByte());
            int other = client.walk(TestClient.ROOT, "file");
            client.lopen(other, Open.O_RDWR);
            P9Requests.lock(client.request, other, P9.LOCK_TYPE_WRLCK, 0, 0, 0, 2, "you");
            assertEquals(P9.LOCK_BLOCKED, client.call().getByte());
            P9Requests.getlock(client.request, other, P9.LOCK_TYPE_WRLCK, 0, 0, 2, "you");
            assertEquals(P9.LOCK_TYPE_WRLCK, client.call().getByte());

            P9Requests.mkdir(client.request, TestClient.ROOT, "dir", 0755, 12);
            client.call();
            int dir = client.walk(TestClient.ROOT, "dir");
            P9Requests.symlink(client.request, dir, "link", "target", 12);
            client.call();
            P9Requests.mknod(client.request, dir, "fifo", Mode.S_IFIFO | 0600, 0, 0, 12);
            client.call();
            int again = client.walk(dir, "..", "dir", "fifo");
            assertTrue(Mode.isFifo(client.getattr(again).mode));
            P9Requests.rename(client.request, again, TestClient.ROOT, "moved");
            client.call();
            assertTrue(Files.exists(folder.resolve("moved")));
            P9Requests.remove(client.request, again);
            client.call();
            assertFalse(Files.exists(folder.resolve("moved")));
            assertErrno(Errno.EBADF, () -> client.getattr(again));
            P9Requests.renameat(client.request, dir, "link", TestClient.ROOT, "link2");
            client.call();
            P9Requests.unlinkat(client.request, TestClient.ROOT, "dir", P9.UNLINK_REMOVEDIR);
            client.call();
            P9Requests.statfs(client.request, TestClient.ROOT);
            client.call();
            P9Requests.flush(client.request, 99);
            client.call();
            P9Requests.auth(client.request, 77, "root", "", 0);
            assertErrno(Errno.ENOENT, client::call);
            P9Requests.walkattr(client.request, TestClient.ROOT, new int[] {1000}, new String[] {"file"}, 0, 1);
            assertErrno(Errno.EOPNOTSUPP, client::call);
        }
    }

    @Test
    void shouldCarryExtendedAttributesBothWays() throws Exception {
        Files.writeString(folder.resolve("file"), "text");
        byte[] value = "value".getBytes(ISO_8859_1);
        try (InProcessGofer gofer = InProcessGofer.jvisor(folder)) {
            TestClient client = gofer.client;
            int file = client.walk(TestClient.ROOT, "file");
            P9Requests.setxattr(client.request, file, "user.one", 0, value);
            client.call();
            P9Requests.getxattr(client.request, file, "user.one");
            assertEquals(5, client.call().getInt());
            P9Requests.getxattr(client.request, file, "");
            assertEquals("user.one\0".length(), client.call().getInt());
            P9Requests.removexattr(client.request, file, "user.one");
            client.call();
            P9Requests.getxattr(client.request, file, "user.one");
            assertErrno(Errno.ENODATA, client::call);
            P9Requests.getxattr(client.request, file, "security.selinux");
            assertErrno(Errno.EOPNOTSUPP, client::call);
        }
        try (InProcessGofer gofer = InProcessGofer.plain(folder)) {
            TestClient client = gofer.client;
            int file = client.walk(TestClient.ROOT, "file");
            int transfer = client.walk(file);
            P9Requests.xattrcreate(client.request, transfer, "user.two", value.length, 0);
            client.call();
            client.write(transfer, 0, value);
            client.clunk(transfer);
            P9Requests.xattrwalk(client.request, file, transfer, "user.two");
            assertEquals(value.length, client.call().getLong());
            assertArrayEquals(value, client.read(transfer, 0, 100));
            client.clunk(transfer);
        }
    }

    @Test
    void shouldGiveAllDescriptorsBack() throws Exception {
        Files.createDirectories(folder.resolve("a/b/c"));
        long before = descriptors();
        for (int round = 0; round < 2; round++) {
            try (InProcessGofer gofer = round == 0 ? InProcessGofer.jvisor(folder) : InProcessGofer.plain(folder)) {
                for (int i = 0; i < 50; i++) {
                    gofer.client.walk(TestClient.ROOT, "a", "b", "c");
                }
            }
        }
        // Two O_PATH descriptors a gofer are the test's own: the export's root and /proc/self/fd.
        assertEquals(before + 4, descriptors());
    }

    private static long descriptors() throws IOException {
        try (var list = Files.list(Path.of("/proc/self/fd"))) {
            return list.count();
        }
    }
}
