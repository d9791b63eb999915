// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.p9;

/**
 * Writes requests, ready to be sent but for their tag, which the channel gives. What a request means is said where 9P2000.L, as
 * diod's protocol description and Linux have it, does not say it.
 */
public final class P9Requests {

    /** Which attributes a Tsetattr changes, and to what; {@code valid} has P9.SETATTR_* bits. */
    public static final class Changes {
        public int valid;
        public int mode;
        public int uid;
        public int gid;
        public long size;
        public long atimeSeconds;
        public long atimeNanos;
        public long mtimeSeconds;
        public long mtimeNanos;

        /** What follows Tsetattr's fid. */
        public void read(P9Message m) {
            valid = m.getInt();
            mode = m.getInt();
            uid = m.getInt();
            gid = m.getInt();
            size = m.getLong();
            atimeSeconds = m.getLong();
            atimeNanos = m.getLong();
            mtimeSeconds = m.getLong();
            mtimeNanos = m.getLong();
        }
    }

    private P9Requests() {
    }

    /** {@code Tversion msize[4] version[s]} */
    public static void version(P9Message m, int messageSize, String version) {
        m.start(P9.TVERSION).putInt(messageSize).putString(version).finish();
        m.setTag(P9.NOTAG);
    }

    /** {@code Tauth afid[4] uname[s] aname[s] n_uname[4]} */
    public static void auth(P9Message m, int authFid, String user, String tree, int uid) {
        m.start(P9.TAUTH).putInt(authFid).putString(user).putString(tree).putInt(uid).finish();
    }

    /** {@code Tattach fid[4] afid[4] uname[s] aname[s] n_uname[4]} */
    public static void attach(P9Message m, int fid, int authFid, String user, String tree, int uid) {
        m.start(P9.TATTACH).putInt(fid).putInt(authFid).putString(user).putString(tree).putInt(uid).finish();
    }

    /** {@code Tflush oldtag[2]} */
    public static void flush(P9Message m, int oldTag) {
        m.start(P9.TFLUSH).putShort(oldTag).finish();
    }

    /** {@code Twalk fid[4] newfid[4] nwname[2] nwname*(wname[s])} */
    public static void walk(P9Message m, int fid, int newFid, String[] names, int first, int count) {
        m.start(P9.TWALK).putInt(fid).putInt(newFid).putShort(count);
        for (int i = 0; i < count; i++) {
            m.putString(names[first + i]);
        }
        m.finish();
    }

    /** {@code Tread fid[4] offset[8] count[4]} */
    public static void read(P9Message m, int fid, long offset, int count) {
        m.start(P9.TREAD).putInt(fid).putLong(offset).putInt(count).finish();
    }

    /** {@code Twrite fid[4] offset[8] count[4] data[count]} */
    public static void write(P9Message m, int fid, long offset, byte[] data, int from, int count) {
        m.start(P9.TWRITE).putInt(fid).putLong(offset).putInt(count).putBytes(data, from, count).finish();
    }

    /** {@code Tclunk fid[4]} */
    public static void clunk(P9Message m, int fid) {
        m.start(P9.TCLUNK).putInt(fid).finish();
    }

    /** {@code Tremove fid[4]} */
    public static void remove(P9Message m, int fid) {
        m.start(P9.TREMOVE).putInt(fid).finish();
    }

    /** {@code Tstatfs fid[4]} */
    public static void statfs(P9Message m, int fid) {
        m.start(P9.TSTATFS).putInt(fid).finish();
    }

    /** {@code Tlopen fid[4] flags[4]} */
    public static void lopen(P9Message m, int fid, int flags) {
        m.start(P9.TLOPEN).putInt(fid).putInt(flags).finish();
    }

    /** {@code Tlcreate fid[4] name[s] flags[4] mode[4] gid[4]} */
    public static void lcreate(P9Message m, int fid, String name, int flags, int mode, int gid) {
        m.start(P9.TLCREATE).putInt(fid).putString(name).putInt(flags).putInt(mode).putInt(gid).finish();
    }

    /** {@code Tsymlink dfid[4] name[s] symtgt[s] gid[4]} */
    public static void symlink(P9Message m, int directory, String name, String target, int gid) {
        m.start(P9.TSYMLINK).putInt(directory).putString(name).putString(target).putInt(gid).finish();
    }

    /** {@code Tmknod dfid[4] name[s] mode[4] major[4] minor[4] gid[4]} */
    public static void mknod(P9Message m, int directory, String name, int mode, int major, int minor, int gid) {
        m.start(P9.TMKNOD).putInt(directory).putString(name).putInt(mode).putInt(major).putInt(minor).putInt(gid).finish();
    }

    /** {@code Trename fid[4] dfid[4] name[s]} */
    public static void rename(P9Message m, int fid, int directory, String name) {
        m.start(P9.TRENAME).putInt(fid).putInt(directory).putString(name).finish();
    }

    /** {@code Treadlink fid[4]} */
    public static void readlink(P9Message m, int fid) {
        m.start(P9.TREADLINK).putInt(fid).finish();
    }

    /** {@code Tgetattr fid[4] request_mask[8]} */
    public static void getattr(P9Message m, int fid, long mask) {
        m.start(P9.TGETATTR).putInt(fid).putLong(mask).finish();
    }

    /**
     * {@code Tsetattr fid[4] valid[4] mode[4] uid[4] gid[4] size[8] atime_sec[8] atime_nsec[8] mtime_sec[8] mtime_nsec[8]}
     */
    public static void setattr(P9Message m, int fid, Changes changes) {
        putChanges(m.start(P9.TSETATTR), fid, changes);
    }

    /** {@code Txattrwalk fid[4] newfid[4] name[s]} */
    public static void xattrwalk(P9Message m, int fid, int newFid, String name) {
        m.start(P9.TXATTRWALK).putInt(fid).putInt(newFid).putString(name).finish();
    }

    /** {@code Txattrcreate fid[4] name[s] attr_size[8] flags[4]} */
    public static void xattrcreate(P9Message m, int fid, String name, long size, int flags) {
        m.start(P9.TXATTRCREATE).putInt(fid).putString(name).putLong(size).putInt(flags).finish();
    }

    /** {@code Treaddir fid[4] offset[8] count[4]} */
    public static void readdir(P9Message m, int fid, long offset, int count) {
        m.start(P9.TREADDIR).putInt(fid).putLong(offset).putInt(count).finish();
    }

    /** {@code Tfsync fid[4] datasync[4]} */
    public static void fsync(P9Message m, int fid, boolean dataOnly) {
        m.start(P9.TFSYNC).putInt(fid).putInt(dataOnly ? 1 : 0).finish();
    }

    /** {@code Tlock fid[4] type[1] flags[4] start[8] length[8] proc_id[4] client_id[s]} */
    public static void lock(P9Message m, int fid, int type, int flags, long start, long length, int process, String client) {
        m.start(P9.TLOCK).putInt(fid).putByte(type).putInt(flags).putLong(start).putLong(length).putInt(process).putString(client)
                .finish();
    }

    /** {@code Tgetlock fid[4] type[1] start[8] length[8] proc_id[4] client_id[s]} */
    public static void getlock(P9Message m, int fid, int type, long start, long length, int process, String client) {
        m.start(P9.TGETLOCK).putInt(fid).putByte(type).putLong(start).putLong(length).putInt(process).putString(client).finish();
    }

    /** {@code Tlink dfid[4] fid[4] name[s]} */
    public static void link(P9Message m, int directory, int fid, String name) {
        m.start(P9.TLINK).putInt(directory).putInt(fid).putString(name).finish();
    }

    /** {@code Tmkdir dfid[4] name[s] mode[4] gid[4]} */
    public static void mkdir(P9Message m, int directory, String name, int mode, int gid) {
        m.start(P9.TMKDIR).putInt(directory).putString(name).putInt(mode).putInt(gid).finish();
    }

    /** {@code Trenameat olddirfid[4] oldname[s] newdirfid[4] newname[s]} */
    public static void renameat(P9Message m, int oldDirectory, String oldName, int newDirectory, String newName) {
        m.start(P9.TRENAMEAT).putInt(oldDirectory).putString(oldName).putInt(newDirectory).putString(newName).finish();
    }

    /** {@code Tunlinkat dirfd[4] name[s] flags[4]} */
    public static void unlinkat(P9Message m, int directory, String name, int flags) {
        m.start(P9.TUNLINKAT).putInt(directory).putString(name).putInt(flags).finish();
    }

    // ---- 9P2000.L.jvisor

    /**
     * {@code Twalkattr fid[4] nwname[2] nwname*(newfid[4] wname[s])}: walks from name to name, each in what the one before led
     * to, and ends early at what is no directory or has no such name. Each step's file gets its {@code newfid}, which must not be
     * in use, or none when that is NOFID.
     */
    public static void walkattr(P9Message m, int fid, int[] newFids, String[] names, int first, int count) {
        m.start(P9.TWALKATTR).putInt(fid).putShort(count);
        for (int i = 0; i < count; i++) {
            m.putInt(newFids[i]).putString(names[first + i]);
        }
        m.finish();
    }

    /**
     * {@code Treaddirattr fid[4] offset[8] count[4]}: entries from {@code offset} (0 for the first, or an entry's) on, without
     * "." and "..". The directory need not be open.
     */
    public static void readdirattr(P9Message m, int fid, long offset, int count) {
        m.start(P9.TREADDIRATTR).putInt(fid).putLong(offset).putInt(count).finish();
    }

    /**
     * {@code Topenfd fid[4] flags[4]}: opens a regular file and sends the descriptor; the fid stays as it is. Of the flags only
     * the access mode, O_TRUNC, O_SYNC and O_DSYNC count.
     */
    public static void openfd(P9Message m, int fid, int flags) {
        m.start(P9.TOPENFD).putInt(fid).putInt(flags).finish();
    }

    /**
     * {@code Tcreatefd dfid[4] newfid[4] name[s] flags[4] mode[4] uid[4] gid[4]}: makes a regular file that was not there, opens
     * it and sends the descriptor. With an empty name the file has none (O_TMPFILE).
     */
    public static void createfd(P9Message m, int directory, int newFid, String name, int flags, int mode, int uid, int gid) {
        m.start(P9.TCREATEFD).putInt(directory).putInt(newFid).putString(name).putInt(flags).putInt(mode).putInt(uid).putInt(gid)
                .finish();
    }

    /**
     * {@code Tmake dfid[4] newfid[4] name[s] mode[4] major[4] minor[4] uid[4] gid[4] target[s]}: makes a directory, symbolic
     * link, fifo, socket or whiteout, as the type in {@code mode} says.
     */
    public static void make(P9Message m, int directory, int newFid, String name, int mode, int major, int minor, int uid, int gid,
            String target) {
        m.start(P9.TMAKE).putInt(directory).putInt(newFid).putString(name).putInt(mode).putInt(major).putInt(minor).putInt(uid)
                .putInt(gid).putString(target).finish();
    }

    /** {@code Trenameat2 olddirfid[4] oldname[s] newdirfid[4] newname[s] flags[4]}, flags as in renameat2(2). */
    public static void renameat2(P9Message m, int oldDirectory, String oldName, int newDirectory, String newName, int flags) {
        m.start(P9.TRENAMEAT2).putInt(oldDirectory).putString(oldName).putInt(newDirectory).putString(newName).putInt(flags)
                .finish();
    }

    /** {@code Tclunkmany n[2] n*(fid[4])}: those that are unknown are passed over. */
    public static void clunkmany(P9Message m, int[] fids, int count) {
        m.start(P9.TCLUNKMANY).putShort(count);
        for (int i = 0; i < count; i++) {
            m.putInt(fids[i]);
        }
        m.finish();
    }

    /** {@code Tgetxattr fid[4] name[s]}; an empty name lists the names, each with a NUL behind it. */
    public static void getxattr(P9Message m, int fid, String name) {
        m.start(P9.TGETXATTR).putInt(fid).putString(name).finish();
    }

    /** {@code Tsetxattr fid[4] name[s] flags[4] size[4] data[size]} */
    public static void setxattr(P9Message m, int fid, String name, int flags, byte[] value) {
        m.start(P9.TSETXATTR).putInt(fid).putString(name).putInt(flags).putInt(value.length).putBytes(value, 0, value.length)
                .finish();
    }

    /** {@code Tremovexattr fid[4] name[s]} */
    public static void removexattr(P9Message m, int fid, String name) {
        m.start(P9.TREMOVEXATTR).putInt(fid).putString(name).finish();
    }

    /** {@code Tsetattrget fid[4] …}, the rest as Tsetattr: answered with the attributes as they are then. */
    public static void setattrget(P9Message m, int fid, Changes changes) {
        putChanges(m.start(P9.TSETATTRGET), fid, changes);
    }

    private static void putChanges(P9Message m, int fid, Changes c) {
        m.putInt(fid).putInt(c.valid).putInt(c.mode).putInt(c.uid).putInt(c.gid).putLong(c.size);
        m.putLong(c.atimeSeconds).putLong(c.atimeNanos).putLong(c.mtimeSeconds).putLong(c.mtimeNanos).finish();
    }
}
