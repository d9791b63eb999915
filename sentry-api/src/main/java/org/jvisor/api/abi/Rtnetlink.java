// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** Numbers of netlink(7) and rtnetlink(7). */
public final class Rtnetlink {
    // Types of messages of every protocol
    public static final int NLMSG_ERROR = 2;
    public static final int NLMSG_DONE = 3;
    /** Those below are not a protocol's own. */
    public static final int NLMSG_MIN_TYPE = 0x10;

    // Flags
    public static final int NLM_F_REQUEST = 1;
    public static final int NLM_F_MULTI = 2;
    public static final int NLM_F_ACK = 4;
    public static final int NLM_F_CAPPED = 0x100;
    public static final int NLM_F_DUMP = 0x300;

    // Types of rtnetlink's messages, by fours: new, delete, get, set
    public static final int RTM_NEWLINK = 16;
    public static final int RTM_GETLINK = 18;
    public static final int RTM_NEWADDR = 20;
    public static final int RTM_GETADDR = 22;
    public static final int RTM_GETROUTE = 26;
    public static final int RTM_MAX = 127;

    // Attributes of a link
    public static final int IFLA_ADDRESS = 1;
    public static final int IFLA_BROADCAST = 2;
    public static final int IFLA_IFNAME = 3;
    public static final int IFLA_MTU = 4;
    public static final int IFLA_QDISC = 6;
    public static final int IFLA_TXQLEN = 13;
    public static final int IFLA_OPERSTATE = 16;
    public static final int IFLA_LINKMODE = 17;

    // Attributes of an address
    public static final int IFA_ADDRESS = 1;
    public static final int IFA_LOCAL = 2;
    public static final int IFA_LABEL = 3;
    public static final int IFA_FLAGS = 8;
    public static final int IFA_F_PERMANENT = 0x80;
    public static final int RT_SCOPE_HOST = 254;

    private Rtnetlink() {
    }

    /** Lengths of messages and attributes are made a multiple of 4. */
    public static int align(int length) {
        return length + 3 & ~3;
    }
}
