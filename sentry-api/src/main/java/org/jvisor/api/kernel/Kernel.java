// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.net.Flight;
import org.jvisor.api.platform.Platform;
import org.jvisor.api.vfs.Vfs;
import org.osgi.annotation.versioning.ProviderType;

/** The heart of the Sentry: a service of sentry-core. Any thread. */
@ProviderType
public interface Kernel {

    /** What uname(2) and /proc/version call the kernel's version. */
    String VERSION = "#1 SMP PREEMPT_DYNAMIC jVisor";

    /** Called once by the boot, before any container: makes the platforms ready, so that the process can then be sealed. */
    void start(KernelOptions options);

    /** Makes a container: its mounts, its first process with everything in place, not running yet. */
    Container create(ContainerSpec spec);

    /** The one of this id, ended ones until they are destroyed among them; null where there is none. */
    Container container(String id);

    /** The one that runs applications, the first that was chosen at the start; null before. */
    Platform platform();

    /** All that were made ready at the start, before the process was sealed: {@link #platform} and those that could take over. */
    List<Platform> preparedPlatforms();

    Vfs vfs();

    Memory memory();

    Futexes futexes();

    KernelClock clock();

    KernelOptions options();

    /** The kernel's log, for dmesg and /dev/kmsg. */
    KernelLog log();

    /** ns of application and of Sentry time used by all tasks so far, the gone ones too. */
    long userTimeNs();

    long systemTimeNs();

    /** Processes and threads made so far. */
    long forks();

    /** Tasks that are running or could. */
    int runnableTasks();

    /** The three load averages times 2^11, as sysinfo(2) has them times 2^16 shifted accordingly. */
    long[] loadAverages();

    /** Number of CPUs that applications see. */
    int cpus();

    /** How often each missing system call was made: number and count alternate; allocates. */
    long[] missingCalls();

    /**
     * Which system calls nobody would answer any more if the families went that {@code leaving} tells of, for people; empty: none.
     */
    String unanswered(Predicate<Object> leaving);

    /**
     * Whether services of the type of this name are such that the kernel takes them in, and this one it has not: it is not there, or
     * its answers about itself make no sense.
     */
    boolean refuses(String type, Object service);

    /** Those below /proc/sys that are not a namespace's. */
    SysctlValues sysctls();

    /** A random UUID of RFC 4122, version 4. */
    String randomUuid();

    /** A {@link #randomUuid}, the same as long as the sandbox lives (random(4), boot_id). */
    String bootId();

    NamespaceFiles namespaceFiles();

    /** Descriptions in flight. */
    Flight flight();

    /**
     * The text of a file of the host's /proc or /sys, one char a byte. It is read when it is first asked for and kept, since the
     * sealed Sentry can open no file, and what is installed later must still find what was read before.
     *
     * @return null where it cannot be read
     */
    String hostText(String path);

    /** Cryptographically strong bytes. */
    void random(byte[] target, int offset, int length);

    /**
     * Does a step of the work of a thread that is no task's, which a bundle has for itself: while the kernel is at rest, so that
     * objects can be saved and replaced, the thread waits before the step. A step is short, does not block, and uses no object of
     * another bundle that it has not looked up in it.
     *
     * @return what {@code step} returned
     */
    boolean visit(BooleanSupplier step);

    /**
     * A thread has met an OutOfMemoryError, which has cost it what it was about. The kernel makes room, if need be by ending the process
     * that is charged most; this does not wait for it. Allocates nothing.
     */
    void outOfMemory();

    /** Called before {@link #start}: what ends the Sentry when nothing makes room any more. It allocates nothing, and does not return. */
    void setLastResort(Runnable end);

    /** Ends all containers and the platform. */
    void stop();

    /**
     * What applies to the whole sandbox.
     *
     * @param platform name, or "auto"; several with commas between: the first serves, the others are made ready as well
     * @param release what uname(2) calls the kernel's release
     * @param strace whether calls are logged, and {@code straceCalls} which (empty: all)
     * @param memoryLimitBytes how much applications can use
     */
    record KernelOptions(String platform, String release, boolean strace, List<String> straceCalls, long memoryLimitBytes) {}

    /** A ring of lines. */
    @ProviderType
    interface KernelLog {
        /** @param level 0 (emergency) to 7 (debug) */
        void log(int level, String message);

        /** All lines that the ring holds, as syslog(2) SYSLOG_ACTION_READ_ALL gives them. */
        byte[] bytes();

        void clear();
    }
}
