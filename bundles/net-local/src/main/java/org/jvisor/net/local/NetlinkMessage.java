// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import java.nio.charset.StandardCharsets;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.NlmsghdrLayout;
import org.jvisor.api.abi.Rtnetlink;

/** A message of the kernel's, as it is put together: a header, the protocol's own, and attributes (netlink(7), rtnetlink(7)). */
final class NetlinkMessage {

    private static final int ATTRIBUTE_HEADER = 4;

    final byte[] bytes = new byte[1024];
    private int length;

    /**
     * @param body bytes of the protocol's own header
     * @return where that begins
     */
    int begin(int type, int flags, int seq, int pid, int body) {
        Bytes.zero(bytes, 0, bytes.length);
        NlmsghdrLayout.type(bytes, 0, type);
        NlmsghdrLayout.flags(bytes, 0, flags);
        NlmsghdrLayout.seq(bytes, 0, seq);
        NlmsghdrLayout.pid(bytes, 0, pid);
        length = NlmsghdrLayout.SIZE + Rtnetlink.align(body);
        return NlmsghdrLayout.SIZE;
    }

    NetlinkMessage add(int type, byte[] value) {
        Bytes.putShort(bytes, length, ATTRIBUTE_HEADER + value.length);
        Bytes.putShort(bytes, length + 2, type);
        System.arraycopy(value, 0, bytes, length + ATTRIBUTE_HEADER, value.length);
        length += ATTRIBUTE_HEADER + Rtnetlink.align(value.length);
        return this;
    }

    NetlinkMessage add(int type, String value) {
        return add(type, (value + '\0').getBytes(StandardCharsets.ISO_8859_1));
    }

    NetlinkMessage add(int type, int value) {
        byte[] b = new byte[4];
        Bytes.putInt(b, 0, value);
        return add(type, b);
    }

    /** Bytes that follow as they are. */
    NetlinkMessage append(byte[] source, int offset, int count) {
        System.arraycopy(source, offset, bytes, length, count);
        length += Rtnetlink.align(count);
        return this;
    }

    /** It is complete; its length. */
    int end() {
        NlmsghdrLayout.len(bytes, 0, length);
        return length;
    }
}
