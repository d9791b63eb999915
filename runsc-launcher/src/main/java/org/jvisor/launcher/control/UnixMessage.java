// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.control;

import org.jvisor.api.abi.CmsghdrLayout;
import org.jvisor.api.abi.IovecLayout;
import org.jvisor.api.abi.MsghdrLayout;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.host.HostKernel;

/**
 * A {@code struct msghdr} with one range of data and room for descriptors (cmsg(3)), all in one piece of the host's memory:
 * header, iovec, control, data.
 */
final class UnixMessage implements AutoCloseable {
    private static final int IOV = MsghdrLayout.SIZE;
    private static final int CONTROL = IOV + IovecLayout.SIZE;
    private static final int CONTROL_BYTES = CmsghdrLayout.SIZE + 256 * 4;
    private static final int DATA = CONTROL + CONTROL_BYTES;

    private final HostKernel host;
    private final long at;
    private int room;
    /** Bytes of control data that came. */
    private long kept;

    UnixMessage(HostKernel host, int bytes) {
        this.host = host;
        this.at = host.allocate((long) DATA + bytes);
        host.putLong(at + MsghdrLayout.IOV, at + IOV);
        host.putLong(at + MsghdrLayout.IOVLEN, 1);
    }

    long address() {
        return at;
    }

    long data() {
        return at + DATA;
    }

    /** What the next call sends or receives; the room for descriptors is as it was asked for. */
    void range(long address, int bytes) {
        host.putLong(at + IOV + IovecLayout.BASE, address);
        host.putLong(at + IOV + IovecLayout.LEN, bytes);
        host.putLong(at + MsghdrLayout.CONTROL, room == 0 ? 0 : at + CONTROL);
        host.putLong(at + MsghdrLayout.CONTROLLEN, room);
    }

    void putDescriptors(int... descriptors) {
        room = 0;
        if (descriptors.length > 0) {
            int length = CmsghdrLayout.SIZE + 4 * descriptors.length;
            host.putLong(at + CONTROL + CmsghdrLayout.LEN, length);
            host.putInt(at + CONTROL + CmsghdrLayout.LEVEL, Socket.SOL_SOCKET);
            host.putInt(at + CONTROL + CmsghdrLayout.TYPE, Socket.SCM_RIGHTS);
            for (int i = 0; i < descriptors.length; i++) {
                host.putInt(at + CONTROL + CmsghdrLayout.SIZE + 4 * i, descriptors[i]);
            }
            room = length + 7 & -8;
        }
    }

    void expectDescriptors(int most) {
        kept = 0;
        room = CmsghdrLayout.SIZE + 4 * most + 7 & -8;
    }

    /** After a call: from here on its descriptors are what {@link #descriptors} tells, and further ones are not taken. Allocates nothing. */
    void keepDescriptors() {
        if (room > 0) {
            room = 0;
            kept = host.getLong(at + MsghdrLayout.CONTROLLEN);
        }
    }

    /** Those that came. */
    int[] descriptors() {
        if (kept < CmsghdrLayout.SIZE || host.getInt(at + CONTROL + CmsghdrLayout.LEVEL) != Socket.SOL_SOCKET
            || host.getInt(at + CONTROL + CmsghdrLayout.TYPE) != Socket.SCM_RIGHTS) {
            return new int[0];
        }
        int count = (int) (host.getLong(at + CONTROL + CmsghdrLayout.LEN) - CmsghdrLayout.SIZE) / 4;
        int[] found = new int[count];
        for (int i = 0; i < count; i++) {
            found[i] = host.getInt(at + CONTROL + CmsghdrLayout.SIZE + 4 * i);
        }
        return found;
    }

    @Override
    public void close() {
        host.free(at);
    }
}
