// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

/** Attributes to change, those whose bit is in {@link #valid}. */
public final class SetAttributes {
    public static final int MODE = 1;
    public static final int UID = 2;
    public static final int GID = 4;
    public static final int SIZE = 8;
    public static final int ATIME = 16;
    public static final int MTIME = 32;
    /** With ATIME or MTIME: the time of the change, not one that the caller chose. */
    public static final int ATIME_NOW = 64;
    public static final int MTIME_NOW = 128;

    public int valid;
    /** Permission bits, without type. */
    public int mode;
    public int uid;
    public int gid;
    public long size;
    public long atimeSeconds;
    public int atimeNanos;
    public long mtimeSeconds;
    public int mtimeNanos;
}
