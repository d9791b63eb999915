// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import org.jvisor.api.vfs.ProcEntry;

/**
 * /proc/net of a network with a loopback device and nothing open. The bundles that have sockets put their own files in the
 * place of these (see {@link ProcEntry}).
 */
final class NetFiles {
    private static final String SOCKETS = "local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout"
            + " inode";
    private static final String SOCKETS6 = "local_address                         remote_address                        "
            + "st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
    private static final String DATAGRAMS = " ref pointer drops";

    private NetFiles() {
    }

    static PlainDirectory directory(ProcFileSystem fs) {
        PlainDirectory net = new PlainDirectory(fs, "net/");
        table(net, "arp", "IP address       HW type     Flags       HW address            Mask     Device", 0);
        net.file("dev", task -> Text.bytes("""
            Inter-|   Receive                                                |  Transmit
             face |bytes    packets errs drop fifo frame compressed multicast\
            |bytes    packets errs drop fifo colls carrier compressed
                lo:       0       0    0    0    0     0          0         0\
                    0       0    0    0    0     0       0          0
            """));
        table(net, "dev_mcast", "", 0);
        net.file("if_inet6", task -> Text.bytes("00000000000000000000000000000001 01 80 10 80       lo\n"));
        table(net, "igmp", "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter", 0);
        table(net, "netlink", "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode", 0);
        table(net, "packet", "sk               RefCnt Type Proto  Iface R Rmem   User   Inode", 0);
        table(net, "ptype", "Type Device      Function", 0);
        table(net, "raw", "  sl  " + SOCKETS + DATAGRAMS, 0);
        table(net, "raw6", "  sl  " + SOCKETS6 + DATAGRAMS, 0);
        table(net, "route", "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT", 127);
        net.file("sockstat", task -> Text.bytes("""
            sockets: used 0
            TCP: inuse 0 orphan 0 tw 0 alloc 0 mem 0
            UDP: inuse 0 mem 0
            UDPLITE: inuse 0
            RAW: inuse 0
            FRAG: inuse 0 memory 0
            """));
        table(net, "tcp", "  sl  " + SOCKETS, 149);
        table(net, "tcp6", "  sl  " + SOCKETS6, 0);
        table(net, "udp", "   sl  " + SOCKETS + DATAGRAMS, 127);
        table(net, "udp6", "  sl  " + SOCKETS6 + DATAGRAMS, 0);
        table(net, "unix", "Num       RefCount Protocol Flags    Type St Inode Path", 0);
        return net;
    }

    /** A table without lines, whose heading Linux pads to {@code width}. */
    private static void table(PlainDirectory net, String name, String heading, int width) {
        byte[] text = heading.isEmpty() ? new byte[0] : new Text().left(heading, width).add('\n').bytes();
        net.file(name, task -> text);
    }
}
