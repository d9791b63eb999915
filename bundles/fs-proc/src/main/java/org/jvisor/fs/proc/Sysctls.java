// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Utsname;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.NetSysctl;
import org.jvisor.api.kernel.SysctlValues;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.UtsNamespace;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.PseudoFile;

/**
 * /proc/sys (proc(5), sysctl(8)). Values below net/ are the network namespace's, and sockets go by those of {@link NetSysctl}; the
 * others are one for the sandbox. Of these, those that can be written are tunables that nothing here depends on: programs set them
 * and read them back; what the sandbox really limits is read-only.
 */
final class Sysctls {
    private static final long INT_MAX = Integer.MAX_VALUE;
    /** ULONG_MAX - 2^24: no limit. */
    private static final String SHM_MAX = "18446744073692774399";

    /** What was set belongs to the kernel, or to a namespace. */
    private final SysctlValues ofKernel;
    /** By path below /proc/sys. */
    private final Map<String, Sysctl> all = new LinkedHashMap<>();

    /** A value: its text without the newline, and how it is set; null: not at all. */
    private record Sysctl(Function<Task, String> get, Setter set) {}

    @FunctionalInterface
    private interface Setter {
        /** 0 or a negative errno. */
        long set(Task task, String value);
    }

    Sysctls(Kernel kernel) {
        ofKernel = kernel.sysctls();
        kernel(kernel);
        fileSystems();
        memory();
        network();
        all.put("abi/vsyscall32", fixed("0"));
        all.put("debug/exception-trace", fixed("1"));
        number("user/max_user_namespaces", 0, 0, INT_MAX);
        number("user/max_inotify_instances", 128, 0, INT_MAX);
        number("user/max_inotify_watches", 65536, 0, INT_MAX);
    }

    private void kernel(Kernel kernel) {
        all.put("kernel/ostype", fixed("Linux"));
        all.put("kernel/osrelease", new Sysctl(task -> kernel.options().release(), null));
        all.put("kernel/version", fixed(Kernel.VERSION));
        all.put("kernel/hostname", name(UtsNamespace::hostname, UtsNamespace::setHostname));
        all.put("kernel/domainname", name(UtsNamespace::domainname, UtsNamespace::setDomainname));
        all.put("kernel/arch", fixed("x86_64"));
        all.put("kernel/pid_max", fixed("32768"));
        all.put("kernel/threads-max", fixed("32768"));
        all.put("kernel/ngroups_max", fixed("65536"));
        all.put("kernel/cap_last_cap", fixed(Integer.toString(Long.bitCount(Credentials.ALL_CAPABILITIES)
                - 1)));
        all.put("kernel/overflowuid", fixed("65534"));
        all.put("kernel/overflowgid", fixed("65534"));
        all.put("kernel/random/boot_id", new Sysctl(task -> kernel.bootId(), null));
        all.put("kernel/random/uuid", new Sysctl(task -> kernel.randomUuid(), null));
        all.put("kernel/random/entropy_avail", fixed("256"));
        all.put("kernel/random/poolsize", fixed("256"));
        all.put("kernel/random/urandom_min_reseed_secs", fixed("60"));
        number("kernel/random/write_wakeup_threshold", 256, 0, INT_MAX);
        all.put("kernel/tainted", fixed("0"));
        all.put("kernel/sched_rr_timeslice_ms", fixed("100"));
        all.put("kernel/io_uring_disabled", fixed("2"));
        all.put("kernel/keys/maxkeys", fixed("200"));
        all.put("kernel/keys/maxbytes", fixed("20000"));
        all.put("kernel/seccomp/actions_avail", fixed("kill_process kill_thread trap errno user_notif trace log allow"));
        all.put("kernel/yama/ptrace_scope", fixed("0"));
        text("kernel/core_pattern", "core");
        number("kernel/core_uses_pid", 0, 0, 1);
        number("kernel/core_pipe_limit", 0, 0, INT_MAX);
        number("kernel/randomize_va_space", 2, 0, 2);
        text("kernel/printk", "4\t4\t1\t7");
        number("kernel/dmesg_restrict", 0, 0, 1);
        number("kernel/kptr_restrict", 1, 0, 2);
        number("kernel/panic", 0, 0, INT_MAX);
        number("kernel/panic_on_oops", 0, 0, 1);
        number("kernel/perf_event_paranoid", 3, -1, 4);
        number("kernel/sched_autogroup_enabled", 0, 0, 1);
        number("kernel/sched_child_runs_first", 0, 0, 1);
        number("kernel/sched_rt_period_us", 1_000_000, 1, INT_MAX);
        number("kernel/sched_rt_runtime_us", 950_000, -1, INT_MAX);
        number("kernel/unprivileged_bpf_disabled", 2, 0, 2);
        number("kernel/sysrq", 0, 0, 511);
        text("kernel/shmmax", SHM_MAX);
        text("kernel/shmall", SHM_MAX);
        number("kernel/shmmni", 4096, 0, 32768);
        number("kernel/shm_rmid_forced", 0, 0, 1);
        number("kernel/msgmax", 8192, 0, INT_MAX);
        number("kernel/msgmnb", 16384, 0, INT_MAX);
        number("kernel/msgmni", 32000, 0, 32768);
        text("kernel/sem", "32000\t1024000000\t500\t32000");
        number("kernel/pty/max", 4096, 0, INT_MAX);
        all.put("kernel/pty/nr", fixed("0"));
    }

    private void fileSystems() {
        number("fs/aio-max-nr", 65536, 0, Long.MAX_VALUE);
        all.put("fs/aio-nr", fixed("0"));
        all.put("fs/dentry-state", fixed("0\t0\t45\t0\t0\t0"));
        number("fs/epoll/max_user_watches", 1_048_576, 0, Long.MAX_VALUE);
        number("fs/file-max", Long.MAX_VALUE, 0, Long.MAX_VALUE);
        all.put("fs/file-nr", fixed("0\t0\t" + Long.MAX_VALUE));
        all.put("fs/inode-nr", fixed("0\t0"));
        all.put("fs/inode-state", fixed("0\t0\t0\t0\t0\t0\t0"));
        number("fs/inotify/max_queued_events", 16384, 0, INT_MAX);
        number("fs/inotify/max_user_instances", 128, 0, INT_MAX);
        number("fs/inotify/max_user_watches", 65536, 0, INT_MAX);
        number("fs/lease-break-time", 45, 0, INT_MAX);
        number("fs/leases-enable", 1, 0, 1);
        number("fs/mount-max", 100_000, 1, INT_MAX);
        number("fs/mqueue/msg_default", 10, 1, 65536);
        number("fs/mqueue/msg_max", 10, 1, 65536);
        number("fs/mqueue/msgsize_default", 8192, 128, 16_777_216);
        number("fs/mqueue/msgsize_max", 8192, 128, 16_777_216);
        number("fs/mqueue/queues_max", 256, 0, INT_MAX);
        number("fs/nr_open", 1_048_576, 64, INT_MAX);
        number("fs/overflowuid", 65534, 0, 65535);
        number("fs/overflowgid", 65534, 0, 65535);
        all.put("fs/pipe-max-size", fixed("1048576"));
        number("fs/pipe-user-pages-hard", 0, 0, Long.MAX_VALUE);
        number("fs/pipe-user-pages-soft", 16384, 0, Long.MAX_VALUE);
        all.put("fs/protected_fifos", fixed("0"));
        all.put("fs/protected_hardlinks", fixed("1"));
        all.put("fs/protected_regular", fixed("0"));
        all.put("fs/protected_symlinks", fixed("1"));
        number("fs/suid_dumpable", 0, 0, 2);
    }

    private void memory() {
        number("vm/admin_reserve_kbytes", 8192, 0, Long.MAX_VALUE);
        number("vm/compaction_proactiveness", 20, 0, 100);
        number("vm/dirty_background_bytes", 0, 0, Long.MAX_VALUE);
        number("vm/dirty_background_ratio", 10, 0, 100);
        number("vm/dirty_bytes", 0, 0, Long.MAX_VALUE);
        number("vm/dirty_expire_centisecs", 3000, 0, INT_MAX);
        number("vm/dirty_ratio", 20, 0, 100);
        number("vm/dirty_writeback_centisecs", 500, 0, INT_MAX);
        all.put("vm/drop_caches", new Sysctl(task -> "0", (task, value) -> parse(value) == null ? -Errno.EINVAL : 0));
        number("vm/legacy_va_layout", 0, 0, 1);
        all.put("vm/lowmem_reserve_ratio", fixed("256\t256\t32\t0\t0"));
        number("vm/max_map_count", 65530, 0, INT_MAX);
        number("vm/memfd_noexec", 0, 0, 2);
        number("vm/min_free_kbytes", 11489, 0, INT_MAX);
        all.put("vm/mmap_min_addr", fixed("65536"));
        all.put("vm/mmap_rnd_bits", fixed("28"));
        all.put("vm/nr_hugepages", fixed("0"));
        all.put("vm/nr_overcommit_hugepages", fixed("0"));
        number("vm/oom_dump_tasks", 1, 0, 1);
        number("vm/oom_kill_allocating_task", 0, 0, 1);
        number("vm/overcommit_kbytes", 0, 0, Long.MAX_VALUE);
        number("vm/overcommit_memory", 0, 0, 2);
        number("vm/overcommit_ratio", 50, 0, INT_MAX);
        number("vm/page-cluster", 3, 0, 31);
        number("vm/panic_on_oom", 0, 0, 2);
        number("vm/stat_interval", 1, 0, INT_MAX);
        number("vm/swappiness", 60, 0, 200);
        all.put("vm/unprivileged_userfaultfd", fixed("0"));
        number("vm/user_reserve_kbytes", 131_072, 0, Long.MAX_VALUE);
        number("vm/vfs_cache_pressure", 100, 0, INT_MAX);
        number("vm/zone_reclaim_mode", 0, 0, INT_MAX);
    }

    private void network() {
        for (NetSysctl one : NetSysctl.values()) {
            number(one.path(), one.initial(), one.lowest(), one.highest());
        }
        number("net/core/netdev_max_backlog", 1000, 0, INT_MAX);
        number("net/ipv4/ip_forward", 0, 0, 1);
        portRange();
        number("net/ipv4/ip_nonlocal_bind", 0, 0, 1);
        text("net/ipv4/ping_group_range", "1\t0");
        all.put("net/ipv4/tcp_allowed_congestion_control", fixed("reno cubic"));
        all.put("net/ipv4/tcp_available_congestion_control", fixed("reno cubic"));
        text("net/ipv4/tcp_congestion_control", "cubic");
        number("net/ipv4/tcp_fin_timeout", 60, 1, INT_MAX);
        number("net/ipv4/tcp_max_syn_backlog", 1024, 0, INT_MAX);
        text("net/ipv4/tcp_rmem", "4096\t131072\t6291456");
        number("net/ipv4/tcp_sack", 1, 0, 1);
        number("net/ipv4/tcp_syncookies", 1, 0, 2);
        number("net/ipv4/tcp_timestamps", 1, 0, 2);
        number("net/ipv4/tcp_tw_reuse", 2, 0, 2);
        number("net/ipv4/tcp_window_scaling", 1, 0, 1);
        text("net/ipv4/tcp_wmem", "4096\t16384\t4194304");
        number("net/ipv6/conf/all/disable_ipv6", 0, 0, 1);
        number("net/ipv6/conf/default/disable_ipv6", 0, 0, 1);
        number("net/ipv6/conf/lo/disable_ipv6", 0, 0, 1);
    }

    /** The tree for one mounted instance. */
    PlainDirectory directory(ProcFileSystem fs) {
        PlainDirectory root = new PlainDirectory(fs, "sys/");
        all.forEach((path, sysctl) -> {
            PlainDirectory directory = root;
            String[] names = path.split("/");
            for (int i = 0; i < names.length - 1; i++) {
                directory = directory.directory(names[i]);
            }
            directory.add(names[names.length - 1], file(fs, sysctl));
        });
        return root;
    }

    private static Inode file(ProcFileSystem fs, Sysctl sysctl) {
        PseudoFile.Source source = task -> Text.bytes(sysctl.get.apply(task) + "\n");
        if (sysctl.set == null) {
            return new PseudoFile(fs, fs.newIno(), 0444, source);
        }
        return new PseudoFile(fs, fs.newIno(), 0644, source,
                (task, data) -> task.hasCapability(Capability.CAP_SYS_ADMIN) ? sysctl.set.set(task, line(data)) : -Errno.EPERM);
    }

    /** What was written up to a newline or NUL. */
    private static String line(byte[] data) {
        String value = Text.string(data);
        int end = 0;
        while (end < value.length() && value.charAt(end) != '\n' && value.charAt(end) != '\0') {
            end++;
        }
        return value.substring(0, end);
    }

    private static Sysctl fixed(String value) {
        return new Sysctl(task -> value, null);
    }

    private static Sysctl name(Function<UtsNamespace, String> get, BiConsumer<UtsNamespace, String> set) {
        return new Sysctl(task -> get.apply(task.uts()), (task, value) -> {
            set.accept(task.uts(), value.substring(0, Math.min(Utsname.UTS_NAME_MAX, value.length())));
            return 0;
        });
    }

    private SysctlValues values(Task task, String path) {
        return path.startsWith("net/") ? task.namespaces().net().sysctls() : ofKernel;
    }

    private void portRange() {
        String path = NetSysctl.PORT_RANGE;
        all.put(path, new Sysctl(task -> values(task, path).get(path, NetSysctl.PORT_RANGE_INITIAL), (task, value) -> {
            String[] words = value.strip().split("\\s+");
            Long first = parse(words[0]);
            Long last = words.length == 2 ? parse(words[1]) : null;
            if (first == null || last == null || first < 1 || last > 65_535 || first > last) {
                return -Errno.EINVAL;
            }
            values(task, path).set(path, first + "\t" + last);
            return 0;
        }));
    }

    private void number(String path, long initial, long lowest, long highest) {
        String unset = Long.toString(initial);
        all.put(path, new Sysctl(task -> values(task, path).get(path, unset), (task, value) -> {
            Long number = parse(value);
            if (number == null || number < lowest || number > highest) {
                return -Errno.EINVAL;
            }
            values(task, path).set(path, number.toString());
            return 0;
        }));
    }

    private void text(String path, String initial) {
        all.put(path, new Sysctl(task -> values(task, path).get(path, initial), (task, value) -> {
            // Numbers in a row come back with tabs between them.
            values(task, path).set(path, value.matches("[-0-9\\s]+") ? value.strip().replaceAll("\\s+", "\t") : value);
            return 0;
        }));
    }

    private static Long parse(String value) {
        return ProcessText.number(Text.bytes(value));
    }
}
