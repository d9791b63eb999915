// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.p9.GoferExport;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Channel;
import org.jvisor.api.p9.P9Message;
import org.jvisor.api.p9.P9Requests;
import org.jvisor.host.choice.HostChoice;
import org.jvisor.host.seal.SeccompFilter;
import org.jvisor.p9.unix.UnixTransport;

/**
 * What a gofer does in its first moments, without being sealed: the run from which the JVM's AOT cache is made when the
 * distribution is built (a sealed gofer could not write it). Serves a folder, its only argument, to itself, and changes nothing.
 */
public final class Rehearsal {
    private static final int MESSAGE_BYTES = 64 << 10;
    private static final int ROUNDS = 50;

    private Rehearsal() {
    }

    public static void main(String[] arguments) throws InterruptedException {
        HostKernel host = HostChoice.make();
        GoferExport exported = GoferExport.parse(new GoferExport(arguments[0], true).toLine()).get(0);
        Confinement confinement = new Confinement(host);
        confinement.inode("/");

        long pair = host.allocate(Long.BYTES);
        ErrnoException.check(host.syscall(SyscallNr.SOCKETPAIR, Socket.AF_UNIX, Socket.SOCK_SEQPACKET | Socket.SOCK_CLOEXEC, 0,
                pair));
        UnixTransport transport = new UnixTransport(host);
        SeccompFilter.program(AllowedCalls.all(transport, (int) host.syscall(SyscallNr.GETPID)));
        CountDownLatch done = new CountDownLatch(1);
        Export export = new Export(open(host, exported.hostPath()), exported.readOnly());
        new Connection(host, transport.serve(host.getInt(pair + 4), MESSAGE_BYTES), export, open(host, "/proc/self/fd"),
                done).start();
        try (P9Channel channel = transport.connect(host.getInt(pair), MESSAGE_BYTES)) {
            for (int round = 0; round < ROUNDS; round++) {
                play(channel);
            }
        }
        done.await();
    }

    private static int open(HostKernel host, String path) {
        byte[] bytes = path.getBytes(StandardCharsets.ISO_8859_1);
        long address = host.allocate(bytes.length + 1L);
        host.copyOut(bytes, 0, bytes.length, address);
        return (int) ErrnoException.check(host.syscall(SyscallNr.OPENAT, Open.AT_FDCWD, address,
                Open.O_PATH | Open.O_CLOEXEC, 0));
    }

    /** Errors are part of the play: the export is read-only and names are missing. */
    private static void play(P9Channel channel) {
        P9Message request = new P9Message(MESSAGE_BYTES);
        P9Message reply = new P9Message(MESSAGE_BYTES);
        String[] names = {"usr", "bin", "none"};
        P9Requests.version(request, MESSAGE_BYTES, P9.VERSION_JVISOR);
        channel.call(request, reply);
        P9Requests.attach(request, 1, P9.NOFID, "", "", 0);
        channel.call(request, reply);
        P9Requests.walkattr(request, 1, new int[] {2, 3, 4}, names, 0, names.length);
        channel.call(request, reply);
        P9Requests.walk(request, 1, 90, names, 0, 1);
        channel.call(request, reply);
        P9Requests.getattr(request, 1, P9.GETATTR_BASIC);
        channel.call(request, reply);
        P9Requests.readdirattr(request, 1, 0, MESSAGE_BYTES);
        channel.call(request, reply);
        P9Requests.openfd(request, 2, Open.O_RDONLY);
        channel.call(request, reply);
        P9Requests.readlink(request, 2);
        channel.call(request, reply);
        P9Requests.statfs(request, 1);
        channel.call(request, reply);
        P9Requests.getxattr(request, 1, "");
        channel.call(request, reply);
        P9Requests.make(request, 1, 91, "new", Mode.S_IFDIR, 0, 0, 0, 0, "");
        channel.call(request, reply);
        P9Requests.clunkmany(request, new int[] {2, 3, 90}, 3);
        channel.call(request, reply);
    }
}
