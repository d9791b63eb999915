// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.sandbox;

import com.google.gson.stream.JsonWriter;
import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.launcher.ByteStrings;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.host.HostCalls;

/**
 * What other calls of runsc find of a container: a folder with its id's name below {@code --root}, with a file state.json in it.
 * runsc and the Sentry hold a lock (flock(2)) on a file of it. A folder that nobody has locked, since both were killed before
 * one could remove it, counts as none, and goes when the next container is made.
 */
final class StateFolder implements AutoCloseable {
    private static final String STATE = "/state.json";
    private static final String LOCK = "/lock";
    private static final String CONTROL = "/control.sock";
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
        sweep(calls, root);
        String path = root + "/" + id;
        long made = mkdir(calls, path);
        if (made == -Errno.EEXIST) {
            // What another run left, with whatever mode that one had.
            made = chmod(calls, path, FOLDER_MODE);
        }
        HostCalls.check(made, "creating the state folder " + path);
        int lock = calls.open(path + LOCK, Open.O_RDWR | Open.O_CREAT | Open.O_NOFOLLOW, 0600);
        HostCalls.check(lock, "creating " + path + LOCK);
        if (calls.host().syscall(SyscallNr.FLOCK, lock, Open.LOCK_EX | Open.LOCK_NB) != 0) {
            calls.close(lock);
            throw new RunscException("container with id \"" + id + "\" already exists");
        }
        return new StateFolder(calls, path, id, lock);
    }

    /** Removes what killed sandboxes left. A folder without a state is being made by somebody. */
    private static void sweep(HostCalls calls, String root) {
        String[] ids = new File(ByteStrings.toUnicode(root)).list();
        for (String id : ids == null ? new String[0] : ids) {
            String path = root + "/" + ByteStrings.fromUnicode(id);
            int state = calls.open(path + STATE, Open.O_RDONLY, 0);
            int lock = state < 0 ? state : calls.open(path + LOCK, Open.O_RDWR, 0);
            if (lock >= 0) {
                if (calls.host().syscall(SyscallNr.FLOCK, lock, Open.LOCK_EX | Open.LOCK_NB) == 0) {
                    new StateFolder(calls, path, id, lock).close();
                } else {
                    calls.close(lock);
                }
            }
            if (state >= 0) {
                calls.close(state);
            }
        }
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
        calls.withString(path, at -> calls.host().syscall(SyscallNr.RMDIR, at));
        calls.close(lock);
    }
}
