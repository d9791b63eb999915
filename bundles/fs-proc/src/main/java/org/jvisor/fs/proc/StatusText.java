// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.kernel.CpuMask;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.vfs.FdTable;
import org.jvisor.api.vfs.FsContext;

/** /proc/PID/status. */
final class StatusText {
    /** What Linux calls NR_OPEN_DEFAULT: descriptors that every process has room for. */
    private static final int SMALLEST_TABLE = 64;

    private StatusText() {
    }

    static byte[] status(Task reader, Target target) {
        Task task = target.task();
        ThreadGroup group = target.group();
        Text text = new Text();
        text.add("Name:\t").escaped(task.name(), "\n\\");
        FsContext fs = task.fs();
        if (fs != null) {
            text.add("\nUmask:\t").octal(fs.umask(), 4);
        }
        text.add("\nState:\t").add(stateName(StatText.state(target)));
        text.add("\nTgid:\t").add(group.pid());
        text.add("\nNgid:\t0");
        text.add("\nPid:\t").add(target.id());
        text.add("\nPPid:\t").add(StatText.parentId(group));
        text.add("\nTracerPid:\t0");
        credentials(text, task.credentials());
        text.add("\nFDSize:\t").add(descriptorRoom(task.files()));
        text.add("\nGroups:\t");
        int[] groups = task.credentials().groups();
        for (int i = 0; i < groups.length; i++) {
            text.add(i > 0 ? " " : "").add(groups[i] & 0xffff_ffffL);
        }
        text.add(" \nNStgid:\t").add(group.pid());
        text.add("\nNSpid:\t").add(target.id());
        text.add("\nNSpgid:\t").add(group.processGroup() == null ? 0 : group.processGroup().id());
        text.add("\nNSsid:\t").add(group.session() == null ? 0 : group.session().id()).add('\n');
        target.withMemory(reader, text, mm -> memory(text, mm));
        signals(text, task, group);
        capabilities(text, task.credentials());
        text.add("Seccomp:\t0\nSeccomp_filters:\t0\n");
        text.add("Speculation_Store_Bypass:\tunknown\nSpeculationIndirectBranch:\tunknown\n");
        int cpus = task.kernel().cpus();
        long allowed = task.scheduling().affinity & CpuMask.all(cpus);
        text.add("Cpus_allowed:\t").add(CpuMask.hex(allowed, cpus));
        text.add("\nCpus_allowed_list:\t").add(CpuMask.list(allowed));
        text.add("\nMems_allowed:\t00000000,00000001\nMems_allowed_list:\t0\n");
        text.add("voluntary_ctxt_switches:\t").add(task.usage().sleeps()).add("\nnonvoluntary_ctxt_switches:\t0\n");
        return text.bytes();
    }

    private static void credentials(Text text, Credentials c) {
        ids(text.add("\nUid:"), c.uid(), c.euid(), c.suid(), c.fsuid());
        ids(text.add("\nGid:"), c.gid(), c.egid(), c.sgid(), c.fsgid());
    }

    private static void ids(Text text, int... ids) {
        for (int id : ids) {
            text.add('\t').add(id & 0xffff_ffffL);
        }
    }

    private static Text memory(Text text, MemoryManager mm) {
        MemoryUse use = MemoryUse.of(mm);
        long resident = mm.residentBytes();
        // Mappings keep no record of their largest extent: what is mapped now is the least that it can have been.
        kilobytes(text, "VmPeak", Math.max(mm.virtualBytes(), mm.peakResidentBytes()));
        kilobytes(text, "VmSize", mm.virtualBytes());
        kilobytes(text, "VmLck", mm.lockedBytes());
        kilobytes(text, "VmPin", 0);
        kilobytes(text, "VmHWM", Math.max(resident, mm.peakResidentBytes()));
        kilobytes(text, "VmRSS", resident);
        kilobytes(text, "RssAnon", use.rssAnonymous);
        kilobytes(text, "RssFile", use.rssFile);
        kilobytes(text, "RssShmem", use.rssShared);
        kilobytes(text, "VmData", use.data);
        kilobytes(text, "VmStk", use.stack);
        kilobytes(text, "VmExe", use.executable);
        kilobytes(text, "VmLib", use.libraries);
        kilobytes(text, "VmPTE", use.pageTables);
        kilobytes(text, "VmSwap", 0);
        kilobytes(text, "HugetlbPages", 0);
        return text.add("CoreDumping:\t0\nTHP_enabled:\t0\n");
    }

    private static void kilobytes(Text text, String name, long bytes) {
        text.add(name).add(":\t").right(bytes >> 10, 8).add(" kB\n");
    }

    private static void signals(Text text, Task task, ThreadGroup group) {
        long shared = group.pendingSignals();
        SignalSets sets = SignalSets.of(group);
        text.add("Threads:\t").add(Math.max(1, group.taskCount()));
        text.add("\nSigQ:\t").add(Long.bitCount(task.pendingSignals())).add('/')
                .addUnsigned(group.softLimit(Rlimit.RLIMIT_SIGPENDING));
        text.add("\nSigPnd:\t").hex(task.pendingSignals() & ~shared, 16);
        text.add("\nShdPnd:\t").hex(shared, 16);
        text.add("\nSigBlk:\t").hex(task.signalMask(), 16);
        text.add("\nSigIgn:\t").hex(sets.ignored(), 16);
        text.add("\nSigCgt:\t").hex(sets.caught(), 16).add('\n');
    }

    private static void capabilities(Text text, Credentials c) {
        text.add("CapInh:\t").hex(c.inheritable(), 16);
        text.add("\nCapPrm:\t").hex(c.permitted(), 16);
        text.add("\nCapEff:\t").hex(c.effective(), 16);
        text.add("\nCapBnd:\t").hex(c.bounding(), 16);
        text.add("\nCapAmb:\t").hex(c.ambient(), 16);
        text.add("\nNoNewPrivs:\t").add(c.noNewPrivileges() ? 1 : 0).add('\n');
    }

    private static int descriptorRoom(FdTable files) {
        if (files == null) {
            return 0;
        }
        int highest = Math.max(SMALLEST_TABLE - 1, files.highest());
        return Integer.highestOneBit(highest) << 1;
    }

    /** The lowest CPU that the task may run on: as far as it can tell, it runs there. */
    static int firstCpu(Target target) {
        long allowed = target.task().scheduling().affinity & CpuMask.all(target.kernel().cpus());
        return allowed == 0 ? 0 : Long.numberOfTrailingZeros(allowed);
    }

    static String stateName(char state) {
        return switch (state) {
            case 'R' -> "R (running)";
            case 'S' -> "S (sleeping)";
            case 'D' -> "D (disk sleep)";
            case 'T' -> "T (stopped)";
            case 't' -> "t (tracing stop)";
            case 'Z' -> "Z (zombie)";
            case 'X' -> "X (dead)";
            default -> state + " (unknown)";
        };
    }
}
