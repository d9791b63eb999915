// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.sandbox;

import com.google.gson.stream.JsonWriter;
import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.launcher.ByteStrings;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.host.HostCalls;

/**
 * What other calls of runsc find of a container: a folder with its id's name below {@code --root}, with a file state.json in it.
 * runsc and the Sentry hold a lock (flock(2)) on a file of it, from before the folder has its name. A folder that nobody has locked,
 * since both were killed before one could remove it, counts as none, and any later runsc removes it.
 */
final class StateFolder implements AutoCloseable {
    private static final String STATE = "/state.json";
    private static final String LOCK = "/lock";
    private static final String CONTROL = "/control.sock";
    /** What a folder is called until it is locked: no container's id. */
    private static final String UNNAMED = "making~";
    /** Whoever keeps other files beside a lock has another use for the folder. */
    private static final Set<String> OURS = Set.of("state.json", "lock", "control.sock");
    private static final int LONGEST_ID = 1024;
    private static final int FOLDER_MODE = 0700;

    private final HostCalls calls;
    private final String path;
    private final String id;
    private final int lock;

    private StateFolder(HostCalls calls, String path, String id, int lock) {
        this.calls = calls;
        this.path = path;
        this.id = id;
        this.lock = lock;
    }

    /** The locked descriptor: as long as anybody has it open, the container counts as there. */
    int lock() {
        return lock;
    }

    /** Where the Sentry listens for other calls of runsc. */
    String controlSocket() {
        return path + CONTROL;
    }

    static String controlSocket(String root, String id) {
        checkId(id);
        return root + "/" + id + CONTROL;
    }

    /** Other calls of runsc reach this container where they reach another one of its sandbox. */
    void joinControlSocket(String container) {
        checkId(container);
        HostCalls.check(calls.withString("../" + container + CONTROL, to -> calls.withString(path + CONTROL,
            at -> calls.host().syscall(SyscallNr.SYMLINK, to, at))), "linking " + path + CONTROL);
    }

    static void checkId(String id) {
        boolean valid = !id.isEmpty() && id.length() <= LONGEST_ID && !id.equals(".") && !id.equals("..");
        for (int i = 0; valid && i < id.length(); i++) {
            char c = id.charAt(i);
            valid = c < 0x80 && Character.isLetterOrDigit(c) || "_+-.".indexOf(c) >= 0;
        }
        if (!valid) {
            throw new RunscException("invalid container id: \"" + id + "\"");
        }
    }

    static StateFolder create(HostCalls calls, String root, String id) {
        checkId(id);
        for (int slash = root.indexOf('/', 1); slash > 0; slash = root.indexOf('/', slash + 1)) {
            mkdir(calls, root.substring(0, slash));
        }
        mkdir(calls, root);
        int guard = calls.open(root, Open.O_RDONLY | Open.O_DIRECTORY, 0);
        HostCalls.check(guard, "opening the folder of the containers' states " + root);
        try {
            // One at a time makes folders or looks for those that are left: neither takes long.
            HostCalls.check(calls.host().syscall(SyscallNr.FLOCK, guard, Open.LOCK_EX), "locking " + root);
            removeUnused(calls, root);
            return make(calls, root, id);
        } finally {
            calls.close(guard);
        }
    }

    /** The folder appears under its name with its lock held. */
    private static StateFolder make(HostCalls calls, String root, String id) {
        String unnamed = root + "/" + UNNAMED;
        String path = root + "/" + id;
        HostCalls.check(mkdir(calls, unnamed), "creating the state folder " + path);
        int lock = calls.open(unnamed + LOCK, Open.O_RDWR | Open.O_CREAT | Open.O_EXCL, 0600);
        HostCalls.check(lock, "creating " + path + LOCK);
        HostCalls.check(tryLock(calls, lock), "locking " + path + LOCK);
        // An empty folder is replaced, any other one is not (rename(2)).
        long named = calls.withString(unnamed, from -> calls.withString(path, to -> calls.host().syscall(SyscallNr.RENAME, from, to)));
        if (named != 0) {
            boolean used = isUsed(calls, path);
            new StateFolder(calls, unnamed, id, lock).close();
            if (used) {
                throw new RunscException("container with id \"" + id + "\" already exists");
            }
            HostCalls.check(named, "creating the state folder " + path);
        }
        return new StateFolder(calls, path, id, lock);
    }

    private static boolean isUsed(HostCalls calls, String path) {
        int lock = calls.open(path + LOCK, Open.O_RDWR | Open.O_NOFOLLOW, 0);
        boolean used = lock >= 0 && tryLock(calls, lock) != 0;
        calls.close(lock);
        return used;
    }

    private static long tryLock(HostCalls calls, int lock) {
        return calls.host().syscall(SyscallNr.FLOCK, lock, Open.LOCK_EX | Open.LOCK_NB);
    }

    /** Removes what killed sandboxes left, unless somebody is at it, or makes a folder just now. */
    static void sweep(HostCalls calls, String root) {
        int guard = calls.open(root, Open.O_RDONLY | Open.O_DIRECTORY, 0);
        if (guard >= 0) {
            try {
                if (tryLock(calls, guard) == 0) {
                    removeUnused(calls, root);
                }
            } finally {
                calls.close(guard);
            }
        }
    }

    /** With the root's lock held: so whatever is not locked is nobody's. */
    private static void removeUnused(HostCalls calls, String root) {
        for (String id : list(calls, root)) {
            String path = root + "/" + id;
            int lock = calls.open(path + LOCK, Open.O_RDWR | Open.O_NOFOLLOW, 0);
            if (lock >= 0 && tryLock(calls, lock) == 0 && OURS.containsAll(list(calls, path))) {
                new StateFolder(calls, path, id, lock).close();
            } else if (lock >= 0) {
                calls.close(lock);
            } else if (id.equals(UNNAMED)) {
                rmdir(calls, path);
            }
        }
    }

    private static List<String> list(HostCalls calls, String folder) {
        String[] names = new File(ByteStrings.toUnicode(folder)).list();
        return names == null ? List.of() : Arrays.stream(names).map(ByteStrings::fromUnicode).toList();
    }

    private static void rmdir(HostCalls calls, String path) {
        calls.withString(path, at -> calls.host().syscall(SyscallNr.RMDIR, at));
    }

    /** Nobody else's business, whatever the umask says (umask(2)): who reaches the socket in it rules the container. */
    private static long mkdir(HostCalls calls, String path) {
        long made = calls.withString(path, at -> calls.host().syscall(SyscallNr.MKDIR, at, FOLDER_MODE));
        return made == 0 ? chmod(calls, path, FOLDER_MODE) : made;
    }

    private static long chmod(HostCalls calls, String path, int mode) {
        return calls.withString(path, at -> calls.host().syscall(SyscallNr.CHMOD, at, mode));
    }

    /** The state as the OCI runtime specification has it, with what finds the processes again. */
    void write(String status, int sentry, String bundle) {
        StringWriter text = new StringWriter();
        try (JsonWriter out = new JsonWriter(text)) {
            out.beginObject();
            out.name("ociVersion").value("1.0.0");
            out.name("id").value(id);
            out.name("status").value(status);
            out.name("pid").value(sentry);
            out.name("bundle").value(ByteStrings.toUnicode(bundle));
            out.endObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        int fd = calls.open(path + STATE, Open.O_WRONLY | Open.O_CREAT | Open.O_TRUNC, 0600);
        HostCalls.check(fd, "writing " + path + STATE);
        long written = calls.write(fd, ByteStrings.bytes(ByteStrings.fromUnicode(text.toString()) + "\n"));
        calls.close(fd);
        HostCalls.check(written, "writing " + path + STATE);
    }

    /** Removes it. */
    @Override
    public void close() {
        calls.withString(path + STATE, at -> calls.host().syscall(SyscallNr.UNLINK, at));
        calls.withString(path + CONTROL, at -> calls.host().syscall(SyscallNr.UNLINK, at));
        calls.withString(path + LOCK, at -> calls.host().syscall(SyscallNr.UNLINK, at));
        rmdir(calls, path);
        calls.close(lock);
    }
}
