// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.mm;

import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.osgi.annotation.versioning.ProviderType;

/** The System V shared memory (sysvipc(7)) of one namespace. Any thread. */
@ProviderType
public interface SharedSegments {

    /** The segment of a key, or null. */
    Segment find(int key);

    /** The segment of an identifier, or null. */
    Segment get(int id);

    /** The segment at an index of the kernel's array (shmctl(2) SHM_STAT), or null. */
    Segment at(int index);

    /** The segment whose memory {@code object} is, of another namespace perhaps, or null. */
    Segment of(Mappable object);

    /** The highest index in use, or -1. */
    int highestIndex();

    int count();

    /**
     * Makes a segment, which no other has the key of; IPC_PRIVATE has no other.
     *
     * @param payer who is charged for it
     * @param mode permission bits
     * @param nowSeconds realtime
     * @return null when somebody else has just made one of this key
     * @throws org.jvisor.api.abi.ErrnoException ENOSPC above SHMMNI
     */
    Segment create(Cgroup payer, int key, long bytes, int mode, Credentials creator, int pid, long nowSeconds);

    /** IPC_RMID: its key is free at once, the segment goes with its last attachment. */
    void remove(Segment segment);

    /** The namespace is gone: removes all there are. */
    void removeAll();

    /** A segment. */
    @ProviderType
    interface Segment {

        int id();

        /** IPC_PRIVATE (0) once it is removed. */
        int key();

        long bytes();

        Memory.SharedMemory memory();

        /** Mappings of it. */
        int attached();

        boolean removed();

        Attributes attributes();
    }

    /** What IPC_STAT tells and IPC_SET changes. */
    final class Attributes {
        /** Guards all the others. */
        public final Mutex lock = new Mutex(LockRank.IPC);
        public int uid;
        public int gid;
        public int creatorUid;
        public int creatorGid;
        /** Permission bits and SHM_LOCKED. */
        public int mode;
        public int creatorPid;
        public int lastPid;
        public long attachSeconds;
        public long detachSeconds;
        public long changeSeconds;
    }
}
