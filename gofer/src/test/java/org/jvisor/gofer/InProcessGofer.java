// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.host.ffm.FfmHostKernel;
import org.jvisor.p9.unix.UnixTransport;

/** Serves a folder in this process, unconfined. */
final class InProcessGofer implements AutoCloseable {
    static final HostKernel HOST = new FfmHostKernel();
    static final UnixTransport TRANSPORT = new UnixTransport(HOST);

    final TestClient client;
    final CountDownLatch done = new CountDownLatch(1);
    final int clientDescriptor;

    InProcessGofer(Path folder, boolean readOnly, int socketType) {
        HOST.syscall(SyscallNr.UMASK, 0);
        int[] pair = socketPair(socketType);
        clientDescriptor = pair[0];
        Export export = new Export(open(folder.toString(), Open.O_PATH), readOnly);
        int procFd = open("/proc/self/fd", Open.O_PATH | Open.O_DIRECTORY);
        new Connection(HOST, TRANSPORT.serve(pair[1], TestClient.SIZE), export, procFd, done).start();
        client = new TestClient(TRANSPORT.connect(pair[0], TestClient.SIZE));
    }

    static InProcessGofer jvisor(Path folder) {
        InProcessGofer gofer = new InProcessGofer(folder, false, Socket.SOCK_SEQPACKET);
        gofer.client.begin("9P2000.L.jvisor");
        return gofer;
    }

    static InProcessGofer plain(Path folder) {
        InProcessGofer gofer = new InProcessGofer(folder, false, Socket.SOCK_STREAM);
        gofer.client.begin("9P2000.L");
        return gofer;
    }

    static int[] socketPair(int type) {
        long scratch = HOST.allocate(8);
        ErrnoException.check(HOST.syscall(SyscallNr.SOCKETPAIR, Socket.AF_UNIX, type | Socket.SOCK_CLOEXEC, 0, scratch));
        int[] pair = {HOST.getInt(scratch), HOST.getInt(scratch + 4)};
        HOST.free(scratch);
        return pair;
    }

    static int open(String path, int flags) {
        byte[] bytes = (path + "\0").getBytes(StandardCharsets.ISO_8859_1);
        long address = HOST.allocate(bytes.length);
        HOST.copyOut(bytes, 0, bytes.length, address);
        long descriptor = ErrnoException.check(HOST.syscall(SyscallNr.OPENAT, Open.AT_FDCWD, address, flags | Open.O_CLOEXEC, 0));
        HOST.free(address);
        return (int) descriptor;
    }

    /** Ends the connection and waits until the gofer has noticed. */
    @Override
    public void close() {
        client.close();
        try {
            if (done.await(300, TimeUnit.SECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new AssertionError("the gofer goes on");
    }
}
