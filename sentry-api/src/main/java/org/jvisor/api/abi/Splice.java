// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** Flags of splice(2), tee(2), vmsplice(2), preadv2(2) and pipe2(2). */
public final class Splice {
    // Flags of splice(2)
    public static final int SPLICE_F_MOVE = 0x1;
    public static final int SPLICE_F_NONBLOCK = 0x2;
    public static final int SPLICE_F_MORE = 0x4;
    public static final int SPLICE_F_GIFT = 0x8;

    // Flags of preadv2(2)
    public static final int RWF_HIPRI = 0x1;
    public static final int RWF_DSYNC = 0x2;
    public static final int RWF_SYNC = 0x4;
    public static final int RWF_NOWAIT = 0x8;
    public static final int RWF_APPEND = 0x10;
    public static final int RWF_SUPPORTED = 0x1f;

    // Flags of sync_file_range(2)
    public static final int SYNC_FILE_RANGE_WAIT_BEFORE = 0x1;
    public static final int SYNC_FILE_RANGE_WRITE = 0x2;
    public static final int SYNC_FILE_RANGE_WAIT_AFTER = 0x4;

    // Sizes
    public static final int PIPE_BUF = 4096; // written at once or not at all
    public static final int PIPE_DEF_SIZE = 65536;
    public static final int PIPE_MAX_SIZE = 1048576;
    public static final int IOV_MAX = 1024;
    public static final int MAX_RW_COUNT = 2147479552; // longest transfer of one call

    private Splice() {
    }
}
