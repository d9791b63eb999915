// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Utsname;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.IpcSysctl;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.NetSysctl;
import org.jvisor.api.kernel.PipeSysctl;
import org.jvisor.api.kernel.SysctlValues;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.UtsNamespace;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.Mount;
import org.jvisor.api.vfs.PseudoFile;

/**
 * /proc/sys (proc(5), sysctl(8)). Values below net/ are the network namespace's, and sockets go by those of {@link NetSysctl}; those
 * about System V objects and message queues are the IPC namespace's, and shared memory goes by those of {@link IpcSysctl}; the others
 * are one for the sandbox. Of these, those that can be written are tunables that nothing here depends on: programs set them and read
 * them back. What a container may have is read-only, and the container's.
 */
final class Sysctls {
    private static final long INT_MAX = Integer.MAX_VALUE;
    /** Text that can be set is no longer than a path of core dumps (CORENAME_MAX_SIZE). */
    private static final int MAX_TEXT = 127;

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
        all.put("kernel/threads-max", most(Charge.TASK));
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
        numbers("kernel/printk", 4, 4, 1, 7);
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
        ipc();
        all.put("kernel/pty/max", most(Charge.PTY));
        all.put("kernel/pty/nr", new Sysctl(task -> Long.toString(used(task, Charge.PTY)), null));
    }

    private void ipc() {
        unsigned(IpcSysctl.SHMMAX.path(), IpcSysctl.SHMMAX.initial());
        unsigned(IpcSysctl.SHMALL.path(), IpcSysctl.SHMALL.initial());
        number(IpcSysctl.SHMMNI.path(), Long.parseLong(IpcSysctl.SHMMNI.initial()), 0, 32768);
        number("kernel/shm_rmid_forced", 0, 0, 1);
        number("kernel/msgmax", 8192, 0, INT_MAX);
        number("kernel/msgmnb", 16384, 0, INT_MAX);
        number("kernel/msgmni", 32000, 0, 32768);
        numbers("kernel/sem", 32000, 1_024_000_000, 500, 32000);
        number("fs/mqueue/msg_default", 10, 1, 65536);
        number("fs/mqueue/msg_max", 10, 1, 65536);
        number("fs/mqueue/msgsize_default", 8192, 128, 16_777_216);
        number("fs/mqueue/msgsize_max", 8192, 128, 16_777_216);
        number("fs/mqueue/queues_max", 256, 0, INT_MAX);
    }

    private void fileSystems() {
        number("fs/aio-max-nr", 65536, 0, Long.MAX_VALUE);
        all.put("fs/aio-nr", fixed("0"));
        all.put("fs/dentry-state", fixed("0\t0\t45\t0\t0\t0"));
        all.put("fs/epoll/max_user_watches", most(Charge.EPOLL_ITEM));
        all.put("fs/file-max", most(Charge.OPEN_FILE));
        all.put("fs/file-nr", new Sysctl(task -> used(task, Charge.OPEN_FILE) + "\t0\t" + cgroup(task).most(Charge.OPEN_FILE), null));
        all.put("fs/inode-nr", new Sysctl(task -> inodes(task) + "\t0", null));
        all.put("fs/inode-state", new Sysctl(task -> inodes(task) + "\t0\t0\t0\t0\t0\t0", null));
        number("fs/inotify/max_queued_events", 16384, 0, INT_MAX);
        number("fs/inotify/max_user_instances", 128, 0, INT_MAX);
        number("fs/inotify/max_user_watches", 65536, 0, INT_MAX);
        number("fs/lease-break-time", 45, 0, INT_MAX);
        number("fs/leases-enable", 1, 0, 1);
        all.put("fs/mount-max", new Sysctl(task -> Long.toString(Math.min(Mount.MOUNT_MAX, cgroup(task).most(Charge.MOUNT))), null));
        number("fs/nr_open", 1_048_576, 64, INT_MAX);
        number("fs/overflowuid", 65534, 0, 65535);
        number("fs/overflowgid", 65534, 0, 65535);
        all.put(PipeSysctl.MAX_SIZE, new Sysctl(task -> Long.toString(PipeSysctl.maxSize(ofKernel)), (task, value) -> {
            Long size = parse(value);
            if (size == null || size < 0 || size > 1L << 31) {
                return -Errno.EINVAL;
            }
            ofKernel.set(PipeSysctl.MAX_SIZE, Long.toString(PipeSysctl.rounded(size)));
            return 0;
        }));
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
        all.put("vm/drop_caches", new Sysctl(task -> "0", (task, value) -> {
            Long what = parse(value);
            return what == null || what < 1 || what > 4 ? -Errno.EINVAL : 0;
        }));
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
        numbers("net/ipv4/ping_group_range", 1, 0);
        all.put("net/ipv4/tcp_allowed_congestion_control", fixed("reno cubic"));
        all.put("net/ipv4/tcp_available_congestion_control", fixed("reno cubic"));
        congestionControl();
        number("net/ipv4/tcp_fin_timeout", 60, 1, INT_MAX);
        number("net/ipv4/tcp_max_syn_backlog", 1024, 0, INT_MAX);
        numbers("net/ipv4/tcp_rmem", 4096, 131_072, 6_291_456);
        number("net/ipv4/tcp_sack", 1, 0, 1);
        number("net/ipv4/tcp_syncookies", 1, 0, 2);
        number("net/ipv4/tcp_timestamps", 1, 0, 2);
        number("net/ipv4/tcp_tw_reuse", 2, 0, 2);
        number("net/ipv4/tcp_window_scaling", 1, 0, 1);
        numbers("net/ipv4/tcp_wmem", 4096, 16_384, 4_194_304);
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
            return new SysctlFile(fs, 0444, source, null);
        }
        return new SysctlFile(fs, 0644, source,
                (task, data) -> task.hasCapability(Capability.CAP_SYS_ADMIN) ? sysctl.set.set(task, line(data)) : -Errno.EPERM);
    }

    /** Its mode holds for everybody, with whatever capabilities: what is read-only cannot be opened for writing. */
    private static final class SysctlFile extends PseudoFile {
        SysctlFile(ProcFileSystem fs, int permissions, Source source, Sink sink) {
            super(fs, fs.newIno(), permissions, source, sink);
        }

        @Override
        public int permission(Credentials who, int mask) {
            int granted = mode() >> (who.euid() == 0 ? 6 : who.inGroup(0) ? 3 : 0) & 7;
            return (mask & ~granted) == 0 ? 0 : -Errno.EACCES;
        }
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

    private static Cgroup cgroup(Task task) {
        return task.container().cgroup();
    }

    private static long used(Task task, Charge kind) {
        return cgroup(task).used(kind);
    }

    private static long inodes(Task task) {
        return used(task, Charge.INODE) + used(task, Charge.CACHED_INODE);
    }

    /** How much of a kind the reader's container may have. */
    private static Sysctl most(Charge kind) {
        return new Sysctl(task -> Long.toString(cgroup(task).most(kind)), null);
    }

    private SysctlValues values(Task task, String path) {
        return path.startsWith("net/") ? task.namespaces().net().sysctls()
                : isOfIpc(path) ? task.namespaces().ipc().sysctls() : ofKernel;
    }

    private static boolean isOfIpc(String path) {
        return path.startsWith("kernel/shm") || path.startsWith("kernel/msg") || path.equals("kernel/sem")
                || path.startsWith("fs/mqueue/");
    }

    private void congestionControl() {
        String path = "net/ipv4/tcp_congestion_control";
        all.put(path, new Sysctl(task -> values(task, path).get(path, "cubic"), (task, value) -> {
            String name = value.strip();
            if (!name.equals("cubic") && !name.equals("reno")) {
                return -Errno.ENOENT;
            }
            values(task, path).set(path, name);
            return 0;
        }));
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

    /** A number up to ULONG_MAX. */
    private void unsigned(String path, String initial) {
        all.put(path, new Sysctl(task -> values(task, path).get(path, initial), (task, value) -> {
            try {
                values(task, path).set(path, Long.toUnsignedString(Long.parseUnsignedLong(value.strip())));
                return 0;
            } catch (NumberFormatException notANumber) {
                return -Errno.EINVAL;
            }
        }));
    }

    /** Several numbers, with tabs between them; who sets fewer leaves the last ones as they are. */
    private void numbers(String path, long... initial) {
        String unset = joined(initial);
        all.put(path, new Sysctl(task -> values(task, path).get(path, unset), (task, value) -> {
            String[] words = value.strip().split("\\s+");
            String[] now = values(task, path).get(path, unset).split("\t");
            for (int i = 0; i < Math.min(words.length, now.length); i++) {
                Long number = parse(words[i]);
                if (number == null || number != number.intValue()) {
                    return -Errno.EINVAL;
                }
                now[i] = number.toString();
            }
            values(task, path).set(path, String.join("\t", now));
            return 0;
        }));
    }

    private static String joined(long... numbers) {
        return Arrays.stream(numbers).mapToObj(Long::toString).collect(Collectors.joining("\t"));
    }

    private void text(String path, String initial) {
        all.put(path, new Sysctl(task -> values(task, path).get(path, initial), (task, value) -> {
            values(task, path).set(path, value.substring(0, Math.min(MAX_TEXT, value.length())));
            return 0;
        }));
    }

    private static Long parse(String value) {
        return ProcessText.number(Text.bytes(value));
    }
}
