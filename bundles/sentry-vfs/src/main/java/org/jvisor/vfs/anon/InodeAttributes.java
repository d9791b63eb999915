// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs.anon;

import org.jvisor.api.abi.Clock;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.SetAttributes;

/** Mode, owner and times of an inode of the core's own (inode(7)), whose monitor guards them. */
public final class InodeAttributes {

    private int mode;
    private int uid;
    private int gid;
    private long atimeNs;
    private long mtimeNs;
    private long ctimeNs;

    /** @param nowNs as CLOCK_REALTIME has it, here and elsewhere */
    public InodeAttributes(int mode, int uid, int gid, long nowNs) {
        this.mode = mode;
        this.uid = uid;
        this.gid = gid;
        atimeNs = nowNs;
        mtimeNs = nowNs;
        ctimeNs = nowNs;
    }

    /** What {@link #save} wrote. */
    public InodeAttributes(StateRecord record) {
        mode = record.requireInt("mode");
        uid = record.requireInt("uid");
        gid = record.requireInt("gid");
        atimeNs = record.requireLong("atimeNs");
        mtimeNs = record.requireLong("mtimeNs");
        ctimeNs = record.requireLong("ctimeNs");
    }

    /** Adds them to a record. */
    public StateRecord save(StateRecord record) {
        return record.put("mode", mode).put("uid", uid).put("gid", gid).put("atimeNs", atimeNs).put("mtimeNs", mtimeNs)
                .put("ctimeNs", ctimeNs);
    }

    public int mode() {
        return mode;
    }

    public int uid() {
        return uid;
    }

    public int gid() {
        return gid;
    }

    /** Fills in what stat(2) tells of them. */
    public void stat(Stat stat) {
        stat.mode = mode;
        stat.uid = uid;
        stat.gid = gid;
        stat.setAtime(atimeNs / Clock.NSEC_PER_SEC, (int) (atimeNs % Clock.NSEC_PER_SEC));
        stat.setMtime(mtimeNs / Clock.NSEC_PER_SEC, (int) (mtimeNs % Clock.NSEC_PER_SEC));
        stat.setCtime(ctimeNs / Clock.NSEC_PER_SEC, (int) (ctimeNs % Clock.NSEC_PER_SEC));
    }

    /** What is in the file has changed. */
    void modified(long nowNs) {
        mtimeNs = nowNs;
        ctimeNs = nowNs;
    }

    /** All of the changes but the size. */
    public void change(SetAttributes changes, long nowNs) {
        int valid = changes.valid;
        if ((valid & SetAttributes.MODE) != 0) {
            mode = mode & Mode.S_IFMT | changes.mode & Mode.PERMISSIONS;
        }
        if ((valid & SetAttributes.UID) != 0) {
            uid = changes.uid;
        }
        if ((valid & SetAttributes.GID) != 0) {
            gid = changes.gid;
        }
        if ((valid & SetAttributes.ATIME) != 0) {
            atimeNs = (valid & SetAttributes.ATIME_NOW) != 0 ? nowNs
                    : changes.atimeSeconds * Clock.NSEC_PER_SEC + changes.atimeNanos;
        }
        if ((valid & SetAttributes.MTIME) != 0) {
            mtimeNs = (valid & SetAttributes.MTIME_NOW) != 0 ? nowNs
                    : changes.mtimeSeconds * Clock.NSEC_PER_SEC + changes.mtimeNanos;
        }
        ctimeNs = nowNs;
    }
}
