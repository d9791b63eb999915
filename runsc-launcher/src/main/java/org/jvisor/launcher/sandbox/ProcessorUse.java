// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.sandbox;

import java.io.File;
import org.jvisor.api.abi.Open;
import org.jvisor.launcher.ByteStrings;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.host.HostCalls;

/** How a process of the host fares: what it has got of the processors, and whether it wants any (proc(5), stat; cgroups(7)). */
class ProcessorUse {
    private static final int LONGEST = 1 << 16;
    /** Fields of stat after the name, see proc(5): the state is the first. */
    private static final int PARENT = 1;
    private static final int UTIME = 11;
    private static final int STIME = 12;
    /** sysconf(3), _SC_CLK_TCK: the same on all of today's Linux. */
    private static final long NS_PER_TICK = 10_000_000;
    private static final String CGROUPS = "/sys/fs/cgroup";

    private final HostCalls calls;
    private String folder;

    /** @param pid of the process, or of an unshare(1) that has started it */
    ProcessorUse(HostCalls calls, int pid) {
        this.calls = calls;
        folder = "/proc/" + pid;
    }

    /** Of a process that is not known. */
    static ProcessorUse unknown(HostCalls calls) {
        return new ProcessorUse(calls, 0);
    }

    private void findProcess() {
        if (!read(folder + "/comm").equals("unshare\n")) {
            return;
        }
        String parent = folder.substring(folder.lastIndexOf('/') + 1);
        String[] all = new File("/proc").list((proc, name) -> name.matches("[0-9]+"));
        for (String child : all == null ? new String[0] : all) {
            String[] fields = stat("/proc/" + child + "/stat");
            if (fields != null && fields[PARENT].equals(parent)) {
                folder = "/proc/" + child;
            }
        }
    }

    /** What a process is doing. */
    enum State {
        /** Some thread computes, or would if it were let; or waits for a disk. */
        ACTIVE,
        /** Each thread waits for something. */
        ASLEEP,
        /** Somebody has stopped it: a signal, a debugger, who has frozen its cgroup. */
        HELD,
        /** It cannot be told. */
        UNKNOWN
    }

    State state() {
        findProcess();
        String[] whole = stat(folder + "/stat");
        if (whole == null) {
            return State.UNKNOWN;
        }
        if ("Tt".contains(whole[0]) || isFrozen()) {
            return State.HELD;
        }
        String[] threads = new File(folder + "/task").list();
        if (threads == null) {
            return State.UNKNOWN;
        }
        for (String thread : threads) {
            String[] fields = stat(folder + "/task/" + thread + "/stat");
            if (fields != null && !"SIZX".contains(fields[0])) {
                return "Tt".contains(fields[0]) ? State.HELD : State.ACTIVE;
            }
        }
        return State.ASLEEP;
    }

    /** ns of processor time that it has had in all its threads; below 0: it cannot be told. */
    long timeNs() {
        findProcess();
        String[] fields = stat(folder + "/stat");
        return fields == null ? -1 : (Long.parseLong(fields[UTIME]) + Long.parseLong(fields[STIME])) * NS_PER_TICK;
    }

    /** The fields after the name, which may have anything in it; null where there are none. */
    private String[] stat(String file) {
        String text = read(file);
        int end = text.lastIndexOf(')');
        String[] fields = end < 0 ? new String[0] : text.substring(end + 2).split(" ");
        return fields.length > STIME ? fields : null;
    }

    private boolean isFrozen() {
        for (String line : read(folder + "/cgroup").split("\n")) {
            String[] parts = line.split(":", 3);
            if (parts.length == 3 && parts[0].equals("0") && read(CGROUPS + parts[2] + "/cgroup.events").contains("frozen 1")) {
                return true;
            }
            if (parts.length == 3 && parts[1].equals("freezer") && read(CGROUPS + "/freezer" + parts[2] + "/freezer.state").startsWith("FR")) {
                return true;
            }
        }
        return false;
    }

    /** Empty where it cannot be read. */
    private String read(String file) {
        int fd = calls.open(file, Open.O_RDONLY, 0);
        if (fd < 0) {
            return "";
        }
        try {
            return ByteStrings.of(calls.readAll(fd, LONGEST, file));
        } catch (RunscException e) {
            // It has gone since.
            return "";
        } finally {
            calls.close(fd);
        }
    }
}
