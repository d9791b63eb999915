// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.VfsPath;
import org.jvisor.api.wait.WaitQueue;

/** An open file description. */
final class FileDescriptionImpl implements FileDescription, Handle, Restorable {

    private static final VarHandle REFERENCES;
    private static final VarHandle IN_FLIGHT;
    private static final VarHandle PAYER;
    private static final VarHandle KEPT_BYTES;
    private static final VarHandle FLAGS;
    private static final VarHandle ASYNC;
    private static final VarHandle LISTENERS;
    private static final ReleaseListener[] NOBODY = {};
    private static final int SETTABLE = Open.O_APPEND | Open.O_NONBLOCK | Open.O_ASYNC | Open.O_DIRECT | Open.O_NOATIME;
    private static final int READ_EVENTS =
            Poll.POLLIN | Poll.POLLRDNORM | Poll.POLLPRI | Poll.POLLERR | Poll.POLLHUP | Poll.POLLRDHUP;
    private static final int WRITE_EVENTS = Poll.POLLOUT | Poll.POLLWRNORM | Poll.POLLERR | Poll.POLLHUP;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            REFERENCES = lookup.findVarHandle(FileDescriptionImpl.class, "references", int.class);
            IN_FLIGHT = lookup.findVarHandle(FileDescriptionImpl.class, "inFlight", int.class);
            PAYER = lookup.findVarHandle(FileDescriptionImpl.class, "payer", Cgroup.class);
            KEPT_BYTES = lookup.findVarHandle(FileDescriptionImpl.class, "keptBytes", long.class);
            FLAGS = lookup.findVarHandle(FileDescriptionImpl.class, "flags", int.class);
            ASYNC = lookup.findVarHandle(FileDescriptionImpl.class, "async", Async.class);
            LISTENERS = lookup.findVarHandle(FileDescriptionImpl.class, "listeners", ReleaseListener[].class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final long id;
    private final OpenFiles openFiles;
    /** Another object once the bundle that it comes from is replaced. */
    private volatile FileOperations operations;
    private final VfsPath path;
    private final Vnode vnode;
    private final boolean readable;
    private final boolean writable;
    private final boolean seekable;
    private final boolean positional;
    private final boolean writesAtOnce;
    private final boolean directory;
    private final boolean regular;
    /** Whether it counts among its mount's writers. */
    private final boolean holdsMount;

    private volatile int flags;
    private volatile int references = 1;
    /** So many of the references are those of messages in flight; only changed for what can carry messages itself. */
    private volatile int inFlight;
    /** Whose it is; null until it has a descriptor. */
    private volatile Cgroup payer;
    /** What the payer is charged for beside, see {@link #keep}. */
    private volatile long keptBytes;
    /** Held over a read or write that uses the position of a seekable file, as Linux holds f_pos_lock, and over nothing else. */
    private final KillableLock positionLock = new KillableLock(LockRank.FILE_POSITION);
    private volatile long position;
    private volatile Async async = Async.NOBODY;
    private DirectoryReader directoryReader;
    /** Replaced, never changed. */
    private volatile ReleaseListener[] listeners = NOBODY;
    /** {@link OpenFiles}' own. */
    FileDescriptionImpl nextOpen;
    FileDescriptionImpl previousOpen;

    private static boolean mayRead(int flags) {
        int access = flags & Open.O_ACCMODE;
        return (flags & Open.O_PATH) == 0 && (access == Open.O_RDONLY || access == Open.O_RDWR);
    }

    private static boolean mayWrite(int flags) {
        int access = flags & Open.O_ACCMODE;
        return (flags & Open.O_PATH) == 0 && (access == Open.O_WRONLY || access == Open.O_RDWR);
    }

    /** Whether what is opened so counts among its mount's writers: {@link MountImpl#openFile}. */
    static boolean writes(int flags, int mode) {
        return mayWrite(flags) && Mode.isRegular(mode);
    }

    /**
     * Takes over the caller's user of {@code vnode}, which is that of the path, the place that it took of {@code openFiles}, and the
     * file that it has opened of the path's mount.
     */
    FileDescriptionImpl(OpenFiles openFiles, FileOperations operations, VfsPath path, Vnode vnode, int flags) {
        id = openFiles.newId();
        this.openFiles = openFiles;
        this.operations = operations;
        this.path = path;
        this.vnode = vnode;
        this.flags = flags;
        readable = mayRead(flags);
        writable = mayWrite(flags);
        seekable = operations.seekable();
        positional = operations.positional();
        writesAtOnce = operations.writesAtOnce();
        int mode = vnode.inode.mode();
        directory = Mode.isDir(mode);
        regular = Mode.isRegular(mode);
        holdsMount = writes(flags, mode);
        openFiles.add(this);
    }

    /** It gets a descriptor in a table of {@code cgroup}'s, which counts it if nobody does yet; whether it may. */
    boolean charge(Cgroup cgroup) {
        if (payer != null) {
            return true;
        }
        if (!cgroup.tryCharge(Charge.OPEN_FILE, 1)) {
            return false;
        }
        if (!PAYER.compareAndSet(this, null, cgroup)) {
            cgroup.uncharge(Charge.OPEN_FILE, 1);
        }
        return true;
    }

    /** Whom {@link #charge} has found; null before. */
    Cgroup payer() {
        return payer;
    }

    @Override
    public boolean keep(Task task, long bytes) {
        if (bytes == keptBytes) {
            return true;
        }
        if (payer == null && (task == null || !charge(task.cgroup()))) {
            return task == null; // the kernel's own
        }
        Cgroup known = payer;
        long more = bytes - (long) KEPT_BYTES.getAndSet(this, bytes);
        if (more <= 0) {
            known.uncharge(Charge.LISTING_BYTE, -more);
            return true;
        }
        if (known.tryCharge(Charge.LISTING_BYTE, more)) {
            return true;
        }
        KEPT_BYTES.getAndAdd(this, -more);
        return false;
    }

    // ---- Handle

    @Override
    public long id() {
        return id;
    }

    @Override
    public String kind() {
        return "file description";
    }

    @Override
    public Class<?> type() {
        return FileOperations.class;
    }

    @Override
    public FileOperations target() {
        return operations;
    }

    @Override
    public void replace(Object fresh) {
        operations = (FileOperations) fresh;
    }

    // ---- what it is

    @Override
    public FileOperations operations() {
        return operations;
    }

    @Override
    public VfsPath path() {
        return path;
    }

    @Override
    public Inode inode() {
        return vnode.inode;
    }

    Vnode vnode() {
        return vnode;
    }

    @Override
    public int flags() {
        return flags;
    }

    @Override
    public void setFlags(int newFlags) {
        int before;
        int now;
        do {
            before = flags;
            now = before & ~SETTABLE | newFlags & SETTABLE;
        } while (!FLAGS.compareAndSet(this, before, now));
        operations.flagsChanged(this, now);
    }

    @Override
    public boolean readable() {
        return readable;
    }

    @Override
    public boolean writable() {
        return writable;
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public void setPosition(long newPosition) {
        position = newPosition;
    }

    // ---- read

    @Override
    public long read(Task task, IoBuffer target) {
        if (!readable) {
            return -Errno.EBADF;
        }
        if (directory) {
            return -Errno.EISDIR;
        }
        long result = seekable ? readHere(task, target) : operations.read(task, this, target, FileOperations.CURRENT);
        return result == -Errno.EAGAIN ? blockingRead(task, target, -1) : result;
    }

    private long readHere(Task task, IoBuffer target) {
        positionLock.lock();
        try {
            long at = position;
            if (overflows(at, target)) {
                return -Errno.EINVAL;
            }
            long n = readFile(task, target, at);
            if (n > 0) {
                position = at + n;
            }
            return n;
        } finally {
            positionLock.unlock();
        }
    }

    /** An end that is no offset any more: EINVAL. Also keeps what is written at a place apart from APPEND. */
    private static boolean overflows(long offset, IoBuffer buffer) {
        return offset + buffer.remaining() < 0;
    }

    @Override
    public long readAt(Task task, IoBuffer target, long offset) {
        if (offset < 0 || overflows(offset, target)) {
            return -Errno.EINVAL;
        }
        if (!readable) {
            return -Errno.EBADF;
        }
        if (directory) {
            return -Errno.EISDIR;
        }
        if (!positional) {
            return -Errno.ESPIPE;
        }
        long result = readFile(task, target, offset);
        return result == -Errno.EAGAIN ? blockingRead(task, target, offset) : result;
    }

    private long readFile(Task task, IoBuffer target, long offset) {
        long n = operations.read(task, this, target, offset);
        if (regular && n >= 0) {
            accessed();
        }
        return n;
    }

    private void accessed() {
        if ((flags & Open.O_NOATIME) == 0) {
            ((MountImpl) path.mount()).accessed(vnode.inode, directory);
        }
    }

    /** @param offset -1: at the position */
    private long blockingRead(Task task, IoBuffer target, long offset) {
        WaitQueue queue = operations.waitQueue();
        if ((flags & Open.O_NONBLOCK) != 0 || queue == null || task == null) {
            return -Errno.EAGAIN;
        }
        long deadline = deadline(task, false);
        WaitQueue.Entry entry = task.waitEntry(0);
        queue.add(entry, READ_EVENTS);
        try {
            for (long slept = 0;; slept = task.sleep(deadline)) {
                long result;
                if (offset >= 0) {
                    result = readFile(task, target, offset);
                } else {
                    result = seekable ? readHere(task, target) : operations.read(task, this, target, FileOperations.CURRENT);
                }
                if (result != -Errno.EAGAIN) {
                    return result; // also when a signal came first: what can be done is done
                }
                if (slept < 0) {
                    return ended(task, slept, deadline);
                }
            }
        } finally {
            queue.remove(entry);
        }
    }

    /** What a wait that ended without the event it was for makes of the call. */
    private static long ended(Task task, long slept, long deadline) {
        if (slept == -Errno.ETIMEDOUT) {
            return -Errno.EAGAIN;
        }
        boolean bySignal = deadline != Long.MAX_VALUE && (task.pendingSignals() & ~task.signalMask()) != 0;
        return bySignal ? -Errno.EINTR : slept; // signal(7): with a timeout it is not restarted, whatever SA_RESTART says
    }

    private long deadline(Task task, boolean write) {
        long timeoutNs = operations.timeoutNs(write);
        return timeoutNs == Long.MAX_VALUE ? Long.MAX_VALUE : task.call().deadline(timeoutNs);
    }

    // ---- write

    @Override
    public long write(Task task, IoBuffer source) {
        if (!writable) {
            return -Errno.EBADF;
        }
        if (seekable) {
            return writeHere(task, source);
        }
        return writesAtOnce ? writeOnce(task, source) : writeAll(task, source, FileOperations.CURRENT, false);
    }

    private long writeOnce(Task task, IoBuffer source) {
        long n = operations.write(task, this, source, FileOperations.CURRENT);
        return n == -Errno.EAGAIN ? blockingWrite(task, source, FileOperations.CURRENT) : n;
    }

    private long writeHere(Task task, IoBuffer source) {
        positionLock.lock();
        try {
            if ((flags & Open.O_APPEND) != 0) {
                return append(task, source);
            }
            long at = position;
            if (overflows(at, source)) {
                return -Errno.EINVAL;
            }
            long n = regular ? writeRegular(task, source, at) : writeAll(task, source, at, true);
            if (n > 0) {
                position = at + n;
            }
            return n;
        } finally {
            positionLock.unlock();
        }
    }

    @Override
    public long writeAt(Task task, IoBuffer source, long offset) {
        if (offset < 0 || overflows(offset, source)) {
            return -Errno.EINVAL;
        }
        if (!writable) {
            return -Errno.EBADF;
        }
        if (!positional) {
            return -Errno.ESPIPE;
        }
        if ((flags & Open.O_APPEND) != 0) {
            return appendKeepingPosition(task, source); // pwrite(2), BUGS
        }
        return regular ? writeRegular(task, source, offset) : writeAll(task, source, offset, true);
    }

    private long appendKeepingPosition(Task task, IoBuffer source) {
        positionLock.lock();
        try {
            long before = position;
            long n = append(task, source);
            position = before;
            return n;
        } finally {
            positionLock.unlock();
        }
    }

    private long append(Task task, IoBuffer source) {
        long end = FileOperations.APPEND;
        return regular ? writeRegular(task, source, end) : writeAll(task, source, end, false);
    }

    private long writeRegular(Task task, IoBuffer source, long offset) {
        if (source.remaining() == 0) {
            return 0;
        }
        IoBuffer limited = source;
        if (task != null) {
            long allowed = FileSizes.allowed(task, vnode.inode, offset, source.remaining());
            if (allowed <= 0) {
                return allowed;
            }
            if (allowed < source.remaining()) {
                limited = new LimitedBuffer(source, allowed);
            }
            SetIds.clear(task, vnode.inode);
        }
        return writeAll(task, limited, offset, offset != FileOperations.APPEND);
    }

    /**
     * Goes on until all is written, or nothing more can be; what was written counts, an error only when nothing was. What the call
     * had written before its handler was replaced is passed over. Each round moves the source on, which looks now and then whether
     * its task is to end ({@link IoBuffer#span}); an operation that counts bytes and leaves them is not asked again.
     */
    private long writeAll(Task task, IoBuffer source, long offset, boolean moves) {
        long written = task == null ? 0 : task.call().done();
        if (written > 0 && (!source.skip(written) || source.remaining() == 0)) {
            return written;
        }
        for (long left = source.remaining();;) {
            long n = operations.write(task, this, source, moves ? offset + written : offset);
            if (n == -Errno.EAGAIN) {
                n = blockingWrite(task, source, moves ? offset + written : offset);
            }
            if (n <= 0) {
                return written == 0 ? n : task == null || n == 0 ? written : task.call().endedBy(n, written);
            }
            written += n;
            long before = left;
            left = source.remaining();
            if (left == 0 || left >= before) {
                return written;
            }
        }
    }

    private long blockingWrite(Task task, IoBuffer source, long offset) {
        WaitQueue queue = operations.waitQueue();
        if ((flags & Open.O_NONBLOCK) != 0 || queue == null || task == null) {
            return -Errno.EAGAIN;
        }
        long deadline = deadline(task, true);
        WaitQueue.Entry entry = task.waitEntry(0);
        queue.add(entry, WRITE_EVENTS);
        try {
            for (long slept = 0;; slept = task.sleep(deadline)) {
                long result = operations.write(task, this, source, offset);
                if (result != -Errno.EAGAIN) {
                    return result;
                }
                if (slept < 0) {
                    return ended(task, slept, deadline);
                }
            }
        } finally {
            queue.remove(entry);
        }
    }

    // ---- seek, poll, directories

    @Override
    public long seek(Task task, long offset, int whence) {
        if ((flags & Open.O_PATH) != 0) {
            return -Errno.EBADF;
        }
        positionLock.lock();
        try {
            long own = operations.seek(task, this, offset, whence);
            if (own != -Errno.EOPNOTSUPP) {
                if (own >= 0) {
                    position = own;
                }
                return own;
            }
            return seekable || directory ? seekGeneric(offset, whence) : -Errno.ESPIPE;
        } finally {
            positionLock.unlock();
        }
    }

    private long seekGeneric(long offset, int whence) {
        long from;
        switch (whence) {
            case Open.SEEK_SET -> from = 0;
            case Open.SEEK_CUR -> from = position;
            case Open.SEEK_END -> from = vnode.inode.size();
            case Open.SEEK_DATA, Open.SEEK_HOLE -> {
                // A file without holes: all of it is data, the hole is at its end.
                long size = vnode.inode.size();
                if (offset < 0 || offset >= size) {
                    return -Errno.ENXIO;
                }
                from = whence == Open.SEEK_HOLE ? size - offset : 0;
            }
            default -> {
                return -Errno.EINVAL;
            }
        }
        long to = from + offset;
        if (offset > 0 && to < 0) {
            return -Errno.EOVERFLOW;
        }
        if (to < 0) {
            return -Errno.EINVAL;
        }
        position = to;
        return to;
    }

    @Override
    public int poll() {
        return (flags & Open.O_PATH) != 0 ? Poll.POLLNVAL : operations.poll(this);
    }

    @Override
    public long readdir(Task task, FileOperations.DirectorySink sink) {
        if (!readable) {
            return -Errno.EBADF;
        }
        if (!directory) {
            return -Errno.ENOTDIR;
        }
        positionLock.lock();
        try {
            if (path.dentry().isDeleted()) {
                return -Errno.ENOENT;
            }
            if (directoryReader == null) {
                directoryReader = new DirectoryReader();
            }
            long result = directoryReader.read(task, sink);
            if (result >= 0) {
                accessed();
            }
            return result;
        } finally {
            positionLock.unlock();
        }
    }

    /** Moves the position past each entry that is taken. Used under the position's lock. */
    private final class DirectoryReader implements FileOperations.DirectorySink {
        private FileOperations.DirectorySink sink;

        long read(Task task, FileOperations.DirectorySink target) {
            sink = target;
            try {
                while (true) {
                    long before = position;
                    long result = operations.readdir(task, FileDescriptionImpl.this, before, this);
                    int drained = target.drain();
                    if (drained < 0) {
                        position = before;
                    }
                    if (result < 0 || drained <= 0) {
                        return result;
                    }
                }
            } finally {
                sink = null;
            }
        }

        @Override
        public boolean add(String name, long ino, int type, long next) {
            boolean taken = sink.add(name, ino, type, next);
            if (taken) {
                position = next;
            }
            return taken;
        }
    }

    @Override
    public Async async() {
        return async;
    }

    @Override
    public void changeAsync(UnaryOperator<Async> change) {
        Async before;
        do {
            before = async;
        } while (!ASYNC.compareAndSet(this, before, change.apply(before)));
    }

    /** Who listens keeps a reference until it is told, so that nobody comes after the end. */
    @Override
    public void addReleaseListener(ReleaseListener listener) {
        ReleaseListener[] before;
        ReleaseListener[] more;
        do {
            before = listeners;
            more = Arrays.copyOf(before, before.length + 1);
            more[before.length] = listener;
        } while (!LISTENERS.compareAndSet(this, before, more));
    }

    @Override
    public void removeReleaseListener(ReleaseListener listener) {
        ReleaseListener[] before;
        ReleaseListener[] fewer;
        do {
            before = listeners;
            int at = Arrays.asList(before).indexOf(listener);
            if (at < 0) {
                return;
            }
            fewer = before.length == 1 ? NOBODY : Arrays.copyOf(before, before.length - 1);
            System.arraycopy(before, at + 1, fewer, at, fewer.length - at);
        } while (!LISTENERS.compareAndSet(this, before, fewer));
    }

    // ---- Restorable

    @Override
    public StateRecord save() {
        StateRecord record = new StateRecord("file description", 1).put("id", id).putCore("operations", operations)
                .putCore("mount", path.mount()).putCore("dentry", path.dentry()).putCore("vnode", vnode)
                .put("holdsMount", holdsMount).put("flags", flags).put("references", references).put("inFlight", inFlight)
                .putCore("payer", payer).put("keptBytes", keptBytes).put("position", position);
        Async known = async;
        if (known != Async.NOBODY) {
            record.add("async").put("ownerType", known.ownerType()).put("owner", known.owner()).put("signal", known.signal())
                    .put("uid", known.uid()).put("euid", known.euid());
        }
        return record;
    }

    /** Who listens tells so again. */
    @Override
    public void forget() {
        operations = null;
        flags = 0;
        references = 0;
        inFlight = 0;
        payer = null;
        keptBytes = 0;
        position = 0;
        async = null;
        directoryReader = null;
    }

    @Override
    public void restore(StateRecord record) {
        record.expect("id", id);
        record.expectCore("mount", path.mount());
        record.expectCore("dentry", path.dentry());
        record.expectCore("vnode", vnode);
        record.expect("holdsMount", holdsMount ? 1 : 0);
        operations = record.requireCore("operations", FileOperations.class);
        flags = record.requireInt("flags");
        references = record.requireInt("references");
        inFlight = record.requireInt("inFlight");
        payer = record.core("payer", Cgroup.class);
        keptBytes = record.requireLong("keptBytes");
        position = record.requireLong("position");
        async = Async.NOBODY;
        for (StateRecord told : record.items("async")) {
            async = new Async(told.requireInt("ownerType"), told.requireInt("owner"), told.requireInt("signal"),
                    told.requireInt("uid"), told.requireInt("euid"));
        }
    }

    @Override
    public void forEachPart(Consumer<? super Restorable> visitor) {
        if (operations instanceof Restorable part) {
            visitor.accept(part);
        }
        if (vnode.inode instanceof Restorable part) {
            visitor.accept(part);
        }
        FileLocks locks = vnode.locksIfAny();
        if (locks != null) {
            visitor.accept(locks);
        }
    }

    // ---- references

    /** One more reference, unless the last one is gone. */
    boolean tryRetain() {
        for (;;) {
            int now = references;
            if (now <= 0) {
                return false;
            }
            if (REFERENCES.compareAndSet(this, now, now + 1)) {
                return true;
            }
        }
    }

    @Override
    public void retain() {
        if (!tryRetain()) {
            throw new IllegalStateException("released description");
        }
    }

    @Override
    public int references() {
        return references;
    }

    @Override
    public void inFlight(int change) {
        IN_FLIGHT.getAndAdd(this, change);
    }

    @Override
    public void release(Task task) {
        int left = (int) REFERENCES.getAndAdd(this, -1) - 1;
        if (left <= inFlight) {
            if (left == 0) {
                Closing.close(this);
            } else {
                operations.onlyInFlight(this);
            }
        }
    }

    /** What fails on the way, which may be code of any bundle, keeps none of the counts that the description had a part in. */
    void close() {
        try {
            tellListeners();
        } finally {
            try {
                endOperations();
            } finally {
                vnode.release();
                ((MountImpl) path.mount()).closeFile(holdsMount);
                openFiles.remove(this);
                if (payer != null) {
                    keep(null, 0);
                    payer.uncharge(Charge.OPEN_FILE, 1);
                }
            }
        }
    }

    private void tellListeners() {
        for (ReleaseListener listener : (ReleaseListener[]) LISTENERS.getAndSet(this, NOBODY)) {
            listener.released(this);
        }
    }

    private void endOperations() {
        FileLocks locks = vnode.locksIfAny();
        if (locks != null) {
            locks.releaseDescription(this);
        }
        if (vnode.inode instanceof AnonymousInode anonymous) {
            anonymous.releaseOperations(this);
        } else {
            operations.release(this);
        }
    }
}
