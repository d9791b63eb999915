// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.p9.GoferExport;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Requests;

/** The process, sealed: what it still does and what it no longer has. Needs root. */
final class ConfinementTest {
    @TempDir
    Path folder;

    @BeforeEach
    void needsRoot() throws IOException {
        Assumptions.assumeTrue((int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0, "not root");
    }

    private static Map<String, String> status(int pid, String task) throws IOException {
        Map<String, String> fields = new HashMap<>();
        for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/task/" + task + "/status"))) {
            int colon = line.indexOf(':');
            fields.put(line.substring(0, colon), line.substring(colon + 1).strip());
        }
        return fields;
    }

    @Test
    void shouldServeEverythingAfterItIsSealed() throws Exception {
        Path files = Files.createDirectory(folder.resolve("rw"));
        Files.writeString(folder.resolve("single"), "single");
        List<GoferExport> exports = List.of(new GoferExport(files.toString(), false),
                new GoferExport(folder.resolve("single").toString(), true));
        try (GoferProcess gofer = new GoferProcess(exports)) {
            TestClient client = gofer.clients.get(0);
            assertEquals(P9.VERSION_JVISOR, client.begin(P9.VERSION_JVISOR));
            P9Requests.createfd(client.request, TestClient.ROOT, 5, "file", Open.O_RDWR, 04755, 1000, 1001);
            int descriptor = client.call().takeDescriptor();
            InProcessGofer.HOST.syscall(SyscallNr.CLOSE, descriptor);
            assertEquals(04755, client.attr().mode & Mode.PERMISSIONS);
            P9Requests.make(client.request, TestClient.ROOT, 6, "dir", Mode.S_IFDIR | 0755, 0, 0, 3, 4, "");
            client.call();
            P9Requests.make(client.request, 6, 7, "link", Mode.S_IFLNK | 0777, 0, 0, 3, 4, "/nowhere");
            client.call();
            P9Requests.make(client.request, 6, 8, "fifo", Mode.S_IFIFO | 0644, 0, 0, 3, 4, "");
            client.call();
            P9Requests.link(client.request, 6, 5, "hard");
            client.call();
            P9Requests.renameat2(client.request, 6, "hard", TestClient.ROOT, "harder", 0);
            client.call();
            P9Requests.Changes changes = new P9Requests.Changes();
            changes.valid = P9.SETATTR_MODE | P9.SETATTR_UID | P9.SETATTR_SIZE | P9.SETATTR_ATIME;
            changes.mode = 0600;
            P9Requests.setattrget(client.request, 5, changes);
            client.call();
            P9Requests.setxattr(client.request, 5, "user.a", 0, new byte[3]);
            client.call();
            P9Requests.getxattr(client.request, 5, "user.a");
            client.call();
            P9Requests.getxattr(client.request, 5, "");
            client.call();
            P9Requests.removexattr(client.request, 5, "user.a");
            client.call();
            P9Requests.statfs(client.request, 5);
            client.call();
            P9Requests.fsync(client.request, 5, true);
            client.call();
            P9Requests.fsync(client.request, 5, false);
            client.call();
            assertEquals("/nowhere", client.readlink(7));
            assertEquals(3, client.readdirattr(TestClient.ROOT).size());
            assertEquals(2, client.readdirattr(6).size());
            int open = client.walk(5);
            client.lopen(open, Open.O_RDWR);
            client.write(open, 0, new byte[10]);
            assertEquals(10, client.read(open, 0, 100).length);
            P9Requests.lock(client.request, open, P9.LOCK_TYPE_WRLCK, 0, 0, 0, 1, "me");
            client.call();
            P9Requests.unlinkat(client.request, TestClient.ROOT, "harder", 0);
            client.call();

            TestClient second = gofer.clients.get(1);
            second.begin(P9.VERSION_JVISOR);
            assertEquals(6, second.getattr(TestClient.ROOT).size);
            InProcessGofer.HOST.syscall(SyscallNr.CLOSE, second.openfd(TestClient.ROOT, Open.O_RDONLY));
            P9Requests.setattr(second.request, TestClient.ROOT, changes);
            assertEquals(Errno.EROFS, assertThrows(ErrnoException.class, second::call).errno());
        }
    }

    @Test
    void shouldHaveNoHostTreeNoPrivilegesAndAFilterOnAllThreads() throws Exception {
        try (GoferProcess gofer = new GoferProcess(List.of(new GoferExport(folder.toString(), false)))) {
            gofer.clients.get(0).begin(P9.VERSION_JVISOR);
            try (var root = Files.list(Path.of("/proc/" + gofer.pid + "/root"))) {
                assertEquals(0, root.count());
            }
            assertEquals(1, Files.readAllLines(Path.of("/proc/" + gofer.pid + "/mountinfo")).size());
            int served = 0;
            int others = 0;
            try (var tasks = Files.list(Path.of("/proc/" + gofer.pid + "/task"))) {
                for (Path task : tasks.toList()) {
                    Map<String, String> status = status(gofer.pid, task.getFileName().toString());
                    assertEquals("2", status.get("Seccomp"), status.get("Name"));
                    assertEquals("1", status.get("NoNewPrivs"), status.get("Name"));
                    assertEquals("000000008000001f", status.get("CapEff"), status.get("Name"));
                    assertEquals("000000008000001f", status.get("CapPrm"), status.get("Name"));
                    assertEquals("000000008000001f", status.get("CapBnd"), status.get("Name"));
                    assertEquals("0000000000000000", status.get("CapInh"), status.get("Name"));
                    assertEquals("0000000000000000", status.get("CapAmb"), status.get("Name"));
                    served += status.get("Name").equals("9p") ? 1 : 0;
                    others += status.get("Name").equals("9p") ? 0 : 1;
                }
            }
            assertTrue(served > 0);
            assertTrue(others > 3, "the virtual machine has threads of its own");
        }
    }

    @Test
    void shouldEndWithItsConnectionsAndLeaveNothing() {
        GoferProcess gofer = new GoferProcess(List.of(new GoferExport(folder.toString(), false)));
        gofer.clients.get(0).begin(P9.VERSION_JVISOR);
        gofer.clients.get(0).close();
        assertEquals(0, gofer.await());
    }

    @Test
    void shouldSayWhyItCannotStart() {
        GoferProcess gofer = new GoferProcess(List.of(new GoferExport(folder.resolve("none").toString(), false)));
        assertEquals(1 << 8, gofer.await());
        assertEquals(Errno.EIO, assertThrows(ErrnoException.class, () -> gofer.clients.get(0).begin(P9.VERSION)).errno());
    }

    @Test
    void shouldFailEveryCallOfAClientOnceItIsKilled() throws Exception {
        GoferProcess gofer = new GoferProcess(List.of(new GoferExport(folder.toString(), false)));
        TestClient client = gofer.clients.get(0);
        client.begin(P9.VERSION_JVISOR);
        gofer.kill();
        gofer.await();
        assertEquals(Errno.EIO, assertThrows(ErrnoException.class, () -> client.getattr(TestClient.ROOT)).errno());
        assertTrue(client.channel.isDead());
    }
}
