// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.net;

import static org.jvisor.api.abi.Socket.*;

import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.CmsghdrLayout;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.abi.UcredLayout;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.NetSysctl;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.net.Socket;
import org.jvisor.api.vfs.FileDescription;

/** Control messages (cmsg(3)): SCM_RIGHTS and SCM_CREDENTIALS of unix(7). */
final class ControlMessages {

    private ControlMessages() {
    }

    /** Takes what goes with a message from application memory; EINVAL for what is malformed. */
    static void read(Task t, Socket socket, long address, long length, Socket.Message message) {
        if (address == 0 || length == 0) {
            return;
        }
        if (length < 0 || length > t.namespaces().net().setting(NetSysctl.OPTMEM_MAX)) {
            throw ErrnoException.of(Errno.ENOBUFS);
        }
        byte[] b = new byte[(int) length];
        t.memory().copyIn(address, b, 0, b.length);
        try {
            for (int at = 0; at + CmsghdrLayout.SIZE <= b.length;) {
                long own = CmsghdrLayout.len(b, at);
                if (own < CmsghdrLayout.SIZE || own > b.length - at) {
                    throw ErrnoException.of(Errno.EINVAL);
                }
                if (CmsghdrLayout.level(b, at) == SOL_SOCKET) {
                    one(t, socket, b, at, (int) own - CmsghdrLayout.SIZE, message);
                }
                at += (int) CmsghdrLayout.align(own);
            }
        } catch (ErrnoException e) {
            release(t, message.files);
            message.files = null;
            throw e;
        }
    }

    private static void one(Task t, Socket socket, byte[] b, int at, int length, Socket.Message message) {
        int data = at + CmsghdrLayout.SIZE;
        int type = CmsghdrLayout.type(b, at);
        if (socket.domain() != AF_UNIX && (type == SCM_RIGHTS || type == SCM_CREDENTIALS)) {
            return; // they mean something to AF_UNIX; others let them pass, as on Linux
        }
        switch (type) {
            case SCM_RIGHTS -> addFiles(t, b, data, length / 4, message);
            case SCM_CREDENTIALS -> {
                if (length != UcredLayout.SIZE) {
                    throw ErrnoException.of(Errno.EINVAL);
                }
                message.hasCredentials = true;
                message.pid = UcredLayout.pid(b, data);
                message.uid = UcredLayout.uid(b, data);
                message.gid = UcredLayout.gid(b, data);
                checkCredentials(t, message);
            }
            default -> throw ErrnoException.of(Errno.EINVAL);
        }
    }

    private static void addFiles(Task t, byte[] b, int at, int count, Socket.Message message) {
        int before = message.files == null ? 0 : message.files.length;
        if (count + before > SCM_MAX_FD) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (count == 0) {
            return;
        }
        FileDescription[] files = new FileDescription[before + count];
        if (before > 0) {
            System.arraycopy(message.files, 0, files, 0, before);
        }
        for (int i = 0; i < count; i++) {
            FileDescription file = t.files().acquire(Bytes.getInt(b, at + 4 * i));
            if (file == null) {
                for (int j = 0; j < i; j++) {
                    files[before + j].release(t);
                }
                throw ErrnoException.of(Errno.EBADF);
            }
            files[before + i] = file;
        }
        message.files = files;
    }

    /** unix(7): only a privileged process may say that it is another. */
    private static void checkCredentials(Task t, Socket.Message m) {
        Credentials c = t.credentials();
        boolean pid = m.pid == t.group().pid() || c.has(Capability.CAP_SYS_ADMIN);
        boolean uid = m.uid == c.uid() || m.uid == c.euid() || m.uid == c.suid() || c.has(Capability.CAP_SETUID);
        boolean gid = m.gid == c.gid() || m.gid == c.egid() || m.gid == c.sgid() || c.has(Capability.CAP_SETGID);
        if (!pid || !uid || !gid) {
            throw ErrnoException.of(Errno.EPERM);
        }
        if (m.pid != t.group().pid() && t.pidNamespace().threadGroup(m.pid) == null) {
            throw ErrnoException.of(Errno.ESRCH);
        }
        if (m.uid == -1 || m.gid == -1) {
            throw ErrnoException.of(Errno.EINVAL); // nobody's
        }
    }

    static void release(Task t, FileDescription[] files) {
        if (files != null) {
            for (FileDescription file : files) {
                file.release(t);
            }
        }
    }

    /** Puts what came with a message into the {@code room} at {@code address}: the bytes used; MSG_CTRUNC for what did not fit. */
    static long write(Task t, Socket socket, long address, long room, Socket.Message message) {
        long used = 0;
        long left = address == 0 || room < 0 ? 0 : room;
        if (message.hasCredentials && passesCredentials(t, socket)) {
            byte[] b = new byte[CmsghdrLayout.SIZE + UcredLayout.SIZE];
            header(b, b.length, SCM_CREDENTIALS);
            UcredLayout.pid(b, CmsghdrLayout.SIZE, message.pid);
            UcredLayout.uid(b, CmsghdrLayout.SIZE, message.uid);
            UcredLayout.gid(b, CmsghdrLayout.SIZE, message.gid);
            if (left >= b.length) {
                t.memory().copyOut(b, 0, b.length, address);
                used = Math.min(CmsghdrLayout.align(b.length), left);
                left -= used;
            } else {
                message.resultFlags |= MSG_CTRUNC;
            }
        }
        if (message.files != null) {
            used += writeFiles(t, address + used, left, message);
        }
        return used;
    }

    private static boolean passesCredentials(Task t, Socket socket) {
        byte[] value = t.scratch();
        return socket.domain() == AF_UNIX && socket.getOption(t, SOL_SOCKET, SO_PASSCRED, value, 4) == 4 && Bytes.getInt(value, 0) != 0;
    }

    /** Enters as many descriptors as there is room and limit for; the others are closed. */
    private static long writeFiles(Task t, long address, long room, Socket.Message message) {
        FileDescription[] files = message.files;
        message.files = null;
        int fit = Math.clamp((room - CmsghdrLayout.SIZE) / 4, 0, files.length);
        byte[] b = new byte[CmsghdrLayout.SIZE + 4 * files.length];
        int done = 0;
        boolean closeOnExec = (message.flags & MSG_CMSG_CLOEXEC) != 0;
        while (done < fit) {
            int fd = t.files().add(files[done], 0, t.group().softLimit(Rlimit.RLIMIT_NOFILE), closeOnExec);
            if (fd < 0) {
                break;
            }
            Bytes.putInt(b, CmsghdrLayout.SIZE + 4 * done, fd);
            done++;
        }
        for (int i = done; i < files.length; i++) {
            files[i].release(t);
        }
        if (done < files.length) {
            message.resultFlags |= MSG_CTRUNC;
        }
        if (done == 0) {
            return 0;
        }
        int length = CmsghdrLayout.SIZE + 4 * done;
        header(b, length, SCM_RIGHTS);
        t.memory().copyOut(b, 0, length, address);
        return Math.min(CmsghdrLayout.align(length), room);
    }

    private static void header(byte[] b, int length, int type) {
        CmsghdrLayout.len(b, 0, length);
        CmsghdrLayout.level(b, 0, SOL_SOCKET);
        CmsghdrLayout.type(b, 0, type);
    }
}
