// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.api.vfs.SetAttributes;

/**
 * Random calls, made to Linux and to the vfs over tmpfs alike: each must end the same way. A seed that fails is printed and
 * can be
 * run alone with -Djvisor.seed. Linux's side needs the superuser and runs in a temporary folder as its root; without, there is
 * nothing to compare.
 */
class HostComparisonTest {

    private static final int SEEDS = Integer.getInteger("jvisor.seeds", 60);
    private static final int CALLS = 250;
    private static final Path SHM = Path.of("/dev/shm");
    private static final int[] USERS = {0, 0, 0, 1000, 1001};
    private static final int FS_CAPABILITIES = 1 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 27 | 1 << 9;

    /** Whether this Linux protects links in shared directories as the vfs does; otherwise none are made sticky. */
    private static boolean protectsLinks;

    @Test
    void shouldAnswerAsLinuxDoes() throws IOException {
        protectsLinks = flag("protected_symlinks") == 1 && flag("protected_regular") == 0 && flag("protected_fifos") == 0;
        assumeTrue(flag("protected_hardlinks") == 1, "this Linux lets links be made that the vfs does not");
        Integer only = Integer.getInteger("jvisor.seed");
        for (int seed = only == null ? 1 : only; seed <= (only == null ? SEEDS : only); seed++) {
            Path folder = Files.createTempDirectory(Files.isDirectory(SHM) ? SHM : Path.of("/tmp"), "vfs");
            try (HostFiles host = HostFiles.in(folder)) {
                assumeTrue(host != null, "no right to change the root directory");
                new Run(seed, host).go();
            } finally {
                delete(folder);
            }
        }
    }

    private static int flag(String name) throws IOException {
        Path file = Path.of("/proc/sys/fs", name);
        return Files.exists(file) ? Integer.parseInt(Files.readString(file).trim()) : 0;
    }

    private static void delete(Path folder) throws IOException {
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, IOException e) throws IOException {
                Files.delete(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /** One sequence of calls. */
    private static final class Run {
        private final int seed;
        private final Random random;
        private final HostFiles host;
        private final World w = new World();
        private final TestTask t = w.root;
        private final List<String> done = new ArrayList<>();

        Run(int seed, HostFiles host) {
            this.seed = seed;
            this.random = new Random(seed);
            this.host = host;
        }

        void go() {
            w.chmod(w.root, "/", 0777);
            host.chmod("/", 0777);
            for (int i = 0; i < CALLS; i++) {
                become(USERS[random.nextInt(USERS.length)]);
                step();
            }
        }

        private void become(int uid) {
            host.become(uid, uid);
            t.credentials = org.jvisor.api.kernel.Credentials.ROOT.with(b -> {
                b.fsuid = uid;
                b.fsgid = uid;
                b.effective = uid == 0 ? b.effective : b.effective & ~FS_CAPABILITIES;
            });
            done.add("as " + uid);
        }

        private void step() {
            String p = path();
            String q = path();
            switch (random.nextInt(19)) {
                case 0, 1 -> same("mkdir " + p, host.mkdir(p, mode()), ours(() -> w.mkdir(t, p, lastMode)));
                case 2 -> same("rmdir " + p, host.unlink(p, true), ours(() -> w.rmdir(t, p)));
                case 3 -> same("unlink " + p, host.unlink(p, false), ours(() -> w.unlink(t, p)));
                case 4, 5, 6 -> open(p);
                case 7 -> symlink(p);
                case 8 -> link(p, q);
                case 9, 10, 11 -> rename(p, q);
                case 12 -> same("chmod " + p, host.chmod(p, mode()), ours(() -> w.chmod(t, p, lastMode)));
                case 13 -> chown(p);
                case 14 -> truncate(p);
                case 15 -> access(p);
                case 16 -> touch(p);
                case 17 -> same("chdir " + p, host.chdir(p), ours(() -> w.vfs.chdir(t.task, w.path(t, p))));
                default -> same("mkfifo " + p, host.mknod(p, Mode.S_IFIFO | mode(), 0),
                        ours(() -> w.mknod(t, p, Mode.S_IFIFO | lastMode, 0)));
            }
            boolean follow = random.nextBoolean();
            same("stat " + p, host.stat(p, follow), stat(p, follow));
            same("list " + p, host.list(p), list(p));
            same("readlink " + q, host.readlink(q), readlink(q));
        }

        private int lastMode;

        private int mode() {
            lastMode = random.nextInt(4) == 0 ? random.nextInt(010000) : random.nextInt(01000) | 0700;
            if (!protectsLinks && (lastMode & Mode.S_IWOTH) != 0) {
                lastMode &= ~Mode.S_ISVTX;
            }
            return lastMode;
        }

        private String path() {
            StringBuilder path = new StringBuilder(random.nextInt(5) == 0 ? "/" : "");
            int components = 1 + Math.min(random.nextInt(4), random.nextInt(4));
            for (int i = 0; i < components; i++) {
                String[] names = {"a", "b", "c", "a", "b", "c", "a", "b", ".", ".."};
                path.append(names[random.nextInt(names.length)]);
                if (i < components - 1 || random.nextInt(10) == 0) {
                    path.append(random.nextInt(8) == 0 ? "//" : "/");
                }
            }
            return path.toString();
        }

        private void open(String p) {
            int[] access = {Open.O_RDONLY, Open.O_WRONLY, Open.O_RDWR, Open.O_RDWR};
            int[] more = {Open.O_CREAT, Open.O_CREAT, Open.O_EXCL, Open.O_TRUNC, Open.O_APPEND, Open.O_NOFOLLOW, Open.O_DIRECTORY,
                Open.O_PATH, Open.O_NOATIME};
            int flags = access[random.nextInt(access.length)] | Open.O_NONBLOCK;
            for (int i = random.nextInt(4); i > 0; i--) {
                flags |= more[random.nextInt(more.length)];
            }
            if ((flags & (Open.O_CREAT | Open.O_DIRECTORY)) == (Open.O_CREAT | Open.O_DIRECTORY)) {
                flags &= ~Open.O_DIRECTORY; // has changed its meaning from Linux to Linux
            }
            int[] resolves = {0, 0, 0, Open.RESOLVE_BENEATH, Open.RESOLVE_IN_ROOT, Open.RESOLVE_NO_SYMLINKS,
                Open.RESOLVE_NO_MAGICLINKS};
            int resolve = resolves[random.nextInt(resolves.length)];
            if (random.nextInt(12) == 0) {
                flags = flags & ~Open.O_CREAT | Open.O_TMPFILE;
            }
            int ofPlaces = Open.O_PATH | Open.O_NOFOLLOW | Open.O_DIRECTORY;
            int f = resolve != 0 && (flags & Open.O_PATH) != 0 ? flags & ofPlaces : flags;
            int m = mode() & Mode.PERMISSIONS;
            String content = random.nextBoolean() ? "text" + random.nextInt(100) : "";
            StringBuilder theirs = new StringBuilder();
            StringBuilder own = new StringBuilder();
            String what = "open " + p + " " + Integer.toOctalString(f) + " resolve " + resolve;
            same(what, host.open(p, f, m, resolve, content, theirs), ours(() -> {
                FileDescription file = w.vfs.open(t.task, Open.AT_FDCWD, t.task.walk().load(p), f, m, resolve);
                own.append(Integer.toOctalString(file.flags())).append(' ');
                if (!content.isEmpty()) {
                    own.append(World.write(t, file, content)).append(' ');
                }
                byte[] bytes = new byte[100];
                IoBuffer buffer = World.MEMORY.kernelBuffer(bytes, 0, bytes.length);
                long n = file.readAt(t.task, buffer, 0);
                own.append(n).append(' ').append(n > 0 ? ByteNames.string(bytes, 0, (int) n) : "");
                file.release(t.task);
            }));
            t.signals.clear();
            same("content of " + p, theirs.toString(), own.toString());
        }

        private void symlink(String p) {
            String target = path();
            same("symlink " + target + " " + p, host.symlink(target, p), ours(() -> w.symlink(t, target, p)));
        }

        private void link(String p, String q) {
            boolean follow = random.nextInt(3) == 0;
            int walkFlags = follow ? PathWalk.FOLLOW : 0;
            same("link " + p + " " + q, host.link(p, q, follow), ours(() -> w.vfs.link(t.task, Open.AT_FDCWD,
                    t.task.walk().load(p), walkFlags, Open.AT_FDCWD, t.task.walk2().load(q))));
        }

        private void rename(String p, String q) {
            int[] choices = {0, 0, 0, Open.RENAME_NOREPLACE, Open.RENAME_EXCHANGE};
            int flags = choices[random.nextInt(choices.length)];
            same("rename " + p + " " + q + " " + flags, host.rename(p, q, flags), ours(() -> w.rename(t, p, q, flags)));
        }

        private void chown(String p) {
            int uid = random.nextInt(3) == 0 ? -1 : USERS[random.nextInt(USERS.length)];
            int gid = random.nextInt(3) == 0 ? -1 : USERS[random.nextInt(USERS.length)];
            boolean follow = random.nextBoolean();
            SetAttributes changes = new SetAttributes();
            changes.valid = SetAttributes.UID | SetAttributes.GID;
            changes.uid = uid;
            changes.gid = gid;
            same("chown " + p + " " + uid + ":" + gid, host.chown(p, uid, gid, follow), ours(() -> w.vfs.setAttributes(t.task,
                    Open.AT_FDCWD, t.task.walk().load(p), follow ? PathWalk.FOLLOW : 0, changes)));
        }

        private void truncate(String p) {
            int size = random.nextInt(12) - 1;
            same("truncate " + p + " " + size, host.truncate(p, size), ours(() -> w.truncate(t, p, size)));
        }

        private void access(String p) {
            int mask = random.nextInt(8);
            same("access " + p + " " + mask, host.access(p, mask), ours(() -> w.vfs.access(t.task, Open.AT_FDCWD,
                    t.task.walk().load(p), mask, PathWalk.FOLLOW, false)));
        }

        private void touch(String p) {
            SetAttributes changes = new SetAttributes();
            changes.valid = SetAttributes.ATIME | SetAttributes.MTIME | SetAttributes.ATIME_NOW | SetAttributes.MTIME_NOW;
            same("touch " + p, host.touch(p), ours(() -> w.vfs.setAttributes(t.task, Open.AT_FDCWD, t.task.walk().load(p),
                    PathWalk.FOLLOW, changes)));
        }

        private String stat(String p, boolean follow) {
            try {
                Stat s = w.stat(t, p, follow ? PathWalk.FOLLOW : 0);
                return HostFiles.describe(s.mode, s.nlink, s.uid, s.gid, s.size, s.rdev);
            } catch (ErrnoException e) {
                return Errno.name(e.errno());
            }
        }

        private String list(String p) {
            try {
                FileDescription directory = w.open(t, p, Open.O_RDONLY | Open.O_DIRECTORY, 0);
                TreeSet<String> names = new TreeSet<>();
                long result = directory.readdir(t.task, (name, ino, type, next) -> names.add(name + ":" + type));
                directory.release(t.task);
                return result < 0 ? Errno.name((int) -result) : names.toString();
            } catch (ErrnoException e) {
                return Errno.name(e.errno());
            }
        }

        private String readlink(String p) {
            try {
                return w.vfs.readlink(t.task, Open.AT_FDCWD, t.task.walk().load(p), 0);
            } catch (ErrnoException e) {
                return Errno.name(e.errno());
            }
        }

        private static long ours(Runnable action) {
            try {
                action.run();
                return 0;
            } catch (ErrnoException e) {
                return -e.errno();
            }
        }

        private void same(String what, long theirs, long own) {
            same(what, Errno.name((int) -theirs), Errno.name((int) -own));
        }

        private void same(String what, String theirs, String own) {
            done.add(what + " = " + theirs);
            if (!theirs.equals(own)) {
                int from = Math.max(0, done.size() - 400);
                String before = String.join("\n", done.subList(from, done.size()));
                assertEquals(theirs, own, "seed " + seed + ", " + what + ", after\n" + before);
            }
        }
    }
}
