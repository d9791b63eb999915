// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;

import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.LingerLayout;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Termios;
import org.jvisor.api.abi.TimevalLayout;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.NetNamespace;
import org.jvisor.api.kernel.NetSysctl;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.net.Socket;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.wait.WaitQueue;

/** What all sockets of this bundle have in common: the options of SOL_SOCKET (socket(7)), reading and writing by send and receive. */
abstract class LocalSocket implements Socket, Stateful {

    /** struct sockaddr_storage. */
    static final int MAX_ADDRESS = 128;
    /** Of SO_SNDBUF, what a datagram or record of AF_UNIX cannot be of. */
    static final int RESERVED = 32;
    private static final int MIN_SEND_BUFFER = 4608;
    private static final int MIN_RECEIVE_BUFFER = 2304;
    /** Whatever the namespace's settings say. */
    private static final int MAX_BUFFER = 8 << 20;

    /** What the socket and its buffers are charged to. */
    final Cgroup cgroup;

    /** Where its name is looked up, and others' are. */
    final NetNamespace net;

    /** The user who made it: the effective one. */
    final int owner;

    /** Guards its state. */
    final Mutex lock = new Mutex(LockRank.SOCKET);

    final int domain;
    final int type;
    final int protocol;
    final WaitQueue queue;

    volatile int sendBuffer;
    volatile int receiveBuffer;
    volatile boolean passCredentials;
    volatile boolean reuseAddress;
    volatile boolean reusePort;
    private volatile boolean keepAlive;
    private volatile boolean broadcast;
    private volatile boolean oobInline;
    private volatile boolean timestamps;
    private volatile int lingerOn;
    private volatile int lingerSeconds;
    private volatile int priority;
    private volatile int mark;
    private volatile int lowWater = 1;
    private volatile long receiveTimeoutNs = Long.MAX_VALUE;
    private volatile long sendTimeoutNs = Long.MAX_VALUE;

    /** @throws ErrnoException ENOBUFS: the container has as many as it may have (socket(2)); {@link #uncharge} else gives back */
    LocalSocket(Home home, int domain, int type, int protocol) {
        cgroup = home.cgroup();
        net = home.net();
        owner = home.owner();
        sendBuffer = Math.min(net.setting(NetSysctl.WMEM_DEFAULT), MAX_BUFFER);
        receiveBuffer = Math.min(net.setting(NetSysctl.RMEM_DEFAULT), MAX_BUFFER);
        cgroup.requireCharge(Charge.SOCKET, 1);
        this.domain = domain;
        this.type = type;
        this.protocol = protocol;
        queue = new WaitQueue();
    }

    /** The successor of another, which has been charged. */
    LocalSocket(StateRecord record) {
        cgroup = record.requireCore("cgroup", Cgroup.class);
        net = record.requireCore("net", NetNamespace.class);
        owner = record.getInt("owner", 0);
        queue = record.requireCore("queue", WaitQueue.class);
        domain = record.requireInt("domain");
        type = record.requireInt("type");
        protocol = record.requireInt("protocol");
        sendBuffer = record.getInt("sendBuffer", NetSysctl.WMEM_DEFAULT.initial());
        receiveBuffer = record.getInt("receiveBuffer", NetSysctl.RMEM_DEFAULT.initial());
        passCredentials = record.getBoolean("passCredentials", false);
        reuseAddress = record.getBoolean("reuseAddress", false);
        reusePort = record.getBoolean("reusePort", false);
        keepAlive = record.getBoolean("keepAlive", false);
        broadcast = record.getBoolean("broadcast", false);
        oobInline = record.getBoolean("oobInline", false);
        timestamps = record.getBoolean("timestamps", false);
        lingerOn = record.getInt("lingerOn", 0);
        lingerSeconds = record.getInt("lingerSeconds", 0);
        priority = record.getInt("priority", 0);
        mark = record.getInt("mark", 0);
        lowWater = record.getInt("lowWater", 1);
        receiveTimeoutNs = record.getLong("receiveTimeoutNs", Long.MAX_VALUE);
        sendTimeoutNs = record.getLong("sendTimeoutNs", Long.MAX_VALUE);
    }

    /** What is the same for all; see {@link Stateful#save}. */
    StateRecord save(String recordType) {
        return new StateRecord(recordType, 1).putCore("cgroup", cgroup).putCore("net", net).putCore("queue", queue)
                .put("owner", owner).put("domain", domain).put("type", type).put("protocol", protocol)
                .put("sendBuffer", sendBuffer).put("receiveBuffer", receiveBuffer).put("passCredentials", passCredentials)
                .put("reuseAddress", reuseAddress).put("reusePort", reusePort).put("keepAlive", keepAlive)
                .put("broadcast", broadcast).put("oobInline", oobInline).put("timestamps", timestamps)
                .put("lingerOn", lingerOn).put("lingerSeconds", lingerSeconds).put("priority", priority).put("mark", mark)
                .put("lowWater", lowWater).put("receiveTimeoutNs", receiveTimeoutNs).put("sendTimeoutNs", sendTimeoutNs);
    }

    /** Whether SO_LINGER is set, to so many seconds. */
    final boolean lingersFor(int seconds) {
        return lingerOn != 0 && lingerSeconds == seconds;
    }

    /** The socket is closed; once. */
    final void uncharge() {
        cgroup.uncharge(Charge.SOCKET, 1);
    }

    @Override
    public int domain() {
        return domain;
    }

    @Override
    public int type() {
        return type;
    }

    @Override
    public int protocol() {
        return protocol;
    }

    @Override
    public WaitQueue waitQueue() {
        return queue;
    }

    @Override
    public long timeoutNs(boolean write) {
        return write ? sendTimeoutNs : receiveTimeoutNs;
    }

    @Override
    public long read(Task task, FileDescription file, IoBuffer target, long offset) {
        // Of no bytes: takes nothing, a datagram neither, whatever the state of the socket. recv(2) is another matter.
        return target.remaining() == 0 ? 0 : receive(task, file, target, null);
    }

    @Override
    public long write(Task task, FileDescription file, IoBuffer source, long offset) {
        return send(task, file, source, null);
    }

    /** Datagrams and records are one operation each. */
    @Override
    public boolean writesAtOnce() {
        return type != SOCK_STREAM;
    }

    /** EPIPE of a stream comes with SIGPIPE unless the caller said otherwise (send(2)). */
    final long brokenPipe(Task task, Message message) {
        if (type == SOCK_STREAM && task != null && (message == null || (message.flags & MSG_NOSIGNAL) == 0)) {
            task.send(SignalInfo.user(Signals.SIGPIPE, task));
        }
        return -Errno.EPIPE;
    }

    /** SO_ERROR: what went wrong meanwhile, cleared by asking. */
    abstract int takeError();

    abstract boolean listening();

    /** Bytes that can be read now. */
    abstract int available();

    /** Options of other levels, or those of SOL_SOCKET that only some sockets have. */
    abstract long getOwnOption(Task task, int level, int option, byte[] value, int length);

    abstract long setOwnOption(Task task, int level, int option, byte[] value, int length);

    @Override
    public long ioctl(Task task, FileDescription file, int command, long argument) {
        return switch (command) {
            case Termios.FIONREAD -> {
                if (listening()) {
                    yield -Errno.EINVAL;
                }
                task.memory().putInt(argument, available());
                yield 0;
            }
            case Termios.TIOCOUTQ -> {
                task.memory().putInt(argument, 0);
                yield 0;
            }
            default -> Loopback.ioctl(task, command, argument); // of whatever family the socket is
        };
    }

    static long integer(byte[] value, int length, int number) {
        int n = Math.min(4, length);
        for (int i = 0; i < n; i++) {
            value[i] = (byte) (number >>> 8 * i);
        }
        return n;
    }

    @Override
    public final long getOption(Task task, int level, int option, byte[] value, int length) {
        if (level != SOL_SOCKET) {
            return getOwnOption(task, level, option, value, length);
        }
        return switch (option) {
            case SO_TYPE -> integer(value, length, type);
            case SO_DOMAIN -> integer(value, length, domain);
            case SO_PROTOCOL -> integer(value, length, protocol);
            case SO_ERROR -> integer(value, length, takeError());
            case SO_ACCEPTCONN -> integer(value, length, listening() ? 1 : 0);
            case SO_SNDBUF -> integer(value, length, sendBuffer);
            case SO_RCVBUF -> integer(value, length, receiveBuffer);
            case SO_REUSEADDR -> integer(value, length, reuseAddress ? 1 : 0);
            case SO_REUSEPORT -> integer(value, length, reusePort ? 1 : 0);
            case SO_KEEPALIVE -> integer(value, length, keepAlive ? 1 : 0);
            case SO_BROADCAST -> integer(value, length, broadcast ? 1 : 0);
            case SO_OOBINLINE -> integer(value, length, oobInline ? 1 : 0);
            case SO_TIMESTAMP -> integer(value, length, timestamps ? 1 : 0);
            case SO_PASSCRED -> integer(value, length, passCredentials ? 1 : 0);
            case SO_PRIORITY -> integer(value, length, priority);
            case SO_MARK -> integer(value, length, mark);
            case SO_RCVLOWAT -> integer(value, length, lowWater);
            case SO_SNDLOWAT -> integer(value, length, 1);
            case SO_DEBUG, SO_DONTROUTE,
                    SO_NO_CHECK, SO_BUSY_POLL -> integer(value, length, 0);
            case SO_LINGER -> {
                byte[] b = new byte[LingerLayout.SIZE];
                LingerLayout.onoff(b, 0, lingerOn);
                LingerLayout.linger(b, 0, lingerSeconds);
                int n = Math.min(length, b.length);
                System.arraycopy(b, 0, value, 0, n);
                yield n;
            }
            case SO_RCVTIMEO -> timeval(value, length, receiveTimeoutNs);
            case SO_SNDTIMEO -> timeval(value, length, sendTimeoutNs);
            default -> getOwnOption(task, level, option, value, length);
        };
    }

    private static long timeval(byte[] value, int length, long ns) {
        byte[] b = new byte[TimevalLayout.SIZE];
        TimevalLayout.putNs(b, 0, ns == Long.MAX_VALUE ? 0 : ns);
        int n = Math.min(length, b.length);
        System.arraycopy(b, 0, value, 0, n);
        return n;
    }

    @Override
    public final long setOption(Task task, int level, int option, byte[] value, int length) {
        if (level != SOL_SOCKET) {
            return setOwnOption(task, level, option, value, length);
        }
        switch (option) {
            case SO_RCVTIMEO, SO_SNDTIMEO -> {
                if (length < TimevalLayout.SIZE) {
                    return -Errno.EINVAL;
                }
                if (!TimevalLayout.isValid(value, 0)) {
                    return -Errno.EDOM;
                }
                long ns = TimevalLayout.toNs(value, 0);
                long timeout = ns == 0 ? Long.MAX_VALUE : ns;
                if (option == SO_RCVTIMEO) {
                    receiveTimeoutNs = timeout;
                } else {
                    sendTimeoutNs = timeout;
                }
                return 0;
            }
            case SO_LINGER -> {
                if (length < LingerLayout.SIZE) {
                    return -Errno.EINVAL;
                }
                lingerOn = LingerLayout.onoff(value, 0) != 0 ? 1 : 0;
                lingerSeconds = LingerLayout.linger(value, 0);
                return 0;
            }
            case SO_BINDTODEVICE -> {
                return length == 0 || value[0] == 0 || Bytes.getString(value, 0, length).equals("lo") ? 0 : -Errno.ENODEV;
            }
            default -> {
                if (length < 4) {
                    return -Errno.EINVAL;
                }
            }
        }
        int number = Bytes.getInt(value, 0);
        switch (option) {
            case SO_SNDBUF -> setSendBuffer(Math.min(number & 0xffffffffL, net.setting(NetSysctl.WMEM_MAX)));
            case SO_RCVBUF -> setReceiveBuffer(Math.min(number & 0xffffffffL, net.setting(NetSysctl.RMEM_MAX)));
            case SO_SNDBUFFORCE, SO_RCVBUFFORCE -> {
                if (!task.hasCapability(Capability.CAP_NET_ADMIN)) {
                    return -Errno.EPERM;
                }
                if (option == SO_SNDBUFFORCE) {
                    setSendBuffer(Math.max(number, 0));
                } else {
                    setReceiveBuffer(Math.max(number, 0));
                }
            }
            case SO_REUSEADDR -> reuseAddress = number != 0;
            case SO_REUSEPORT -> reusePort = number != 0;
            case SO_KEEPALIVE -> keepAlive = number != 0;
            case SO_BROADCAST -> broadcast = number != 0;
            case SO_OOBINLINE -> oobInline = number != 0;
            case SO_TIMESTAMP -> timestamps = number != 0;
            case SO_PASSCRED -> passCredentials = number != 0;
            case SO_RCVLOWAT -> lowWater = Math.max(1, number);
            case SO_PRIORITY -> {
                if ((number < 0 || number > 6) && !task.hasCapability(Capability.CAP_NET_ADMIN)) {
                    return -Errno.EPERM;
                }
                priority = number;
            }
            case SO_MARK -> {
                if (!task.hasCapability(Capability.CAP_NET_ADMIN)) {
                    return -Errno.EPERM;
                }
                mark = number;
            }
            case SO_DEBUG, SO_DONTROUTE,
                    SO_NO_CHECK, SO_BUSY_POLL -> { }
            case SO_TYPE, SO_PROTOCOL,
                    SO_DOMAIN, SO_ERROR,
                    SO_ACCEPTCONN, SO_PEERCRED -> {
                return -Errno.ENOPROTOOPT;
            }
            default -> {
                return setOwnOption(task, level, option, value, length);
            }
        }
        return 0;
    }

    /** Twice what was asked for, as Linux does, for the space that its book-keeping takes (socket(7)). */
    private void setSendBuffer(long bytes) {
        sendBuffer = Math.clamp(2 * bytes, MIN_SEND_BUFFER, MAX_BUFFER);
        buffersChanged();
    }

    private void setReceiveBuffer(long bytes) {
        receiveBuffer = Math.clamp(2 * bytes, MIN_RECEIVE_BUFFER, MAX_BUFFER);
        buffersChanged();
    }

    /** SO_SNDBUF or SO_RCVBUF has changed. */
    abstract void buffersChanged();
}
