// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct cmsghdr} of cmsg(3). The data follow it; the next one starts at the next multiple of 8. */
public final class CmsghdrLayout {
    public static final int SIZE = 16;

    public static final int LEN = 0; // u64, with this header
    public static final int LEVEL = 8; // s32
    public static final int TYPE = 12; // s32

    private CmsghdrLayout() {
    }

    public static long len(byte[] b, int off) {
        return Bytes.getLong(b, off + LEN);
    }

    public static void len(byte[] b, int off, long value) {
        Bytes.putLong(b, off + LEN, value);
    }

    public static int level(byte[] b, int off) {
        return Bytes.getInt(b, off + LEVEL);
    }

    public static void level(byte[] b, int off, int value) {
        Bytes.putInt(b, off + LEVEL, value);
    }

    public static int type(byte[] b, int off) {
        return Bytes.getInt(b, off + TYPE);
    }

    public static void type(byte[] b, int off, int value) {
        Bytes.putInt(b, off + TYPE, value);
    }

    /** CMSG_ALIGN. */
    public static long align(long length) {
        return length + 7 & ~7L;
    }

    /** CMSG_LEN: a header and so many bytes of data. */
    public static long length(long dataLength) {
        return SIZE + dataLength;
    }

    /** CMSG_SPACE: the same with padding. */
    public static long space(long dataLength) {
        return SIZE + align(dataLength);
    }
}
