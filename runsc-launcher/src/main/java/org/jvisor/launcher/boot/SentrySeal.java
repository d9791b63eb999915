// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import static org.jvisor.api.abi.SyscallNr.*;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mount;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Prctl;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.host.HostCall;
import org.jvisor.api.host.HostCaller;
import org.jvisor.api.host.HostKernel;
import org.jvisor.host.seal.JvmCalls;
import org.jvisor.host.seal.SeccompFilter;
import org.jvisor.host.seal.ThreadCapabilities;
import org.jvisor.launcher.ByteStrings;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.host.HostCalls;

/**
 * Takes from the Sentry, before the first instruction of a program, what it does not need any more. Its root becomes the file
 * system in memory where the framework keeps its storage, with the Java runtime's own files beside it, so that no path leads to
 * anything else of the host; a filter on all threads lets it make the calls that its services have asked for
 * ({@link HostCaller}), and ends it at any other: no socket, no process, no mount. It goes on with the descriptors that it has, and
 * with its stubs.
 */
final class SentrySeal {

    /** What the boot's own code does, which serves the control socket, beside what services ask for. */
    static final List<HostCall> OWN = HostCall.all(
        List.of(HostCall.of(GETSOCKOPT).with(1, Socket.SOL_SOCKET).with(2, Socket.SO_PEERCRED)),
        HostCall.listOf(CLOSE, SENDMSG, RECVMSG, SHUTDOWN, ACCEPT4, GETEUID, POLL));

    /** The framework's storage, for bundles that are installed later; allowed where nothing else can be reached. */
    private static final List<HostCall> STORAGE = HostCall.listOf(OPEN, OPENAT, STAT, LSTAT, NEWFSTATAT, STATX, ACCESS, READLINK, MKDIR,
        RMDIR, UNLINK, RENAME, GETDENTS64, CHMOD, GETCWD, FTRUNCATE);

    private static final int LONGEST_SETTING = 64;

    private final HostCalls calls;
    private final HostKernel host;

    SentrySeal(HostCalls calls) {
        this.calls = calls;
        host = calls.host();
    }

    /**
     * @param storage the mount point of the file system with the framework's storage, or null where there is none of its own
     * @param callers those whose calls are to be allowed
     * @return what it may do from here on
     * @throws RunscException when the host refuses
     */
    SealedCalls apply(String storage, List<HostCaller> callers) {
        openClassPath();
        check(host.syscall(PRCTL, Prctl.PR_SET_NO_NEW_PRIVS, 1, 0, 0), "no_new_privs");
        try (ThreadCapabilities threads = new ThreadCapabilities(host)) {
            long kept = kept();
            if (storage != null) {
                leaveHostTree(storage);
            }
            threads.keep(kept);
        } catch (ErrnoException e) {
            throw new RunscException("sealing the Sentry: capabilities: " + (e.errno() == Errno.ETIMEDOUT
                ? "a thread has not given them up in time" : e.getMessage()));
        }
        try {
            List<HostCall> allowed = HostCall.all(list(callers), storage == null ? List.of() : STORAGE);
            SeccompFilter.install(host, allowed);
            return new SealedCalls(allowed);
        } catch (ErrnoException e) {
            throw new RunscException("sealing the Sentry: seccomp: " + e.getMessage());
        }
    }

    /**
     * None: what is done to stubs and donated descriptors takes none. A host that lets nobody trace without CAP_SYS_PTRACE, own
     * children or not, is the exception (Yama's ptrace_scope 2, see ptrace(2)).
     */
    private long kept() {
        int fd = calls.open("/proc/sys/kernel/yama/ptrace_scope", Open.O_RDONLY, 0);
        if (fd < 0) {
            return 0;
        }
        String scope = ByteStrings.of(calls.readAll(fd, LONGEST_SETTING, "reading the host's ptrace_scope")).strip();
        calls.close(fd);
        return scope.equals("2") ? Capability.bit(Capability.CAP_SYS_PTRACE) : 0;
    }

    /** Services first: their calls are the frequent ones. */
    private List<HostCall> list(List<HostCaller> callers) {
        List<HostCall> list = new ArrayList<>();
        callers.forEach(caller -> list.addAll(caller.hostCalls()));
        list.addAll(OWN);
        list.addAll(JvmCalls.running((int) host.syscall(GETPID)));
        return list;
    }

    /** Classes that are loaded later come from jars that are open now: looking for one that is in none opens them all. */
    private static void openClassPath() {
        if (SentrySeal.class.getClassLoader().getResource("org/jvisor/nowhere") != null) {
            throw new IllegalStateException("the class path has what nobody put there");
        }
    }

    /**
     * The storage's absolute name, which the framework knows, goes on leading there; and the JVM finds the files of its own runtime,
     * of which it loads some late.
     */
    private void leaveHostTree(String storage) {
        int end = storage.lastIndexOf('/');
        String folder = storage + storage.substring(0, end);
        for (int slash = storage.indexOf('/', 1); slash > 0; slash = storage.indexOf('/', slash + 1)) {
            makeDirectory(storage + storage.substring(0, slash));
        }
        check(calls.withString("/", to -> calls.withString(folder + storage.substring(end), at -> host.syscall(SYMLINK, to, at))),
            "symlink");
        bindReadOnly(System.getProperty("java.home"), folder + "/runtime");
        check(calls.withString(storage, at -> host.syscall(CHDIR, at)), "chdir");
        // pivot_root(".", ".") puts the old root on top of the new one, see pivot_root(2); the first root of a machine refuses.
        if (calls.withString(".", at -> host.syscall(PIVOT_ROOT, at, at)) == 0) {
            check(calls.withString(".", at -> host.syscall(UMOUNT2, at, Mount.MNT_DETACH)), "umount");
        } else {
            check(calls.withString(".", at -> host.syscall(CHROOT, at)), "chroot");
        }
        check(calls.withString("/", at -> host.syscall(CHDIR, at)), "chdir");
    }

    private void makeDirectory(String path) {
        check(calls.withString(path, at -> host.syscall(MKDIR, at, 0700)), "mkdir");
    }

    private void bindReadOnly(String source, String target) {
        makeDirectory(target);
        long flags = Mount.MS_BIND | Mount.MS_RDONLY | Mount.MS_NOSUID | Mount.MS_NODEV;
        check(calls.withString(source, from -> calls.withString(target, at -> host.syscall(MOUNT, from, at, 0, Mount.MS_BIND))), "bind");
        check(calls.withString(target, at -> host.syscall(MOUNT, 0, at, 0, Mount.MS_REMOUNT | flags)), "remount");
    }

    private static void check(long result, String call) {
        HostCalls.check(result, "sealing the Sentry: " + call);
    }
}
