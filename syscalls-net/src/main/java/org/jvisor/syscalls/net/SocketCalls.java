// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.net;

import static org.jvisor.api.abi.Socket.*;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.net.Socket;
import org.jvisor.api.net.SocketFamily;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FileDescription;

/** Making, naming, connecting and tuning sockets. */
final class SocketCalls {

    private static final int MAX_OPTION = 4096;

    private static SocketFamily family(Task t, int domain) {
        SocketFamily family = t.namespaces().net().family(domain);
        if (family == null) {
            throw ErrnoException.of(Errno.EAFNOSUPPORT);
        }
        return family;
    }

    private static int checkedType(int type) {
        if ((type & ~SOCK_TYPE_MASK & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return type & SOCK_TYPE_MASK;
    }

    long socket(Task t, Arguments a) {
        int type = checkedType(a.int1());
        return enter(t, family(t, a.int0()).create(t, type, a.int2()), a.int1());
    }

    /** Gives the socket a descriptor; closes it when there is none left, or no description (ENFILE). */
    private static long enter(Task t, Socket socket, int flags) {
        FileDescription file;
        try {
            file = t.kernel().vfs().newAnonymous(socket,
                    Open.O_RDWR | ((flags & SOCK_NONBLOCK) != 0 ? Open.O_NONBLOCK : 0), "socket:[]", Mode.S_IFSOCK | 0777);
        } catch (ErrnoException e) {
            socket.release(null);
            return -e.errno();
        }
        int fd = t.files().add(file, 0, t.group().softLimit(Rlimit.RLIMIT_NOFILE), (flags & SOCK_CLOEXEC) != 0);
        if (fd < 0) {
            file.release(t);
        }
        return fd;
    }

    long socketpair(Task t, Arguments a) {
        int type = checkedType(a.int1());
        Socket[] pair = family(t, a.int0()).createPair(t, type, a.int2());
        long first = enter(t, pair[0], a.int1());
        if (first < 0) {
            pair[1].release(null);
            return first;
        }
        long second = enter(t, pair[1], a.int1());
        if (second < 0) {
            t.files().close(t, (int) first);
            return second;
        }
        try {
            t.memory().putLong(a.a3, second << 32 | first);
        } catch (ErrnoException e) {
            t.files().close(t, (int) first);
            t.files().close(t, (int) second);
            throw e;
        }
        return 0;
    }

    long bind(Task t, Arguments a) {
        FileDescription file = Sockets.acquire(t, a.int0());
        try {
            byte[] address = new byte[Sockets.MAX_ADDRESS];
            int length = Sockets.copyAddressIn(t, a.a1, a.int2(), address);
            return Sockets.of(file).bind(t, file, address, length);
        } finally {
            file.release(t);
        }
    }

    long listen(Task t, Arguments a) {
        FileDescription file = Sockets.acquire(t, a.int0());
        try {
            return Sockets.of(file).listen(t, a.int1());
        } finally {
            file.release(t);
        }
    }

    long accept(Task t, Arguments a, int flags) {
        if ((flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) != 0) {
            return -Errno.EINVAL;
        }
        FileDescription file = Sockets.acquire(t, a.int0());
        try {
            Socket[] accepted = new Socket[1];
            long limit = t.group().softLimit(Rlimit.RLIMIT_NOFILE);
            long result = Sockets.blocking(t, file, Sockets.nonBlocking(file, 0), Poll.POLLIN, false, () -> {
                if (!t.files().hasFree(limit)) {
                    return -Errno.EMFILE; // whoever is not accepted stays in the backlog
                }
                accepted[0] = Sockets.of(file).accept(t);
                return accepted[0] == null ? -Errno.EAGAIN : 0;
            });
            if (result < 0) {
                return result;
            }
            long fd = enter(t, accepted[0], flags);
            if (fd >= 0 && a.a1 != 0) {
                byte[] address = new byte[Sockets.MAX_ADDRESS];
                try {
                    long length = accepted[0].name(t, true, address);
                    Sockets.copyAddressOut(t, address, (int) Math.max(0, length), a.a1, a.a2);
                } catch (ErrnoException e) {
                    t.files().close(t, (int) fd);
                    throw e;
                }
            }
            return fd;
        } finally {
            file.release(t);
        }
    }

    long connect(Task t, Arguments a) {
        FileDescription file = Sockets.acquire(t, a.int0());
        try {
            byte[] address = new byte[Sockets.MAX_ADDRESS];
            int length = Sockets.copyAddressIn(t, a.a1, a.int2(), address);
            Socket socket = Sockets.of(file);
            long result = socket.connect(t, address, length);
            if (Sockets.nonBlocking(file, 0) || result != -Errno.EINPROGRESS && result != -Errno.EALREADY && result != -Errno.EAGAIN) {
                return result;
            }
            long waited = Sockets.blocking(t, file, false, Poll.POLLOUT, true, () -> {
                long now = socket.connect(t, address, length);
                return now == -Errno.EINPROGRESS || now == -Errno.EALREADY ? -Errno.EAGAIN : now;
            });
            // Who waits no longer leaves a connection to itself that is being made (socket(7), SO_SNDTIMEO).
            return waited == -Errno.EAGAIN ? result == -Errno.EAGAIN ? result : -Errno.EINPROGRESS : waited;
        } finally {
            file.release(t);
        }
    }

    long name(Task t, Arguments a, boolean peer) {
        FileDescription file = Sockets.acquire(t, a.int0());
        try {
            byte[] address = new byte[Sockets.MAX_ADDRESS];
            long length = Sockets.of(file).name(t, peer, address);
            if (length < 0) {
                return length;
            }
            Sockets.copyAddressOut(t, address, (int) length, a.a1, a.a2);
            return 0;
        } finally {
            file.release(t);
        }
    }

    long setsockopt(Task t, Arguments a) {
        FileDescription file = Sockets.acquire(t, a.int0());
        try {
            int length = a.int4();
            if (length < 0) {
                return -Errno.EINVAL;
            }
            byte[] value = new byte[Math.min(length, MAX_OPTION)];
            t.memory().copyIn(a.a3, value, 0, value.length);
            return Sockets.of(file).setOption(t, a.int1(), a.int2(), value, value.length);
        } finally {
            file.release(t);
        }
    }

    long getsockopt(Task t, Arguments a) {
        FileDescription file = Sockets.acquire(t, a.int0());
        try {
            int length = t.memory().getInt(a.a4);
            if (length < 0) {
                return -Errno.EINVAL;
            }
            byte[] value = new byte[Math.min(length, MAX_OPTION)];
            long result = Sockets.of(file).getOption(t, a.int1(), a.int2(), value, value.length);
            if (result < 0) {
                return result;
            }
            t.memory().copyOut(value, 0, (int) result, a.a3);
            t.memory().putInt(a.a4, (int) result);
            return 0;
        } finally {
            file.release(t);
        }
    }

    long shutdown(Task t, Arguments a) {
        FileDescription file = Sockets.acquire(t, a.int0());
        try {
            int how = a.int1();
            return how < SHUT_RD || how > SHUT_RDWR ? -Errno.EINVAL : Sockets.of(file).shutdown(t, how);
        } finally {
            file.release(t);
        }
    }
}
