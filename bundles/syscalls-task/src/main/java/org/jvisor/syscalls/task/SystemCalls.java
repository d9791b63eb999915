// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.task;

import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Getrandom;
import org.jvisor.api.abi.Personality;
import org.jvisor.api.abi.SysinfoLayout;
import org.jvisor.api.abi.Syslog;
import org.jvisor.api.abi.Utsname;
import org.jvisor.api.abi.UtsnameLayout;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.syscall.Arguments;

/** What the system says of itself. */
final class SystemCalls {

    /** The bytes of syslog(2)'s ring. */
    private static final int LOG_BUFFER = 1 << 18;

    /** getrandom(2): interruptible after so many bytes. */
    private static final int RANDOM_CHUNK = 256;

    long uname(Task t, Arguments a) {
        byte[] b = t.scratch();
        Bytes.putString(b, UtsnameLayout.SYSNAME, Utsname.FIELD_SIZE, "Linux");
        Bytes.putString(b, UtsnameLayout.NODENAME, Utsname.FIELD_SIZE, t.uts().hostname());
        Bytes.putString(b, UtsnameLayout.RELEASE, Utsname.FIELD_SIZE, t.kernel().options().release());
        Bytes.putString(b, UtsnameLayout.VERSION, Utsname.FIELD_SIZE, Kernel.VERSION);
        Bytes.putString(b, UtsnameLayout.MACHINE, Utsname.FIELD_SIZE, "x86_64");
        Bytes.putString(b, UtsnameLayout.DOMAINNAME, Utsname.FIELD_SIZE, t.uts().domainname());
        t.memory().copyOut(b, 0, UtsnameLayout.SIZE, a.a0);
        return 0;
    }

    long sethostname(Task t, Arguments a, boolean domain) {
        if (!t.hasCapability(Capability.CAP_SYS_ADMIN)) {
            return -Errno.EPERM;
        }
        int length = a.int1();
        if (length < 0 || length > Utsname.UTS_NAME_MAX) {
            return -Errno.EINVAL;
        }
        byte[] b = t.scratch();
        t.memory().copyIn(a.a0, b, 0, length);
        String name = Bytes.getString(b, 0, length);
        if (domain) {
            t.uts().setDomainname(name);
        } else {
            t.uts().setHostname(name);
        }
        return 0;
    }

    long sysinfo(Task t, Arguments a) {
        Kernel kernel = t.kernel();
        MemoryFile memory = kernel.memory().file(t.cgroup());
        byte[] b = t.scratch();
        Bytes.zero(b, 0, SysinfoLayout.SIZE);
        SysinfoLayout.uptime(b, 0, kernel.clock().monotonicNs() / 1_000_000_000);
        long[] loads = kernel.loadAverages();
        for (int i = 0; i < 3; i++) {
            // Kept with 11 bits behind the point, reported with 16.
            Bytes.putLong(b, SysinfoLayout.LOADS + 8 * i, loads[i] << 5);
        }
        SysinfoLayout.totalram(b, 0, memory.limit());
        SysinfoLayout.freeram(b, 0, memory.limit() - memory.used());
        int tasks = t.pidNamespace().threadGroups().stream().mapToInt(group -> group.taskCount()).sum();
        SysinfoLayout.procs(b, 0, Math.min(tasks, 0xffff));
        SysinfoLayout.memUnit(b, 0, 1);
        t.memory().copyOut(b, 0, SysinfoLayout.SIZE, a.a0);
        return 0;
    }

    long syslog(Task t, Arguments a) {
        int action = a.int0();
        boolean free = action == Syslog.SYSLOG_ACTION_READ_ALL || action == Syslog.SYSLOG_ACTION_SIZE_BUFFER;
        if (!free && !t.hasCapability(Capability.CAP_SYSLOG) && !t.hasCapability(Capability.CAP_SYS_ADMIN)) {
            return -Errno.EPERM;
        }
        Kernel.KernelLog log = t.kernel().log();
        switch (action) {
            case Syslog.SYSLOG_ACTION_READ_ALL, Syslog.SYSLOG_ACTION_READ_CLEAR -> {
                int size = a.int2();
                if (a.a1 == 0 || size < 0) {
                    return -Errno.EINVAL;
                }
                byte[] bytes = log.bytes();
                int length = Math.min(size, bytes.length);
                t.memory().copyOut(bytes, bytes.length - length, length, a.a1);
                if (action == Syslog.SYSLOG_ACTION_READ_CLEAR) {
                    log.clear();
                }
                return length;
            }
            case Syslog.SYSLOG_ACTION_CLEAR -> {
                log.clear();
                return 0;
            }
            case Syslog.SYSLOG_ACTION_SIZE_BUFFER -> {
                return LOG_BUFFER;
            }
            case Syslog.SYSLOG_ACTION_SIZE_UNREAD, Syslog.SYSLOG_ACTION_OPEN, Syslog.SYSLOG_ACTION_CLOSE,
                    Syslog.SYSLOG_ACTION_CONSOLE_OFF, Syslog.SYSLOG_ACTION_CONSOLE_ON -> {
                // There is no console to switch, and what is read is always the whole ring.
                return 0;
            }
            case Syslog.SYSLOG_ACTION_CONSOLE_LEVEL -> {
                return a.int2() < 1 || a.int2() > 8 ? -Errno.EINVAL : 0;
            }
            case Syslog.SYSLOG_ACTION_READ -> {
                return a.a1 == 0 || a.int2() < 0 ? -Errno.EINVAL : sleepForLog(t);
            }
            default -> {
                return -Errno.EINVAL;
            }
        }
    }

    /** Everything that was logged can be read by READ_ALL; a reader that waits for more waits for a signal. */
    private static long sleepForLog(Task t) {
        while (t.sleep(Long.MAX_VALUE) == 0) {
            // Woken for nothing.
        }
        return -Errno.ERESTARTSYS;
    }

    long getrandom(Task t, Arguments a) {
        int flags = a.int2();
        if ((flags & ~(Getrandom.GRND_NONBLOCK | Getrandom.GRND_RANDOM | Getrandom.GRND_INSECURE)) != 0
                || (flags & (Getrandom.GRND_RANDOM | Getrandom.GRND_INSECURE))
                        == (Getrandom.GRND_RANDOM | Getrandom.GRND_INSECURE)) {
            return -Errno.EINVAL;
        }
        long length = Math.min(Math.max(a.a1, 0), Integer.MAX_VALUE);
        if (a.a1 < 0) {
            length = Integer.MAX_VALUE;
        }
        byte[] b = t.scratch();
        IoBuffer target = t.memory().range(a.a0, length, true);
        long done = t.call().done();
        target.skip(done);
        while (done < length) {
            int n = (int) Math.min(RANDOM_CHUNK, length - done);
            t.kernel().random(b, 0, n);
            long moved = target.put(b, 0, n);
            if (moved < 0) {
                return done > 0 ? done : moved;
            }
            done += moved;
            if (moved < n) {
                break;
            }
            if (done < length && t.interrupted()) {
                return t.call().cutShort(done);
            }
        }
        return done;
    }

    /** personality(2): only what changes nothing that a program of this machine could see. */
    long personality(Arguments a) {
        int wanted = a.int0();
        boolean known = wanted == Personality.PERSONALITY_QUERY || wanted == Personality.PER_LINUX
                || (wanted & ~Personality.ADDR_NO_RANDOMIZE) == Personality.PER_LINUX;
        return known ? Personality.PER_LINUX : -Errno.EINVAL;
    }

}
