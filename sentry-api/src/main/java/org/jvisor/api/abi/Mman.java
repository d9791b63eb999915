// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** Numbers for mmap(2), mprotect(2), mremap(2), madvise(2), msync(2), mlockall(2), memfd_create(2) and mincore(2). */
public final class Mman {
    // Protection
    public static final int PROT_NONE = 0x0;
    public static final int PROT_READ = 0x1;
    public static final int PROT_WRITE = 0x2;
    public static final int PROT_EXEC = 0x4;
    public static final int PROT_SEM = 0x8;
    public static final int PROT_GROWSDOWN = 0x1000000;
    public static final int PROT_GROWSUP = 0x2000000;

    // Flags of mmap(2)
    public static final int MAP_SHARED = 0x1;
    public static final int MAP_PRIVATE = 0x2;
    public static final int MAP_SHARED_VALIDATE = 0x3;
    public static final int MAP_TYPE = 0xf; // mask of the three above
    public static final int MAP_FIXED = 0x10;
    public static final int MAP_ANONYMOUS = 0x20;
    public static final int MAP_32BIT = 0x40; // below 2 GB
    public static final int MAP_GROWSDOWN = 0x100;
    public static final int MAP_DENYWRITE = 0x800;
    public static final int MAP_EXECUTABLE = 0x1000;
    public static final int MAP_LOCKED = 0x2000;
    public static final int MAP_NORESERVE = 0x4000;
    public static final int MAP_POPULATE = 0x8000;
    public static final int MAP_NONBLOCK = 0x10000;
    public static final int MAP_STACK = 0x20000;
    public static final int MAP_HUGETLB = 0x40000;
    public static final int MAP_SYNC = 0x80000;
    public static final int MAP_FIXED_NOREPLACE = 0x100000;
    public static final int MAP_UNINITIALIZED = 0x4000000;

    // Huge page size, in the upper bits of the flags: its logarithm
    public static final int MAP_HUGE_SHIFT = 26;
    public static final int MAP_HUGE_MASK = 63;
    public static final int MAP_HUGE_2MB = 0x54000000;
    public static final int MAP_HUGE_1GB = 0x78000000;

    // Flags of mremap(2)
    public static final int MREMAP_MAYMOVE = 0x1;
    public static final int MREMAP_FIXED = 0x2;
    public static final int MREMAP_DONTUNMAP = 0x4;

    // Advice of madvise(2)
    public static final int MADV_NORMAL = 0;
    public static final int MADV_RANDOM = 1;
    public static final int MADV_SEQUENTIAL = 2;
    public static final int MADV_WILLNEED = 3;
    public static final int MADV_DONTNEED = 4;
    public static final int MADV_FREE = 8;
    public static final int MADV_REMOVE = 9;
    public static final int MADV_DONTFORK = 10;
    public static final int MADV_DOFORK = 11;
    public static final int MADV_MERGEABLE = 12;
    public static final int MADV_UNMERGEABLE = 13;
    public static final int MADV_HUGEPAGE = 14;
    public static final int MADV_NOHUGEPAGE = 15;
    public static final int MADV_DONTDUMP = 16;
    public static final int MADV_DODUMP = 17;
    public static final int MADV_WIPEONFORK = 18;
    public static final int MADV_KEEPONFORK = 19;
    public static final int MADV_COLD = 20;
    public static final int MADV_PAGEOUT = 21;
    public static final int MADV_POPULATE_READ = 22;
    public static final int MADV_POPULATE_WRITE = 23;
    public static final int MADV_DONTNEED_LOCKED = 24;
    public static final int MADV_COLLAPSE = 25;
    public static final int MADV_HWPOISON = 100;
    public static final int MADV_SOFT_OFFLINE = 101;

    // Flags of msync(2)
    public static final int MS_ASYNC = 0x1;
    public static final int MS_INVALIDATE = 0x2;
    public static final int MS_SYNC = 0x4;

    // Flags of mlockall(2) and mlock2(2)
    public static final int MCL_CURRENT = 0x1;
    public static final int MCL_FUTURE = 0x2;
    public static final int MCL_ONFAULT = 0x4;
    public static final int MLOCK_ONFAULT = 0x1;

    // Flags of memfd_create(2)
    public static final int MFD_CLOEXEC = 0x1;
    public static final int MFD_ALLOW_SEALING = 0x2;
    public static final int MFD_HUGETLB = 0x4;
    public static final int MFD_NOEXEC_SEAL = 0x8; // Linux 6.3
    public static final int MFD_EXEC = 0x10;

    // Protection keys of pkey_alloc(2)
    public static final int PKEY_DISABLE_ACCESS = 0x1;
    public static final int PKEY_DISABLE_WRITE = 0x2;

    // Policies and flags of set_mempolicy(2), mbind(2), get_mempolicy(2)
    public static final int MPOL_DEFAULT = 0x0;
    public static final int MPOL_PREFERRED = 0x1;
    public static final int MPOL_BIND = 0x2;
    public static final int MPOL_INTERLEAVE = 0x3;
    public static final int MPOL_LOCAL = 0x4;
    public static final int MPOL_PREFERRED_MANY = 0x5;
    public static final int MPOL_F_STATIC_NODES = 0x8000;
    public static final int MPOL_F_RELATIVE_NODES = 0x4000;
    public static final int MPOL_F_NUMA_BALANCING = 0x2000;
    public static final int MPOL_F_NODE = 0x1;
    public static final int MPOL_F_ADDR = 0x2;
    public static final int MPOL_F_MEMS_ALLOWED = 0x4;
    public static final int MPOL_MF_STRICT = 0x1;
    public static final int MPOL_MF_MOVE = 0x2;
    public static final int MPOL_MF_MOVE_ALL = 0x4;

    // Pages
    public static final int PAGE_SHIFT = 12;
    public static final int PAGE_SIZE = 4096;
    public static final int HUGE_PAGE_SIZE = 2097152;

    /** End of the addresses a program may have with 4-level paging: TASK_SIZE of the kernel. */
    public static final long TASK_SIZE = 0x7fff_ffff_f000L;

    private Mman() {
    }
}
