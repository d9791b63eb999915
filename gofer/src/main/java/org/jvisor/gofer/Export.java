// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

/** A tree that one connection serves. */
final class Export {
    /** Inode numbers have fewer bits than this on nearly all file systems. */
    private static final int INODE_BITS = 48;

    private final int root;
    private final boolean readOnly;

    /** Devices of mounts within the tree, the root's first; guarded by this. */
    private long[] devices = new long[4];

    private int deviceCount;
    private volatile long rootDevice;

    /** @param root O_PATH descriptor of the tree's root, which may be any kind of file */
    Export(int root, boolean readOnly) {
        this.root = root;
        this.readOnly = readOnly;
    }

    int root() {
        return root;
    }

    boolean isReadOnly() {
        return readOnly;
    }

    /**
     * A number that no other file of the tree has: the inode number, and for files of further devices, mounted within the tree,
     * the device's place in the upper bits.
     */
    long qidPath(long device, long inode) {
        return device == rootDevice ? inode : inode ^ (long) indexOf(device) << INODE_BITS;
    }

    private synchronized int indexOf(long device) {
        for (int i = 0; i < deviceCount; i++) {
            if (devices[i] == device) {
                return i;
            }
        }
        if (deviceCount == devices.length) {
            long[] more = new long[deviceCount * 2];
            System.arraycopy(devices, 0, more, 0, deviceCount);
            devices = more;
        }
        if (deviceCount == 0) {
            rootDevice = device;
        }
        devices[deviceCount] = device;
        return deviceCount++;
    }
}
