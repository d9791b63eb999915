// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct statfs} of statfs(2). */
public final class StatfsLayout {
    public static final int SIZE = 120;

    public static final int TYPE = 0; // s64
    public static final int BSIZE = 8; // s64
    public static final int BLOCKS = 16; // s64
    public static final int BFREE = 24; // s64
    public static final int BAVAIL = 32; // s64
    public static final int FILES = 40; // s64
    public static final int FFREE = 48; // s64
    public static final int FSID = 56; // 8 bytes
    public static final int NAMELEN = 64; // s64
    public static final int FRSIZE = 72; // s64
    public static final int FLAGS = 80; // s64

    private StatfsLayout() {
    }

    /** Writes the whole structure. */
    public static void write(byte[] b, int off, Statfs s) {
        Bytes.putLong(b, off + TYPE, s.type);
        Bytes.putLong(b, off + BSIZE, s.blockSize);
        Bytes.putLong(b, off + BLOCKS, s.blocks);
        Bytes.putLong(b, off + BFREE, s.blocksFree);
        Bytes.putLong(b, off + BAVAIL, s.blocksAvailable);
        Bytes.putLong(b, off + FILES, s.files);
        Bytes.putLong(b, off + FFREE, s.filesFree);
        Bytes.putLong(b, off + FSID, s.fsid);
        Bytes.putLong(b, off + NAMELEN, s.nameLength);
        Bytes.putLong(b, off + FRSIZE, s.blockSize);
        Bytes.putLong(b, off + FLAGS, s.flags | Mount.ST_VALID);
        Bytes.zero(b, off + FLAGS + 8, SIZE - FLAGS - 8);
    }

    /** Reads what the host's statfs(2) wrote. */
    public static void read(byte[] b, int off, Statfs s) {
        s.type = Bytes.getLong(b, off + TYPE);
        s.blockSize = Bytes.getLong(b, off + BSIZE);
        s.blocks = Bytes.getLong(b, off + BLOCKS);
        s.blocksFree = Bytes.getLong(b, off + BFREE);
        s.blocksAvailable = Bytes.getLong(b, off + BAVAIL);
        s.files = Bytes.getLong(b, off + FILES);
        s.filesFree = Bytes.getLong(b, off + FFREE);
        s.fsid = Bytes.getLong(b, off + FSID);
        s.nameLength = Bytes.getLong(b, off + NAMELEN);
        s.flags = Bytes.getLong(b, off + FLAGS);
    }
}
