// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;

import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.IfreqLayout;
import org.jvisor.api.abi.SockaddrInLayout;
import org.jvisor.api.kernel.Task;

/** The one interface that there is: what it is like, and the requests of netdevice(7) about it. */
final class Loopback {

    static final String NAME = "lo";
    static final int INDEX = 1;
    static final int MTU = 65536;
    static final int QUEUE_LENGTH = 1000;
    /** IFF_UP | IFF_LOOPBACK | IFF_RUNNING. */
    static final int FLAGS = 0x49;
    /** ARPHRD_LOOPBACK. */
    static final int TYPE = 772;
    /** 127.0.0.1, and the bits of its network. */
    static final int ADDRESS = 0x7f000001;
    static final int PREFIX = 8;

    private Loopback() {
    }

    /** netdevice(7). -ENOTTY: not one of them. */
    static long ioctl(Task task, int command, long argument) {
        if (command == SIOCGIFCONF) {
            return configuration(task, argument);
        }
        if (command < SIOCGIFNAME || command > SIOCGIFMAP) {
            return -Errno.ENOTTY;
        }
        byte[] b = task.scratch();
        task.memory().copyIn(argument, b, 0, IfreqLayout.SIZE);
        if (command == SIOCGIFNAME) {
            if (IfreqLayout.ifindex(b, 0) != INDEX) {
                return -Errno.ENODEV;
            }
            Bytes.putString(b, 0, 16, NAME);
            task.memory().copyOut(b, 0, IfreqLayout.SIZE, argument);
            return 0;
        }
        if (!Bytes.getString(b, 0, 16).equals(NAME)) {
            return -Errno.ENODEV;
        }
        Bytes.zero(b, IfreqLayout.DATA, 24);
        switch (command) {
            case SIOCGIFFLAGS -> Bytes.putShort(b, IfreqLayout.FLAGS, FLAGS);
            case SIOCGIFADDR -> address(b, IfreqLayout.DATA, ADDRESS);
            case SIOCGIFNETMASK -> address(b, IfreqLayout.DATA, -1 << Integer.SIZE - PREFIX);
            case SIOCGIFBRDADDR, SIOCGIFDSTADDR -> address(b, IfreqLayout.DATA, 0);
            case SIOCGIFMTU -> Bytes.putInt(b, IfreqLayout.DATA, MTU);
            case SIOCGIFINDEX -> IfreqLayout.ifindex(b, 0, INDEX);
            case SIOCGIFMETRIC -> Bytes.putInt(b, IfreqLayout.DATA, 0);
            case SIOCGIFTXQLEN -> Bytes.putInt(b, IfreqLayout.DATA, QUEUE_LENGTH);
            case SIOCGIFHWADDR -> Bytes.putShort(b, IfreqLayout.DATA, TYPE);
            case SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK, SIOCSIFMTU -> {
                return -Errno.EPERM;
            }
            default -> {
                return -Errno.ENOTTY;
            }
        }
        task.memory().copyOut(b, 0, IfreqLayout.SIZE, argument);
        return 0;
    }

    private static void address(byte[] b, int off, int ipv4) {
        SockaddrInLayout.family(b, off, AF_INET);
        SockaddrInLayout.addr(b, off, ipv4);
    }

    /** struct ifconf: a length and a pointer to that many bytes of struct ifreq. */
    private static long configuration(Task task, long argument) {
        int length = task.memory().getInt(argument);
        long buffer = task.memory().getLong(argument + 8);
        if (buffer != 0 && length >= IfreqLayout.SIZE) {
            byte[] b = task.scratch();
            Bytes.zero(b, 0, IfreqLayout.SIZE);
            Bytes.putString(b, 0, 16, NAME);
            address(b, IfreqLayout.DATA, ADDRESS);
            task.memory().copyOut(b, 0, IfreqLayout.SIZE, buffer);
        }
        task.memory().putInt(argument, buffer == 0 || length >= IfreqLayout.SIZE ? IfreqLayout.SIZE : 0);
        return 0;
    }
}
