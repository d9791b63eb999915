// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** What statfs(2) says about a mounted file system. Plain and reusable: the caller owns one, the file system fills it in. */
public final class Statfs {
    public long type; // FsMagic
    public long blockSize = 4096; // bytes; the blocks below are of this size
    public long blocks;
    public long blocksFree;
    public long blocksAvailable; // to users without CAP_SYS_RESOURCE
    public long files;
    public long filesFree;
    public long fsid;
    public long nameLength = 255;
    public long flags; // Mount.ST_*; the vfs adds those of the mount
}
