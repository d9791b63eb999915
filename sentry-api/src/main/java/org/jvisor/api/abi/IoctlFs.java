// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** ioctls of files and file systems, and the parts of an ioctl number; see ioctl(2). */
public final class IoctlFs {
    // Files
    public static final int FIBMAP = 0x1;
    public static final int FIGETBSZ = 0x2;
    public static final int FIFREEZE = 0xc0045877;
    public static final int FITHAW = 0xc0045878;
    public static final int FITRIM = 0xc0185879;
    public static final int FICLONE = 0x40049409;
    public static final int FICLONERANGE = 0x4020940d;
    public static final int FIDEDUPERANGE = 0xc0189436;
    public static final int FS_IOC_FIEMAP = 0xc020660b;
    public static final int FS_IOC_GETFLAGS = 0x80086601;
    public static final int FS_IOC_SETFLAGS = 0x40086602;
    public static final int FS_IOC_GETVERSION = 0x80087601;
    public static final int FS_IOC_FSGETXATTR = 0x801c581f;
    public static final int FS_IOC_FSSETXATTR = 0x401c5820;
    public static final int FS_IOC_ENABLE_VERITY = 0x40806685;
    public static final int FS_IOC_MEASURE_VERITY = 0xc0046686;

    // Flags of FS_IOC_GETFLAGS
    public static final int FS_IMMUTABLE_FL = 0x10;
    public static final int FS_APPEND_FL = 0x20;
    public static final int FS_NOATIME_FL = 0x80;
    public static final int FS_VERITY_FL = 0x100000;
    public static final int FS_EXTENT_FL = 0x80000;

    // Block devices
    public static final int BLKGETSIZE = 0x1260;
    public static final int BLKGETSIZE64 = 0x80081272;
    public static final int BLKSSZGET = 0x1268;
    public static final int BLKFLSBUF = 0x1261;
    public static final int BLKROGET = 0x125e;

    // Namespaces: ioctl_ns(2)
    public static final int NS_GET_USERNS = 0xb701;
    public static final int NS_GET_PARENT = 0xb702;
    public static final int NS_GET_NSTYPE = 0xb703;
    public static final int NS_GET_OWNER_UID = 0xb704;

    // Tunnels: /dev/net/tun
    public static final int TUNSETIFF = 0x400454ca;
    public static final int TUNGETIFF = 0x800454d2;
    public static final int TUNGETFEATURES = 0x800454cf;
    public static final int TUNSETPERSIST = 0x400454cb;
    public static final int TUNSETOWNER = 0x400454cc;
    public static final int IFF_TUN = 0x1;
    public static final int IFF_TAP = 0x2;
    public static final int IFF_NO_PI = 0x1000;

    // /dev/random
    public static final int RNDGETENTCNT = 0x80045200;
    public static final int RNDADDTOENTCNT = 0x40045201;
    public static final int RNDADDENTROPY = 0x40085203;

    // Parts of an ioctl number: direction, size, type, number
    public static final int IOC_NRBITS = 8;
    public static final int IOC_TYPEBITS = 8;
    public static final int IOC_SIZEBITS = 14;
    public static final int IOC_NRSHIFT = 0;
    public static final int IOC_TYPESHIFT = 8;
    public static final int IOC_SIZESHIFT = 16;
    public static final int IOC_DIRSHIFT = 30;
    public static final int IOC_NONE = 0;
    public static final int IOC_WRITE = 1;
    public static final int IOC_READ = 2;

    /** The size of the argument, as the ioctl number has it. */
    public static int size(int request) {
        return request >>> IOC_SIZESHIFT & (1 << IOC_SIZEBITS) - 1;
    }

    private IoctlFs() {
    }
}
