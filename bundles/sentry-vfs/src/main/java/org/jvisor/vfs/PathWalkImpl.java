// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import static org.jvisor.api.abi.Mount.MS_NOSYMFOLLOW;

import java.util.Arrays;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.api.vfs.VfsPath;

/**
 * The walk of path_resolution(7). Works on the path's bytes in place; the text of a symbolic link is put before what remains
 * of the
 * path, in a buffer that then grows towards its start.
 */
final class PathWalkImpl implements PathWalk {

    private static final int SCOPED = BENEATH | IN_ROOT;
    private static final byte[] NOTHING = {};
    /** Few paths are longer. */
    private static final int SHORT = 256;
    /** Components that are looked up in one go at most. */
    private static final int CHAIN = 16;
    /** A buffer that hostile links made larger is not kept. */
    private static final int MAX_IDLE_BUFFER = 4 * Open.PATH_MAX;

    private final MountTree tree;
    private final NameHash hashes;
    /** Long enough for the longest path that was loaded. */
    private byte[] loaded = new byte[SHORT];
    private int loadedLength;

    /** Where the walk reads: {@link #loaded}, or {@link #spliced} once a link was met; from pos to end remains. */
    private byte[] text = NOTHING;
    private byte[] spliced = NOTHING;
    private int pos;
    private int end;

    private int lastStart;
    private int lastLength;
    private int lastHash;
    private boolean trailingSlash;

    private MountImpl mount;
    private DentryImpl dentry;
    private MountImpl rootMount;
    private DentryImpl rootDentry;
    private int flags;
    private int linksFollowed;
    private boolean wentUp;
    private int changesBefore;
    private Credentials who;
    private Credentials asked;

    PathWalkImpl(MountTree tree) {
        this.tree = tree;
        hashes = tree.hashes();
    }

    // ---- loading

    @Override
    public PathWalk load(Task task, long address) {
        int n = task.memory().copyInString(address, loaded);
        if (n == -Errno.ENAMETOOLONG && loaded.length < Open.PATH_MAX) {
            loaded = new byte[Open.PATH_MAX];
            n = task.memory().copyInString(address, loaded);
        }
        if (n < 0) {
            throw ErrnoException.of(-n);
        }
        loadedLength = n;
        return this;
    }

    @Override
    public PathWalk load(String path) {
        if (path.length() >= Open.PATH_MAX) {
            throw ErrnoException.of(Errno.ENAMETOOLONG);
        }
        if (path.length() > loaded.length) {
            loaded = new byte[Open.PATH_MAX];
        }
        ByteNames.copy(path, loaded, 0);
        loadedLength = path.length();
        return this;
    }

    @Override
    public String pathString() {
        return ByteNames.string(loaded, 0, loadedLength);
    }

    boolean isEmpty() {
        return loadedLength == 0;
    }

    /** The next resolve asks for the permissions of {@code credentials} instead of the task's. */
    void askAs(Credentials credentials) {
        asked = credentials;
    }

    // ---- resolving

    @Override
    public void resolve(Task task, int dirfd, int walkFlags) {
        begin(task, walkFlags);
        boolean absolute = loadedLength > 0 && loaded[0] == '/';
        if (absolute && (walkFlags & SCOPED) == 0) {
            startAtRoot(task);
        } else if (dirfd == Open.AT_FDCWD) {
            startAt(task.fs().workingDirectory());
        } else {
            startAtDescriptor(task, dirfd);
        }
        go(task, absolute);
    }

    @Override
    public void resolve(Task task, VfsPath start, int walkFlags) {
        begin(task, walkFlags);
        boolean absolute = loadedLength > 0 && loaded[0] == '/';
        startAt(start);
        if (task == null) {
            // At boot there is no task with a root: it is the namespace's.
            rootMount = mount;
            rootDentry = dentry;
            climbToRoot();
        }
        if (absolute && (walkFlags & SCOPED) == 0) {
            mount = rootMount;
            dentry = rootDentry;
        }
        go(task, absolute);
    }

    private void begin(Task task, int walkFlags) {
        flags = walkFlags;
        text = loaded;
        pos = 0;
        end = loadedLength;
        if (spliced.length > MAX_IDLE_BUFFER) {
            spliced = NOTHING;
        }
        linksFollowed = 0;
        wentUp = false;
        trailingSlash = false;
        lastLength = 0;
        who = asked != null ? asked : Permissions.of(task);
        asked = null;
        if (task != null) {
            VfsPath root = task.fs().root();
            rootMount = (MountImpl) root.mount();
            rootDentry = (DentryImpl) root.dentry();
        }
        if (loadedLength == 0 && (walkFlags & EMPTY_PATH) == 0) {
            throw ErrnoException.of(Errno.ENOENT);
        }
    }

    private void startAtRoot(Task task) {
        mount = rootMount;
        dentry = rootDentry;
    }

    private void startAt(VfsPath start) {
        mount = (MountImpl) start.mount();
        dentry = (DentryImpl) start.dentry();
    }

    private void startAtDescriptor(Task task, int dirfd) {
        FileDescription file = task.files().acquire(dirfd);
        if (file == null) {
            throw ErrnoException.of(Errno.EBADF);
        }
        try {
            startAt(file.path());
        } finally {
            file.release(task);
        }
    }

    private void climbToRoot() {
        while (rootMount.mountPoint() != null) {
            rootMount = (MountImpl) rootMount.mountPoint().mount();
        }
        rootDentry = rootMount.root();
    }

    private void go(Task task, boolean absolute) {
        if ((flags & SCOPED) != 0) {
            changesBefore = tree.changes();
            if (absolute && (flags & BENEATH) != 0) {
                throw ErrnoException.of(Errno.EXDEV);
            }
            rootMount = mount;
            rootDentry = dentry;
        }
        walk(task);
        if (wentUp && (flags & SCOPED) != 0 && tree.changes() != changesBefore) {
            // A rename or mount meanwhile may have led ".." out of the root (openat2(2)).
            throw ErrnoException.of(Errno.EAGAIN);
        }
    }

    /** Walks what remains of the text. With PARENT it stops before the last component. */
    private void walk(Task task) {
        for (;;) {
            while (pos < end && text[pos] == '/') {
                pos++;
            }
            if (pos == end) {
                lastLength = 0;
                if ((flags & DIRECTORY) != 0) {
                    requireDirectory();
                }
                return;
            }
            int start = pos;
            long state = 0;
            int next = start;
            while (next < end && text[next] != '/') {
                state = hashes.step(state, text[next]);
                next++;
            }
            int length = next - start;
            int rest = next;
            while (rest < end && text[rest] == '/') {
                rest++;
            }
            boolean last = rest == end;
            boolean slash = rest != next;
            requireDirectory();
            int allowed = Permissions.check(who, dentry.vnode.inode, Permissions.EXECUTE);
            if (allowed != 0) {
                throw ErrnoException.of(-allowed);
            }
            if (last && (flags & PARENT) != 0) {
                lastStart = start;
                lastLength = length;
                lastHash = hashes.finish(state);
                trailingSlash = slash;
                pos = end;
                return;
            }
            pos = rest;
            if (ByteNames.isDot(text, start, length)) {
                continue;
            }
            if (ByteNames.isDotDot(text, start, length)) {
                up();
                continue;
            }
            DentryImpl child = step(task, start, length, hashes.finish(state));
            if (child == null) {
                throw ErrnoException.of(Errno.ENOENT);
            }
            if (Mode.isSymlink(child.vnode.inode.mode()) && (!last || slash || (flags & FOLLOW) != 0)) {
                pos = next; // the slashes that follow belong to what remains
                follow(task, child);
                continue;
            }
            enter(child);
            if (last && slash) {
                requireDirectory();
            }
        }
    }

    private void requireDirectory() {
        if (!dentry.isDirectory()) {
            throw ErrnoException.of(Errno.ENOTDIR);
        }
    }

    // ---- one component

    private DentryImpl step(Task task, int start, int length, int hash) {
        if (length > Open.NAME_MAX) {
            throw ErrnoException.of(Errno.ENAMETOOLONG);
        }
        DentryImpl directory = dentry;
        Inode inode = directory.vnode.inode;
        if (inode.prefersWalk() && !Lookup.isCached(directory, text, start, length, hash)) {
            return stepMany(task, start, length);
        }
        return Lookup.child(task, directory, text, start, length, hash);
    }

    /** A miss where a round trip costs more than a few look-ups for nothing: asks for the components that follow as well. */
    private DentryImpl stepMany(Task task, int start, int length) {
        byte[][] names = new byte[CHAIN][];
        names[0] = Arrays.copyOfRange(text, start, start + length);
        int count = 1;
        int at = pos;
        while (count < CHAIN && at < end) {
            int next = at;
            while (next < end && text[next] != '/') {
                next++;
            }
            int n = next - at;
            int rest = next;
            while (rest < end && text[rest] == '/') {
                rest++;
            }
            boolean special = ByteNames.isDot(text, at, n) || ByteNames.isDotDot(text, at, n);
            if (special || n > Open.NAME_MAX) {
                break;
            }
            names[count++] = Arrays.copyOfRange(text, at, next);
            at = rest;
        }
        return Lookup.chain(task, hashes, dentry, names, count);
    }

    private void enter(DentryImpl child) {
        dentry = child;
        while (dentry.mounts != 0) {
            MountImpl on = mount.mountOn(dentry);
            if (on == null) {
                return;
            }
            if ((flags & NO_XDEV) != 0) {
                throw ErrnoException.of(Errno.EXDEV);
            }
            mount = on;
            dentry = on.root;
        }
    }

    private void up() {
        wentUp = true;
        for (;;) {
            if (dentry == rootDentry && mount == rootMount) {
                if ((flags & BENEATH) != 0) {
                    throw ErrnoException.of(Errno.EXDEV);
                }
                return;
            }
            if (dentry != mount.root) {
                break;
            }
            VfsPath point = mount.mountPoint();
            if (point == null) {
                return; // a root that is not the task's: it ends here all the same
            }
            if ((flags & NO_XDEV) != 0) {
                throw ErrnoException.of(Errno.EXDEV);
            }
            mount = (MountImpl) point.mount();
            dentry = (DentryImpl) point.dentry();
        }
        enter(dentry.parent());
    }

    // ---- symbolic links

    /** Goes on where {@code link}, a child of the current directory, leads. */
    private void follow(Task task, DentryImpl link) {
        if ((flags & NO_SYMLINKS) != 0 || ++linksFollowed > Open.SYMLINKS_MAX) {
            throw ErrnoException.of(Errno.ELOOP);
        }
        if ((mount.flags() & MS_NOSYMFOLLOW) != 0) {
            throw ErrnoException.of(Errno.ELOOP);
        }
        Inode inode = link.vnode.inode;
        protect(inode);
        VfsPath jump = inode.jump(task);
        if (jump != null) {
            jumpTo(jump);
            return;
        }
        String target = inode.readlink(task);
        mount.accessed(inode, false);
        if (target.isEmpty()) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        splice(target);
        if (target.charAt(0) == '/') {
            if ((flags & BENEATH) != 0 || (flags & NO_XDEV) != 0 && rootMount != mount) {
                throw ErrnoException.of(Errno.EXDEV);
            }
            mount = rootMount;
            dentry = rootDentry;
        }
    }

    /** proc(5), /proc/sys/fs/protected_symlinks, which Debian sets: no one is lured by a link in a directory like /tmp. */
    private void protect(Inode link) {
        Inode directory = dentry.vnode.inode;
        int mode = directory.mode();
        if ((mode & (Mode.S_ISVTX | Mode.S_IWOTH)) == (Mode.S_ISVTX | Mode.S_IWOTH) && link.uid() != who.fsuid()
                && link.uid() != directory.uid()) {
            throw ErrnoException.of(Errno.EACCES);
        }
    }

    private void jumpTo(VfsPath to) {
        if ((flags & NO_MAGICLINKS) != 0) {
            throw ErrnoException.of(Errno.ELOOP);
        }
        if ((flags & SCOPED) != 0 || (flags & NO_XDEV) != 0 && to.mount() != mount) {
            throw ErrnoException.of(Errno.EXDEV);
        }
        mount = (MountImpl) to.mount();
        dentry = (DentryImpl) to.dentry();
        if (pos < end) {
            requireDirectory();
        }
    }

    /** Puts {@code target} before what remains, which is empty or begins with a slash. */
    private void splice(String target) {
        int rest = end - pos;
        int needed = target.length() + rest;
        if (text != spliced || pos < target.length()) {
            byte[] to = spliced.length >= needed && text != spliced ? spliced : new byte[Math.max(2 * needed, Open.PATH_MAX)];
            System.arraycopy(text, pos, to, to.length - rest, rest);
            spliced = to;
            text = to;
            end = to.length;
            pos = end - rest;
        }
        pos -= target.length();
        ByteNames.copy(target, text, pos);
    }

    // ---- the last component, after a walk with PARENT: for Opener and NameOperations

    byte[] lastBytes() {
        return Arrays.copyOfRange(text, lastStart, lastStart + lastLength);
    }

    int lastHash() {
        return lastHash;
    }

    /** Whether the path ended in a name, not in ".", ".." or nothing. */
    boolean lastIsName() {
        return lastLength > 0 && !ByteNames.isDot(text, lastStart, lastLength)
                && !ByteNames.isDotDot(text, lastStart, lastLength);
    }

    boolean lastIsDot() {
        return ByteNames.isDot(text, lastStart, lastLength);
    }

    void requireShortName() {
        if (lastLength > Open.NAME_MAX) {
            throw ErrnoException.of(Errno.ENAMETOOLONG);
        }
    }

    /** The child that {@link #lastName} names, or null. */
    DentryImpl lookupLast(Task task) {
        requireShortName();
        return Lookup.child(task, dentry, text, lastStart, lastLength, lastHash);
    }

    /** {@link #lookupLast}, under the directory's lock. */
    DentryImpl lookupLastLocked(Task task) {
        return Lookup.childLocked(task, dentry, text, lastStart, lastLength, lastHash);
    }

    /**
     * What the file system said when it was to change the last name. If that is that the task was killed before there was an answer,
     * nobody knows what the name means now, and the cache forgets it. Under the directory's lock.
     */
    ErrnoException doubted(ErrnoException failure) {
        NameEntry known = failure.errno() != Errno.EINTR ? null : dentry.cachedLocked(text, lastStart, lastLength, lastHash);
        if (known != null) {
            DentryImpl child = known.isNegative() ? null : known.dentry();
            if (child == null) {
                dentry.drop(known);
            } else if (!dentry.superBlock.hasMountsWithin(child)) {
                child.forget();
            }
        }
        return failure;
    }

    /** Goes to {@code child} of the directory found, through mounts on it. */
    void enterLast(DentryImpl child) {
        enter(child);
    }

    /** Takes the last component, "." or "..", too. */
    void enterDots() {
        if (ByteNames.isDotDot(text, lastStart, lastLength)) {
            up();
        }
    }

    /**
     * Goes on where {@code link}, the last component, leads; as before, to the last component of that, which {@link #atPlace}
     * may lack.
     */
    void followLast(Task task, DentryImpl link) {
        pos = lastStart + lastLength;
        follow(task, link);
        walk(task);
    }

    /** Whether there is no last component: the place that was found is meant itself. */
    boolean atPlace() {
        return lastLength == 0;
    }

    // ---- results

    @Override
    public MountImpl mount() {
        return mount;
    }

    @Override
    public DentryImpl dentry() {
        return dentry;
    }

    @Override
    public Inode inode() {
        return dentry.vnode.inode;
    }

    @Override
    public VfsPath path() {
        return dentry == mount.root ? mount.rootPath() : new VfsPath(mount, dentry);
    }

    @Override
    public String lastName() {
        return ByteNames.string(text, lastStart, lastLength);
    }

    @Override
    public boolean trailingSlash() {
        return trailingSlash;
    }
}
