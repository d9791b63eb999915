// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.p9;

/**
 * Writes replies. Each begins with {@code start} of the reply's type and a maximum; the tag is the request's. Replies without
 * fields (Rflush, Rclunk, Rremove, Rrename, Rsetattr, Rxattrcreate, Rfsync, Rlink, Rrenameat, Runlinkat, Rrenameat2, Rclunkmany,
 * Rsetxattr, Rremovexattr) are {@link #empty}; those that are just {@code qid[13]} (Rauth, Rattach, Rsymlink, Rmknod, Rmkdir) or
 * just {@code attr} (Ropenfd, Rcreatefd, Rmake, Rsetattrget) are {@link #qid} and {@link #attributes}.
 */
public final class P9Replies {

    private P9Replies() {
    }

    /** {@code Rlerror ecode[4]} */
    public static void error(P9Message m, int errno) {
        m.start(P9.RLERROR).putInt(errno).finish();
    }

    public static void empty(P9Message m, int type) {
        m.start(type).finish();
    }

    public static void qid(P9Message m, int type, P9Attributes attributes) {
        m.start(type);
        attributes.writeQid(m);
        m.finish();
    }

    /** {@code attr}, see {@link P9Attributes}. */
    public static void attributes(P9Message m, int type, P9Attributes attributes) {
        m.start(type);
        attributes.write(m);
        m.finish();
    }

    /** {@code Rversion msize[4] version[s]} */
    public static void version(P9Message m, int messageSize, String version) {
        m.start(P9.TVERSION + 1).putInt(messageSize).putString(version).finish();
    }

    /** {@code Rlopen qid[13] iounit[4]}, and Rlcreate. */
    public static void opened(P9Message m, int type, P9Attributes attributes, int ioUnit) {
        m.start(type);
        attributes.writeQid(m);
        m.putInt(ioUnit).finish();
    }

    /** {@code Rgetattr valid[8] attr gen[8] data_version[8]} */
    public static void getattr(P9Message m, long valid, P9Attributes attributes) {
        m.start(P9.TGETATTR + 1).putLong(valid);
        attributes.write(m);
        m.putLong(0).putLong(0).finish();
    }

    /** {@code Rxattrwalk size[8]} */
    public static void xattrwalk(P9Message m, long size) {
        m.start(P9.TXATTRWALK + 1).putLong(size).finish();
    }

    /** {@code Rwrite count[4]} */
    public static void write(P9Message m, int count) {
        m.start(P9.TWRITE + 1).putInt(count).finish();
    }

    /** {@code Rlock status[1]} */
    public static void lock(P9Message m, int status) {
        m.start(P9.TLOCK + 1).putByte(status).finish();
    }

    /** {@code Rgetlock type[1] start[8] length[8] proc_id[4] client_id[s]} */
    public static void getlock(P9Message m, int type, long start, long length, int process, String client) {
        m.start(P9.TGETLOCK + 1).putByte(type).putLong(start).putLong(length).putInt(process).putString(client).finish();
    }

    /**
     * {@code Rstatfs type[4] bsize[4] blocks[8] bfree[8] bavail[8] files[8] ffree[8] fsid[8] namelen[4]}
     */
    public static void statfs(P9Message m, int type, int blockSize, long blocks, long blocksFree, long blocksAvailable,
            long files, long filesFree, long id, int nameLength) {
        m.start(P9.TSTATFS + 1).putInt(type).putInt(blockSize).putLong(blocks).putLong(blocksFree).putLong(blocksAvailable);
        m.putLong(files).putLong(filesFree).putLong(id).putInt(nameLength).finish();
    }

    /** {@code Rreadlink target[s]} */
    public static void readlink(P9Message m, byte[] target, int length) {
        m.start(P9.TREADLINK + 1).putString(target, 0, length).finish();
    }

    /**
     * Begins a reply that is a count of bytes and the bytes, to be ended by {@link #finishData}: Rread, {@code Rreaddir} with
     * entries {@code qid[13] offset[8] type[1] name[s]}, and Rgetxattr.
     */
    public static void startData(P9Message m, int type, int maximum) {
        m.start(type, maximum).putInt(0);
    }

    public static void finishData(P9Message m) {
        m.setInt(P9Message.HEADER, m.position() - P9Message.HEADER - 4);
        m.finish();
    }

    /**
     * {@code Rreaddirattr end[1] count[4] data[count]}, the data being entries {@code attr offset[8] name[s]}; to be ended by
     * {@link #finishReaddirattr}. {@code end} is 1 when there are no further entries.
     */
    public static void startReaddirattr(P9Message m, int maximum) {
        m.start(P9.TREADDIRATTR + 1, maximum).putByte(0).putInt(0);
    }

    public static void finishReaddirattr(P9Message m, boolean end) {
        m.setByte(P9Message.HEADER, end ? 1 : 0);
        m.setInt(P9Message.HEADER + 1, m.position() - P9Message.HEADER - 5);
        m.finish();
    }

    /** {@code Rwalk nwqid[2] nwqid*(qid[13])}, to be ended by {@link #finishWalk}. */
    public static void startWalk(P9Message m) {
        m.start(P9.TWALK + 1).putShort(0);
    }

    public static void finishWalk(P9Message m, int steps) {
        m.setShort(P9Message.HEADER, steps);
        m.finish();
    }

    /**
     * {@code Rwalkattr error[4] n[2] n*(attr)}, to be ended by {@link #finishWalkattr}. The error is why the step after the last
     * one failed, 0 when all names were walked or the last one's file is no directory.
     */
    public static void startWalkattr(P9Message m) {
        m.start(P9.TWALKATTR + 1).putInt(0).putShort(0);
    }

    public static void finishWalkattr(P9Message m, int error, int steps) {
        m.setInt(P9Message.HEADER, error);
        m.setShort(P9Message.HEADER + 4, steps);
        m.finish();
    }
}
