// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Prctl;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.abi.RlimitLayout;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.p9.GoferExport;
import org.jvisor.host.choice.HostChoice;
import org.jvisor.host.seal.SeccompFilter;
import org.jvisor.host.seal.ThreadCapabilities;
import org.jvisor.p9.unix.UnixTransport;

/**
 * The gofer process: serves the files of one container until all its connections have ended. No framework and no libraries, for
 * the container's start waits for it.
 *
 * <pre>
 *   --io-fds=N[,M…]       connected Unix sockets
 *   --mounts-fd=N         where to read the exports from, a line for each connection, see {@link GoferExport}
 *   --die-with-parent     end when the thread that started this process does
 * </pre>
 *
 * The exit status is 0 when the connections have ended, 1 with a line on standard error when it could not start.
 */
public final class Main {
    private static final int MESSAGE_BYTES = 64 << 10;
    private static final int MAX_MOUNTS_BYTES = 1 << 20;
    private static final int READ_BYTES = 4096;

    private final HostKernel host;
    private final int[] connections;
    private final int mounts;

    private Main(HostKernel host, int[] connections, int mounts) {
        this.host = host;
        this.connections = connections;
        this.mounts = mounts;
    }

    public static void main(String[] arguments) throws InterruptedException {
        int[] connections = null;
        int mounts = -1;
        boolean dieWithParent = false;
        try {
            for (String argument : arguments) {
                if (argument.startsWith("--io-fds=")) {
                    connections = numbers(argument.substring("--io-fds=".length()));
                } else if (argument.startsWith("--mounts-fd=")) {
                    mounts = Integer.parseInt(argument.substring("--mounts-fd=".length()));
                } else if (argument.equals("--die-with-parent")) {
                    dieWithParent = true;
                } else {
                    throw HostCallException.because("unknown argument " + argument);
                }
            }
            if (connections == null || mounts < 0) {
                throw HostCallException.because("--io-fds and --mounts-fd are needed");
            }
            HostKernel host = HostChoice.make();
            if (dieWithParent) {
                host.syscall(SyscallNr.PRCTL, Prctl.PR_SET_PDEATHSIG, Signals.SIGKILL);
            }
            new Main(host, connections, mounts).serve();
        } catch (HostCallException | ErrnoException | IllegalArgumentException | IllegalStateException e) {
            System.err.println("gofer: " + e.getMessage());
            Runtime.getRuntime().halt(1);
        }
        Runtime.getRuntime().halt(0);
    }

    private static int[] numbers(String list) {
        int count = 1;
        for (int i = 0; i < list.length(); i++) {
            count += list.charAt(i) == ',' ? 1 : 0;
        }
        int[] numbers = new int[count];
        int begin = 0;
        for (int i = 0; i < count; i++) {
            int end = list.indexOf(',', begin);
            numbers[i] = Integer.parseInt(list.substring(begin, end < 0 ? list.length() : end));
            begin = end + 1;
        }
        return numbers;
    }

    private void serve() throws InterruptedException {
        List<GoferExport> exports = GoferExport.parse(readMounts());
        if (exports.size() != connections.length) {
            throw HostCallException.because("as many exports as connections are needed");
        }
        host.syscall(SyscallNr.UMASK, 0);
        raiseDescriptorLimit();

        Confinement confinement = new Confinement(host);
        confinement.privateMounts();
        Export[] trees = new Export[exports.size()];
        for (int i = 0; i < trees.length; i++) {
            GoferExport export = exports.get(i);
            trees[i] = new Export(confinement.takeTree(export.hostPath(), export.readOnly()), export.readOnly());
        }
        int procFd = confinement.takeDescriptorDirectory();
        UnixTransport transport = new UnixTransport(host);
        CountDownLatch done = new CountDownLatch(trees.length);
        Connection[] served = new Connection[trees.length];
        for (int i = 0; i < trees.length; i++) {
            served[i] = new Connection(host, transport.serve(connections[i], MESSAGE_BYTES), trees[i], procFd, done);
        }
        ThreadCapabilities threads = confinement.takeThreads();
        confinement.leaveHostTree();
        confinement.dropPrivileges(threads);
        seal(host, transport);
        for (Connection connection : served) {
            connection.start();
        }
        done.await();
    }

    /** Every file that the Sentry knows is a descriptor here. */
    private void raiseDescriptorLimit() {
        long limit = host.allocate(RlimitLayout.SIZE);
        if (host.syscall(SyscallNr.PRLIMIT64, 0, Rlimit.RLIMIT_NOFILE, 0, limit) == 0) {
            host.putLong(limit + RlimitLayout.CUR, host.getLong(limit + RlimitLayout.MAX));
            host.syscall(SyscallNr.PRLIMIT64, 0, Rlimit.RLIMIT_NOFILE, limit, 0);
        }
        host.free(limit);
    }

    private String readMounts() {
        long buffer = host.allocate(READ_BYTES);
        byte[] bytes = new byte[READ_BYTES];
        StringBuilder text = new StringBuilder();
        long got;
        while ((got = HostCallException.check(host.syscall(SyscallNr.READ, mounts, buffer, READ_BYTES),
                "reading the exports")) > 0) {
            host.copyIn(buffer, bytes, 0, (int) got);
            text.append(new String(bytes, 0, (int) got, StandardCharsets.ISO_8859_1));
            if (text.length() > MAX_MOUNTS_BYTES) {
                throw HostCallException.because("too many exports");
            }
        }
        host.free(buffer);
        host.syscall(SyscallNr.CLOSE, mounts);
        return text.toString();
    }

    private static void seal(HostKernel host, UnixTransport transport) {
        try {
            SeccompFilter.install(host, AllowedCalls.all(transport, (int) host.syscall(SyscallNr.GETPID)));
        } catch (ErrnoException e) {
            throw HostCallException.because("seccomp: " + e.getMessage());
        }
    }
}
