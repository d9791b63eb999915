// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.kernel.ThreadGroup;

/** /proc/PID/limits. */
final class LimitsText {

    private record Row(int resource, String name, String unit) {}

    private static final Row[] ROWS = {
        new Row(Rlimit.RLIMIT_CPU, "Max cpu time", "seconds"),
        new Row(Rlimit.RLIMIT_FSIZE, "Max file size", "bytes"),
        new Row(Rlimit.RLIMIT_DATA, "Max data size", "bytes"),
        new Row(Rlimit.RLIMIT_STACK, "Max stack size", "bytes"),
        new Row(Rlimit.RLIMIT_CORE, "Max core file size", "bytes"),
        new Row(Rlimit.RLIMIT_RSS, "Max resident set", "bytes"),
        new Row(Rlimit.RLIMIT_NPROC, "Max processes", "processes"),
        new Row(Rlimit.RLIMIT_NOFILE, "Max open files", "files"),
        new Row(Rlimit.RLIMIT_MEMLOCK, "Max locked memory", "bytes"),
        new Row(Rlimit.RLIMIT_AS, "Max address space", "bytes"),
        new Row(Rlimit.RLIMIT_LOCKS, "Max file locks", "locks"),
        new Row(Rlimit.RLIMIT_SIGPENDING, "Max pending signals", "signals"),
        new Row(Rlimit.RLIMIT_MSGQUEUE, "Max msgqueue size", "bytes"),
        new Row(Rlimit.RLIMIT_NICE, "Max nice priority", ""),
        new Row(Rlimit.RLIMIT_RTPRIO, "Max realtime priority", ""),
        new Row(Rlimit.RLIMIT_RTTIME, "Max realtime timeout", "us"),
    };

    private LimitsText() {
    }

    static byte[] limits(ThreadGroup group) {
        Text text = new Text();
        line(text, "Limit", "Soft Limit", "Hard Limit", "Units");
        for (Row row : ROWS) {
            line(text, row.name, value(group.softLimit(row.resource)), value(group.hardLimit(row.resource)), row.unit);
        }
        return text.bytes();
    }

    private static void line(Text text, String name, String soft, String hard, String unit) {
        text.left(name, 25).add(' ').left(soft, 20).add(' ').left(hard, 20).add(' ');
        // Linux pads the unit only where there is one.
        text.left(unit, unit.isEmpty() ? 0 : 10).add('\n');
    }

    private static String value(long limit) {
        return limit == Rlimit.RLIM_INFINITY ? "unlimited" : Long.toUnsignedString(limit);
    }
}
