// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import org.jvisor.api.abi.Clock;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.abi.Sched;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.kernel.Tty;
import org.jvisor.api.mm.MemoryManager;

/** /proc/PID/stat and statm: proc(5) numbers the fields. */
final class StatText {
    private static final long NS_PER_TICK = Clock.NSEC_PER_SEC / Clock.USER_HZ;
    private static final int PF_EXITING = 0x4;
    private static final int PF_FORKNOEXEC = 0x40;
    private static final int PF_RANDOMIZE = 0x400000;
    private static final long LOW_SIGNALS = 0x7fffffff;

    private StatText() {
    }

    static byte[] stat(Task reader, Target target) {
        byte[] text = target.withMemory(reader, null, mm -> stat(reader, target, mm));
        return text != null ? text : stat(reader, target, null);
    }

    /** @param mm null when there is none any more */
    private static byte[] stat(Task reader, Target target, MemoryManager mm) {
        Task task = target.task();
        ThreadGroup group = target.group();
        boolean permitted = Access.mayRead(reader, task);
        boolean whole = target.whole();
        Text text = new Text();
        text.add(target.id()).add(" (").add(task.name()).add(") ").add(state(target));
        fields(text, parentId(group), group.processGroup() == null ? 0 : group.processGroup().id(),
                group.session() == null ? 0 : group.session().id());
        Tty tty = group.session() == null ? null : group.session().tty();
        fields(text, tty == null ? 0 : encodeDevice(tty.device()), tty == null ? -1 : tty.foreground());
        fields(text, flags(task));
        fields(text, (whole ? group.usage() : task.usage()).faults(), group.childrenUsage().faults(), 0, 0);
        fields(text, ticks(whole ? group.userTimeNs() : task.userTimeNs()),
                ticks(whole ? group.systemTimeNs() : task.systemTimeNs()),
                ticks(group.childrenUserTimeNs()), ticks(group.childrenSystemTimeNs()));
        fields(text, priority(task), task.scheduling().nice, Math.max(1, group.taskCount()), 0, ticks(task.startTimeNs()));
        fields(text, mm == null ? 0 : mm.virtualBytes(), mm == null ? 0 : mm.residentBytes() / Mman.PAGE_SIZE);
        text.add(' ').addUnsigned(group.softLimit(Rlimit.RLIMIT_RSS));
        MemoryManager.Layout layout = mm != null ? mm.layout() : new MemoryManager.Layout();
        long hidden = mm == null ? 0 : 1;
        fields(text, permitted ? layout.startCode : hidden, permitted ? layout.endCode : hidden,
                permitted ? layout.startStack : 0, 0, 0);
        SignalSets signals = SignalSets.of(group);
        fields(text, task.pendingSignals() & LOW_SIGNALS, task.signalMask() & LOW_SIGNALS, signals.ignored() & LOW_SIGNALS,
                signals.caught() & LOW_SIGNALS);
        fields(text, task.state() == 'S' && permitted ? 1 : 0, 0, 0);
        fields(text, target.task() == group.leader() ? Signals.SIGCHLD : -1, StatusText.firstCpu(target),
                isRealtime(task) ? task.scheduling().priority : 0, task.scheduling().policy, 0, 0, 0);
        if (permitted) {
            fields(text, layout.startData, layout.endData, layout.startBrk, layout.argStart, layout.argEnd, layout.envStart,
                    layout.envEnd, group.zombie() ? group.exitStatus() : 0);
        } else {
            fields(text, 0, 0, 0, 0, 0, 0, 0, 0);
        }
        return text.add('\n').bytes();
    }

    static byte[] statm(Task reader, Target target) {
        return target.withMemory(reader, Text.bytes("0 0 0 0 0 0 0\n"), StatText::statm);
    }

    private static byte[] statm(MemoryManager mm) {
        MemoryUse use = MemoryUse.of(mm);
        Text text = new Text().add(mm.virtualBytes() / Mman.PAGE_SIZE);
        fields(text, mm.residentBytes() / Mman.PAGE_SIZE, (use.rssFile + use.rssShared) / Mman.PAGE_SIZE,
                use.executable / Mman.PAGE_SIZE, 0, (use.data + use.stack) / Mman.PAGE_SIZE, 0);
        return text.add('\n').bytes();
    }

    static char state(Target target) {
        return target.group().zombie() && target.task() == target.group().leader() ? 'Z' : target.task().state();
    }

    static int parentId(ThreadGroup group) {
        ThreadGroup parent = group.parent();
        return parent == null || parent.container() != group.container() ? 0 : parent.pid();
    }

    /** 20 plus nice, or below 0 the realtime priority (proc(5), field 18). */
    static long priority(Task task) {
        return isRealtime(task) ? -1 - task.scheduling().priority : 20 + task.scheduling().nice;
    }

    private static boolean isRealtime(Task task) {
        int policy = task.scheduling().policy;
        return policy == Sched.SCHED_FIFO || policy == Sched.SCHED_RR;
    }

    private static long flags(Task task) {
        return PF_RANDOMIZE | (task.group().hasExecuted() ? 0 : PF_FORKNOEXEC) | (task.exiting() ? PF_EXITING : 0);
    }

    static long ticks(long ns) {
        return ns / NS_PER_TICK;
    }

    /** Minor in bits 31 to 20 and 7 to 0, major in 15 to 8. */
    private static long encodeDevice(long device) {
        long major = Mode.major(device);
        long minor = Mode.minor(device);
        return minor & 0xff | major << 8 | (minor & ~0xffL) << 12;
    }

    private static void fields(Text text, long... values) {
        for (long value : values) {
            text.add(' ').add(value);
        }
    }
}
