// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.AF_UNIX;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.SockaddrUnLayout;
import org.jvisor.api.kernel.NetNamespace;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.state.StateRecord;

/** The name of one AF_UNIX socket, or that it has none. */
final class UnixNaming {

    static final int ANYBODY = 0777;
    private static final byte[] UNNAMED = {};

    private final NetNamespace net;
    private final LocalSocket socket;
    /** Held while a file system makes the name, which may last. */
    private final KillableLock binding = new KillableLock(LockRank.SOCKET_TRANSFER);
    /** Changed with the lock held. */
    private volatile UnixNames.Name name;

    UnixNaming(NetNamespace net, LocalSocket socket) {
        this.net = net;
        this.socket = socket;
    }

    UnixNaming(NetNamespace net, LocalSocket socket, StateRecord record) {
        this(net, socket);
        name = UnixNames.Name.adopt(record);
    }

    void save(StateRecord record) {
        UnixNames.Name.save(name, record);
    }

    boolean isBound() {
        return name != null;
    }

    /**
     * bind(2).
     *
     * @param mode of the file, if a file system has the name, but for the task's umask
     */
    long bind(Task task, int mode, byte[] address, int length) {
        try (KillableLock _ = binding.take()) {
            if (name != null) {
                return -Errno.EINVAL;
            }
            name = UnixNames.bind(net, task, socket, mode, address, length);
            return 0;
        }
    }

    /** It shows the name of {@code other}, and does not have it. */
    void showsThatOf(UnixNaming other) {
        UnixNames.Name its = other.name;
        name = its == null ? null : new UnixNames.Name(its.address(), null);
    }

    /** Of no bytes when it has none. Not to be changed. */
    byte[] address() {
        UnixNames.Name now = name;
        return now == null ? UNNAMED : now.address();
    }

    /** Puts it into {@code address} as getsockname(2) does; its length. */
    long put(byte[] address) {
        byte[] bytes = address();
        if (bytes.length == 0) {
            SockaddrUnLayout.family(address, 0, AF_UNIX);
            return SockaddrUnLayout.PATH;
        }
        System.arraycopy(bytes, 0, address, 0, Math.min(bytes.length, address.length));
        return bytes.length;
    }

    /** The socket is closed. */
    void unbind() {
        UnixNames.unbind(net, name, socket);
    }
}
