// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.kernel.Usage;
import org.jvisor.api.mm.MemoryManager;

/** The small files about a process, and what writing to them does. */
final class ProcessText {
    private static final int NAME_LENGTH = 15;
    private static final int OOM_SCORE_ADJ_MAX = 1000;
    /** Of the older oom_adj: from -17, which means never, to 15. */
    private static final int OOM_DISABLE = -17;
    private static final int OOM_ADJUST_MAX = 15;
    private static final int COREDUMP_FILTER_BITS = 0x1ff;
    private static final int LAST_CLEAR_REFS = 5;
    private static final long DEFAULT_TIMER_SLACK_NS = 50_000;

    private ProcessText() {
    }

    static byte[] auxv(Task reader, Target target) {
        return target.withMemory(reader, new byte[0], mm -> mm.layout().auxv);
    }

    /** Only a process's own threads may name it. */
    static long setName(Task writer, Target target, byte[] data) {
        if (writer.group() != target.group()) {
            return -Errno.EINVAL;
        }
        String name = Text.string(data);
        int end = name.indexOf('\0');
        name = end < 0 ? name : name.substring(0, end);
        // A newline at the end is what echo(1) puts there.
        name = name.endsWith("\n") ? name.substring(0, name.length() - 1) : name;
        target.task().setName(name.substring(0, Math.min(NAME_LENGTH, name.length())));
        return 0;
    }

    /** 1 to 5 clear marks that are not kept here. */
    static long clearReferences(Task writer, Target target, byte[] data) {
        Long value = number(data);
        return value == null || value < 1 || value > LAST_CLEAR_REFS ? -Errno.EINVAL : 0;
    }

    static byte[] schedulingTimes(Target target) {
        Task task = target.task();
        long ns = target.whole() ? target.group().userTimeNs() + target.group().systemTimeNs()
                : task.userTimeNs() + task.systemTimeNs();
        return Text.bytes(ns + " 0 0\n");
    }

    /** 0 to 2000: the share of the container's memory in thousandths, moved by the adjustment. */
    static byte[] oomScore(Task reader, Target target) {
        long resident = target.withMemory(reader, -1L, MemoryManager::residentBytes);
        long limit = Math.max(1, target.kernel().memory().file(target.group().cgroup()).limit());
        int adjustment = target.group().oomScoreAdjustment();
        long score = 0;
        if (resident >= 0 && adjustment != -OOM_SCORE_ADJ_MAX) {
            long badness = Math.max(1, OOM_SCORE_ADJ_MAX * (resident >> 10) / Math.max(1, limit >> 10) + adjustment);
            score = (OOM_SCORE_ADJ_MAX + badness) * 2 / 3;
        }
        return Text.bytes(score + "\n");
    }

    static byte[] oomAdjustment(Target target, boolean old) {
        int adjustment = target.group().oomScoreAdjustment();
        if (old) {
            adjustment = adjustment == OOM_SCORE_ADJ_MAX ? OOM_ADJUST_MAX : adjustment * -OOM_DISABLE / OOM_SCORE_ADJ_MAX;
        }
        return Text.bytes(adjustment + "\n");
    }

    /** Lowering it takes CAP_SYS_RESOURCE. */
    static long setOomAdjustment(Task writer, Target target, byte[] data, boolean old) {
        Long value = number(data);
        if (value == null) {
            return -Errno.EINVAL;
        }
        long adjustment = value;
        if (old) {
            if ((value < -16 || value > OOM_ADJUST_MAX) && value != OOM_DISABLE) {
                return -Errno.EINVAL;
            }
            adjustment = value == OOM_ADJUST_MAX ? OOM_SCORE_ADJ_MAX : value * OOM_SCORE_ADJ_MAX / -OOM_DISABLE;
        }
        if (adjustment < -OOM_SCORE_ADJ_MAX || adjustment > OOM_SCORE_ADJ_MAX) {
            return -Errno.EINVAL;
        }
        ThreadGroup group = target.group();
        if (adjustment < group.oomScoreAdjustment() && !writer.hasCapability(Capability.CAP_SYS_RESOURCE)) {
            return -Errno.EACCES;
        }
        group.setOomScoreAdjustment((int) adjustment);
        return 0;
    }

    static long setCoredumpFilter(Target target, byte[] data) {
        Long value = number(data);
        if (value == null) {
            return -Errno.EINVAL;
        }
        target.group().setCoredumpFilter((int) (value & COREDUMP_FILTER_BITS));
        return 0;
    }

    /** 0 means the default. Another's needs CAP_SYS_NICE. */
    static long setTimerSlack(Task writer, Target target, byte[] data) {
        Long value = number(data);
        if (value == null || value < 0) {
            return -Errno.EINVAL;
        }
        if (writer != target.task() && !writer.hasCapability(Capability.CAP_SYS_NICE)) {
            return -Errno.EPERM;
        }
        target.task().scheduling().timerSlackNs = value == 0 ? DEFAULT_TIMER_SLACK_NS : value;
        return 0;
    }

    /** Which of these bytes come from or go to a disk is the file server's affair. */
    static byte[] io(Target target) {
        Usage usage = target.whole() ? target.group().usage() : target.task().usage();
        Text text = new Text();
        text.add("rchar: ").add(usage.readBytes()).add("\nwchar: ").add(usage.writtenBytes());
        text.add("\nsyscr: ").add(usage.reads()).add("\nsyscw: ").add(usage.writes());
        text.add("\nread_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n");
        return text.bytes();
    }

    /** user_namespaces(7): there is one user namespace, with all ids. */
    static byte[] identityMap() {
        return Text.bytes("         0          0 4294967295\n");
    }

    /** Of a process all are its first task's. */
    static byte[] children(Target target) {
        Text text = new Text();
        if (target.task() == target.group().leader()) {
            target.group().children().forEach(child -> text.add(child.pid()).add(' '));
        }
        return text.bytes();
    }

    /** A number as C's strtol takes it with base 0, with white space around it; null when it is none. */
    static Long number(byte[] data) {
        String text = Text.string(data).replace("\0", "").strip();
        boolean negative = text.startsWith("-");
        String digits = negative ? text.substring(1) : text;
        try {
            long value = digits.startsWith("0x") || digits.startsWith("0X") ? Long.parseLong(digits.substring(2), 16)
                    : digits.length() > 1 && digits.startsWith("0") ? Long.parseLong(digits.substring(1), 8)
                    : Long.parseLong(digits);
            return negative ? -value : value;
        } catch (NumberFormatException notANumber) {
            return null;
        }
    }
}
