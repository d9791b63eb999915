// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Rtnetlink.*;
import static org.jvisor.api.abi.Socket.AF_INET;
import static org.jvisor.api.abi.Socket.AF_INET6;
import static org.jvisor.api.abi.Socket.AF_UNSPEC;

import java.util.function.Consumer;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.IfaddrmsgLayout;
import org.jvisor.api.abi.IfinfomsgLayout;
import org.jvisor.api.abi.NlmsghdrLayout;

/** What is told by rtnetlink(7) about the loopback interface and its addresses, which nobody can change. */
final class RouteAnswers {

    /** No error, and the end has been said. */
    static final int DONE = -1;
    /** IFF_LOWER_UP, which requests of netdevice(7) do not tell. */
    private static final int LOWER_UP = 0x10000;
    private static final byte[] NO_HARDWARE_ADDRESS = new byte[6];
    private static final byte[] ONE_BYTE_ZERO = new byte[1];
    private static final byte[] LOOPBACK6 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

    private final int seq;
    private final int port;
    private final Consumer<NetlinkMessage> receiver;
    private final NetlinkMessage message = new NetlinkMessage();

    /** @param port whom the answers are for */
    RouteAnswers(int seq, int port, Consumer<NetlinkMessage> receiver) {
        this.seq = seq;
        this.port = port;
        this.receiver = receiver;
    }

    /**
     * Answers the request at {@code at}.
     *
     * @return 0, an errno, or {@link #DONE}
     */
    int answer(byte[] b, int at, int length, boolean admin) {
        int type = NlmsghdrLayout.type(b, at);
        boolean dump = (NlmsghdrLayout.flags(b, at) & NLM_F_DUMP) == NLM_F_DUMP;
        boolean get = (type & 3) == (RTM_GETLINK & 3);
        if (type > RTM_MAX || length < NlmsghdrLayout.SIZE + 1) {
            return type > RTM_MAX ? Errno.EOPNOTSUPP : 0;
        }
        if (!get && !admin) {
            return Errno.EPERM;
        }
        int family = b[at + NlmsghdrLayout.SIZE] & 0xff;
        switch (type) {
            case RTM_GETLINK -> {
                if (!dump) {
                    return isLoopback(b, at, length) ? link(0) : Errno.ENODEV;
                }
                link(NLM_F_MULTI);
            }
            case RTM_GETADDR -> {
                if (!dump) {
                    return Errno.EOPNOTSUPP;
                }
                addresses(family);
            }
            case RTM_GETROUTE -> {
                if (!dump) {
                    return Errno.EOPNOTSUPP;
                }
                // There are none: what is sent goes to the loopback by itself.
            }
            default -> {
                return Errno.EOPNOTSUPP;
            }
        }
        int body = message.begin(NLMSG_DONE, NLM_F_MULTI, seq, port, Integer.BYTES);
        Bytes.putInt(message.bytes, body, 0);
        receiver.accept(message);
        return DONE;
    }

    /** By its index or its name. */
    private static boolean isLoopback(byte[] b, int at, int length) {
        int attributes = at + NlmsghdrLayout.SIZE + IfinfomsgLayout.SIZE;
        if (attributes > at + length) {
            return false;
        }
        int index = IfinfomsgLayout.index(b, at + NlmsghdrLayout.SIZE);
        if (index != 0) {
            return index == Loopback.INDEX;
        }
        for (int p = attributes; p + 4 <= at + length;) {
            int own = Bytes.getUnsignedShort(b, p);
            if (own < 4 || own > at + length - p) {
                return false;
            }
            if (Bytes.getUnsignedShort(b, p + 2) == IFLA_IFNAME) {
                return Bytes.getString(b, p + 4, own - 4).equals(Loopback.NAME);
            }
            p += align(own);
        }
        return false;
    }

    private int link(int flags) {
        int body = message.begin(RTM_NEWLINK, flags, seq, port, IfinfomsgLayout.SIZE);
        IfinfomsgLayout.type(message.bytes, body, Loopback.TYPE);
        IfinfomsgLayout.index(message.bytes, body, Loopback.INDEX);
        IfinfomsgLayout.flags(message.bytes, body, Loopback.FLAGS | LOWER_UP);
        message.add(IFLA_IFNAME, Loopback.NAME).add(IFLA_TXQLEN, Loopback.QUEUE_LENGTH).add(IFLA_OPERSTATE, ONE_BYTE_ZERO)
                .add(IFLA_LINKMODE, ONE_BYTE_ZERO).add(IFLA_MTU, Loopback.MTU).add(IFLA_QDISC, "noqueue")
                .add(IFLA_ADDRESS, NO_HARDWARE_ADDRESS).add(IFLA_BROADCAST, NO_HARDWARE_ADDRESS);
        receiver.accept(message);
        return 0;
    }

    private void addresses(int family) {
        if (family == AF_UNSPEC || family == AF_INET) {
            byte[] address = new byte[4];
            Bytes.putIntBigEndian(address, 0, Loopback.ADDRESS);
            begin(AF_INET, Loopback.PREFIX);
            message.add(IFA_ADDRESS, address).add(IFA_LOCAL, address).add(IFA_LABEL, Loopback.NAME)
                    .add(IFA_FLAGS, IFA_F_PERMANENT);
            receiver.accept(message);
        }
        if (family == AF_UNSPEC || family == AF_INET6) {
            begin(AF_INET6, 8 * LOOPBACK6.length);
            message.add(IFA_ADDRESS, LOOPBACK6).add(IFA_FLAGS, IFA_F_PERMANENT);
            receiver.accept(message);
        }
    }

    private void begin(int family, int prefix) {
        int body = message.begin(RTM_NEWADDR, NLM_F_MULTI, seq, port, IfaddrmsgLayout.SIZE);
        IfaddrmsgLayout.family(message.bytes, body, family);
        IfaddrmsgLayout.prefixlen(message.bytes, body, prefix);
        IfaddrmsgLayout.flags(message.bytes, body, IFA_F_PERMANENT);
        IfaddrmsgLayout.scope(message.bytes, body, RT_SCOPE_HOST);
        IfaddrmsgLayout.index(message.bytes, body, Loopback.INDEX);
    }
}
