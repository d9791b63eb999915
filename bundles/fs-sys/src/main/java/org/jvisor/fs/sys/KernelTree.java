// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.sys;

/** The rest: what the kernel says about itself, and directories that programs mount on or look for. */
final class KernelTree {

    private KernelTree() {
    }

    static void addTo(SysDirectory root) {
        SysDirectory kernel = root.directory("kernel");
        kernel.file("address_bits", 64).file("cpu_byteorder", "little").file("fscaps", 1).file("profiling", 0)
                .file("uevent_seqnum", 0);
        for (String mountPoint : new String[] {"kernel/config", "kernel/debug", "kernel/security", "kernel/tracing",
            "fs/bpf", "fs/cgroup", "fs/fuse/connections", "fs/pstore"}) {
            root.directory(mountPoint);
        }
        SysDirectory pages = kernel.directory("mm/transparent_hugepage");
        pages.file("defrag", "always defer defer+madvise madvise [never]").file("enabled", "always madvise [never]")
                .file("hpage_pmd_size", 2_097_152).file("shmem_enabled", "always within_size advise [never] deny force")
                .file("use_zero_page", 1);
        SysDirectory huge = kernel.directory("mm/hugepages/hugepages-2048kB");
        for (String name : new String[] {"free_hugepages", "nr_hugepages", "nr_hugepages_mempolicy", "nr_overcommit_hugepages",
            "resv_hugepages", "surplus_hugepages"}) {
            huge.file(name, 0);
        }
        root.directory("firmware");
        root.directory("module/kernel/parameters");
        root.directory("power");
        root.directory("bus/platform/devices");
        root.directory("class/misc");
    }
}
