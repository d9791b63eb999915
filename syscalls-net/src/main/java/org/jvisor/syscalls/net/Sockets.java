// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.net;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.net.Socket;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.wait.WaitQueue;

/** What the calls about sockets share: finding one, addresses, waiting. */
final class Sockets {

    /** Longest struct sockaddr (struct sockaddr_storage, socket(7)). */
    static final int MAX_ADDRESS = 128;

    private Sockets() {
    }

    /** The description behind {@code fd}, to be released: EBADF, or ENOTSOCK. */
    static FileDescription acquire(Task t, int fd) {
        FileDescription file = t.files().acquire(fd);
        if (file == null) {
            throw ErrnoException.of(Errno.EBADF);
        }
        if (!(file.operations() instanceof Socket) || (file.flags() & Open.O_PATH) != 0) {
            file.release(t);
            throw ErrnoException.of(Errno.ENOTSOCK);
        }
        return file;
    }

    static Socket of(FileDescription file) {
        return (Socket) file.operations();
    }

    /** Copies an address in; its length. */
    static int copyAddressIn(Task t, long address, int length, byte[] target) {
        if (length < 0 || length > MAX_ADDRESS) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        t.memory().copyIn(address, target, 0, length);
        return length;
    }

    /** Copies an address out, cut to the room at {@code lengthAddress}, where its full length is put. */
    static void copyAddressOut(Task t, byte[] source, int length, long address, long lengthAddress) {
        int room = t.memory().getInt(lengthAddress);
        if (room < 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        t.memory().copyOut(source, 0, Math.min(Math.min(room, length), MAX_ADDRESS), address);
        t.memory().putInt(lengthAddress, length);
    }

    /** One try of something that may have to wait. */
    interface Attempt {
        /** The result, or -EAGAIN: not yet. */
        long run();
    }

    /** One try of moving bytes: has all that it needs as parameters, so that none is made for each call. */
    interface Transfer {
        /** The result, or -EAGAIN: not yet. */
        long run(Socket socket, Task t, FileDescription file, IoBuffer data, Socket.Message message);
    }

    static final Transfer SEND = Socket::send;
    static final Transfer RECEIVE = Socket::receive;

    /** Tries until something else than -EAGAIN comes, the file's time-out has passed, or the task is interrupted. */
    static long blocking(Task t, FileDescription file, boolean nonBlocking, int events, boolean write, Attempt attempt) {
        return blocking(t, file, nonBlocking, events, write, (socket, task, same, data, message) -> attempt.run(), null, null);
    }

    /** Likewise, for bytes and what goes with them. */
    static long blocking(Task t, FileDescription file, boolean nonBlocking, int events, boolean write, Transfer transfer,
            IoBuffer data, Socket.Message message) {
        Socket socket = of(file);
        long result = transfer.run(socket, t, file, data, message);
        if (result != -Errno.EAGAIN || nonBlocking) {
            return result;
        }
        long timeout = socket.timeoutNs(write);
        long deadline = t.call().deadline(timeout == Long.MAX_VALUE ? -1 : timeout);
        WaitQueue queue = socket.waitQueue();
        WaitQueue.Entry entry = t.waitEntry(0);
        queue.add(entry, events);
        try {
            long slept = 0;
            while ((result = transfer.run(socket, t, file, data, message)) == -Errno.EAGAIN) {
                if (slept == -Errno.ETIMEDOUT) {
                    return -Errno.EAGAIN;
                }
                if (slept != 0) {
                    // With a time-out set the call does not restart after a handler (signal(7)).
                    return timeout == Long.MAX_VALUE ? slept : -Errno.ERESTART_RESTARTBLOCK;
                }
                slept = t.sleep(deadline);
            }
            return result;
        } finally {
            queue.remove(entry);
        }
    }

    static boolean nonBlocking(FileDescription file, int messageFlags) {
        return (file.flags() & Open.O_NONBLOCK) != 0 || (messageFlags & org.jvisor.api.abi.Socket.MSG_DONTWAIT) != 0;
    }
}
