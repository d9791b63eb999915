// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.FsMagic;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Statfs;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Attributes;
import org.jvisor.api.p9.P9Requests;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.HandleSource;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.Inode;

/** A mounted tree of a gofer: the table of its inodes, and the bounds of what is kept for speed alone. Any thread. */
final class GoferFileSystem implements FileSystem, Stateful, HandleSource {
    /** Inodes that the vfs has evicted and that we still remember. */
    private static final int MAX_IDLE_INODES = 4096;
    /** Each is a descriptor of the gofer. */
    private static final int MAX_FIDS = 12_000;
    /** Descriptors of files that nobody has open. */
    private static final int MAX_IDLE_DESCRIPTORS = 512;
    /** Entries of directories that were read. */
    private static final int MAX_NAMES = 100_000;
    /** Of the memory that there is, page caches may take this part. */
    private static final int PAGES_SHARE = 4;
    /** Of what a container may have, its mapped files are asked for memory where they have this part. */
    private static final int LEAST_MAPPED_SHARE = 16;

    final HostKernel host;
    private final Memory memory;
    /** Who is charged for pages of files. */
    private final Cgroup payer;
    /** The memory file as the payer has it. */
    final MemoryFile file;
    final GoferClient client;
    final boolean shared;
    private final MountOptions options;
    private final long device;
    /** Set once, before the instance serves. */
    private GoferInode root;
    private final ConcurrentHashMap<Long, GoferInode> inodes = new ConcurrentHashMap<>();

    private final Mutex lists = new Mutex(LockRank.P9_CLIENT);
    /** In the order in which they became idle; guarded by lists, as are all that follow. */
    private final LinkedHashSet<GoferInode> idleInodes = new LinkedHashSet<>();

    private final LinkedHashSet<GoferInode> idleDescriptors = new LinkedHashSet<>();
    private final AtomicInteger fids = new AtomicInteger();
    /** Caches that have pages, the one that got some last at the end. */
    private final LinkedHashSet<PageCache> caches = new LinkedHashSet<>();

    /** Bytes in page caches. */
    private long cachedBytes;

    /** Directories whose entries are remembered, the one that was read last at the end. */
    private final LinkedHashSet<DirectoryNames> readDirectories = new LinkedHashSet<>();

    /** How many entries those have. */
    private int rememberedNames;

    GoferFileSystem(HostKernel host, Memory memory, Cgroup payer, GoferClient client, MountOptions options, long device) {
        this.host = host;
        this.memory = memory;
        this.payer = payer;
        file = memory.file(payer);
        this.client = client;
        this.options = options;
        this.device = device;
        shared = options.shared();
        Exchange e = client.take();
        try {
            P9Requests.getattr(e.request, GoferClient.ROOT_FID, P9.GETATTR_BASIC);
            client.call(e);
            e.reply.getLong();
            e.attributes.read(e.reply);
            e.reply.checkIntact();
            root = newInode(e.attributes, GoferClient.ROOT_FID, null, "");
            inodes.put(root.ino(), root);
        } finally {
            client.give(e);
        }
    }

    // ---- hand-over

    /** What {@link #save} wrote. */
    GoferFileSystem(StateRecord record, HostKernel host, Memory memory) {
        this.host = host;
        this.memory = memory;
        payer = record.requireCore("payer", Cgroup.class);
        file = memory.file(payer);
        client = new GoferClient(record, host);
        options = MountOptions.parse(record.getString("options", ""));
        shared = options.shared();
        device = record.requireLong("device");
        fids.set(record.getInt("fids", 0));
        cachedBytes = record.getLong("cachedBytes", 0);
    }

    @Override
    public StateRecord save() {
        StateRecord record = new StateRecord(GoferDriver.SUPER_BLOCK, GoferDriver.SCHEMA).put("options", options.text())
                .putCore("payer", payer).put("device", device).put("fids", fids.get()).put("cachedBytes", cachedBytes).putOwn("root", root);
        client.save(record);
        inodes.values().forEach(inode -> record.add("inodes").putOwn("inode", inode));
        idleInodes.forEach(inode -> record.add("idleInodes").putOwn("inode", inode));
        idleDescriptors.forEach(inode -> record.add("idleDescriptors").putOwn("inode", inode));
        caches.forEach(cache -> record.add("caches").putOwn("cache", cache));
        readDirectories.forEach(names -> record.add("readDirectories").putOwn("directory", names.directory()));
        return record;
    }

    @Override
    public void link(StateRecord record) {
        root = record.requireOwn("root", GoferInode.class);
        for (StateRecord item : record.items("inodes")) {
            GoferInode inode = item.requireOwn("inode", GoferInode.class);
            inodes.put(inode.ino(), inode);
        }
        record.items("idleInodes").forEach(item -> idleInodes.add(item.requireOwn("inode", GoferInode.class)));
        record.items("idleDescriptors").forEach(item -> idleDescriptors.add(item.requireOwn("inode", GoferInode.class)));
        record.items("caches").forEach(item -> caches.add(item.requireOwn("cache", PageCache.class)));
        for (StateRecord item : record.items("readDirectories")) {
            DirectoryNames names = item.requireOwn("directory", GoferDirectory.class).names;
            readDirectories.add(names);
            rememberedNames += names.count();
        }
    }

    @Override
    public void forEachHandle(Consumer<Handle> visitor) {
        client.forEachHandle(visitor);
    }

    @Override
    public void retire() {
        client.retire();
    }

    @Override
    public void discard() {
        client.retire();
    }

    // ---- FileSystem

    @Override
    public String type() {
        return "9p";
    }

    @Override
    public long device() {
        return device;
    }

    @Override
    public Inode root() {
        return root;
    }

    @Override
    public boolean mayChangeOutside() {
        return shared;
    }

    @Override
    public String options() {
        return options.text();
    }

    @Override
    public void statfs(Statfs statfs) {
        Exchange e = client.take();
        try {
            P9Requests.statfs(e.request, GoferClient.ROOT_FID);
            client.call(e);
            e.reply.getInt();
            statfs.type = FsMagic.V9FS_MAGIC;
            statfs.blockSize = e.reply.getInt() & 0xffff_ffffL;
            statfs.blocks = e.reply.getLong();
            statfs.blocksFree = e.reply.getLong();
            statfs.blocksAvailable = e.reply.getLong();
            statfs.files = e.reply.getLong();
            statfs.filesFree = e.reply.getLong();
            statfs.fsid = e.reply.getLong();
            statfs.nameLength = e.reply.getInt();
            e.reply.checkIntact();
        } finally {
            client.give(e);
        }
    }

    @Override
    public void sync() {
        client.flushClunks();
        for (GoferInode inode : inodes.values()) {
            inode.sync();
        }
    }

    @Override
    public void unmount() {
        for (GoferInode inode : inodes.values()) {
            inode.drop();
        }
        inodes.clear();
        client.close();
    }

    // ---- inodes

    /**
     * The inode for a file that the gofer has told of.
     *
     * @param fid a fid of it, which the inode takes over or gives back; or NOFID
     * @param fresh whether the attributes are newer than what we may know of it
     */
    GoferInode inode(P9Attributes a, int fid, GoferDirectory parent, String name, boolean fresh) {
        Long key = a.qidPath;
        while (true) {
            GoferInode known = inodes.get(key);
            if (known != null && known.isSame(a)) {
                known.meetAgain(a, fid, parent, name, fresh);
                try (Mutex _ = lists.take()) {
                    idleInodes.remove(known);
                }
                return known;
            }
            GoferInode made = newInode(a, fid, parent, name);
            if (known == null ? inodes.putIfAbsent(key, made) == null : inodes.replace(key, known, made)) {
                return made;
            }
        }
    }

    private GoferInode newInode(P9Attributes a, int fid, GoferDirectory parent, String name) {
        return Mode.isDir(a.mode) ? new GoferDirectory(this, a, fid, parent, name) : new GoferInode(this, a, fid, parent, name);
    }

    /** The inode of that number, if it is known. */
    GoferInode known(long ino) {
        return inodes.get(ino);
    }

    int knownInodes() {
        return inodes.size();
    }

    void forget(GoferInode inode) {
        inodes.remove(inode.ino(), inode);
    }

    /** The vfs does not use {@code inode} any more; it may come back. */
    void idle(GoferInode inode) {
        GoferInode oldest = null;
        try (Mutex _ = lists.take()) {
            idleInodes.remove(inode);
            idleInodes.add(inode);
            if (idleInodes.size() > MAX_IDLE_INODES) {
                oldest = removeFirst(idleInodes);
            }
        }
        if (oldest != null && oldest.dropIfUnused()) {
            forget(oldest);
        }
    }

    private static GoferInode removeFirst(LinkedHashSet<GoferInode> set) {
        Iterator<GoferInode> iterator = set.iterator();
        GoferInode first = iterator.next();
        iterator.remove();
        return first;
    }

    // ---- fids: a cache of names that the gofer need not look up again

    /** An inode has got a fid. Called without any lock of ours. */
    void fidBound() {
        if (fids.incrementAndGet() > MAX_FIDS) {
            giveFidsBack();
        }
    }

    void fidGone() {
        fids.decrementAndGet();
    }

    /** Takes their fids from half of the inodes that do not use them at this moment. */
    void giveFidsBack() {
        int wanted = MAX_FIDS / 2;
        for (GoferInode inode : inodes.values()) {
            if (wanted > 0 && inode != root && inode.fid.giveBack()) {
                wanted--;
            }
        }
        client.flushClunks();
    }

    // ---- directories that were read

    /** {@code names} has now so many entries more (or less); it is read or forgotten. */
    void namesChanged(DirectoryNames names, int more, boolean read) {
        List<DirectoryNames> oldest = List.of();
        try (Mutex _ = lists.take()) {
            rememberedNames += more;
            readDirectories.remove(names);
            if (read) {
                readDirectories.add(names);
                oldest = tooOld(names);
            }
        }
        for (DirectoryNames old : oldest) {
            if (!old.tryForget()) {
                try (Mutex _ = lists.take()) {
                    readDirectories.add(old); // another time
                }
            }
        }
    }

    /** Those that were read first, so that there are few enough names without them; not {@code except}. */
    private List<DirectoryNames> tooOld(DirectoryNames except) {
        List<DirectoryNames> old = List.of();
        int left = rememberedNames;
        for (Iterator<DirectoryNames> all = readDirectories.iterator(); left > MAX_NAMES && all.hasNext();) {
            DirectoryNames first = all.next();
            if (first != except) {
                old = old.isEmpty() ? new ArrayList<>() : old;
                old.add(first);
                left -= first.count();
                all.remove();
            }
        }
        return old;
    }

    // ---- descriptors of files that nobody has open

    void descriptorsIdle(GoferInode inode) {
        GoferInode oldest = null;
        try (Mutex _ = lists.take()) {
            idleDescriptors.add(inode);
            if (idleDescriptors.size() > MAX_IDLE_DESCRIPTORS) {
                oldest = removeFirst(idleDescriptors);
            }
        }
        if (oldest != null) {
            oldest.descriptors.closeIdle();
        }
    }

    void descriptorsUsed(GoferInode inode) {
        try (Mutex _ = lists.take()) {
            idleDescriptors.remove(inode);
        }
    }

    /** The host has no more descriptors for us. */
    void closeIdleDescriptors() {
        List<GoferInode> all;
        try (Mutex _ = lists.take()) {
            all = new ArrayList<>(idleDescriptors);
            idleDescriptors.clear();
        }
        for (GoferInode inode : all) {
            inode.descriptors.closeIdle();
        }
    }

    // ---- pages

    /** Frames for page caches, one when memory is short: the offset of the first plus their number, or -ENOMEM. */
    long allocatePages(PageCache owner, int wanted) {
        if (pagesAreMany(wanted)) {
            reclaimPages(owner);
        }
        int count = wanted;
        while (true) {
            try {
                return file.allocate(count) + count;
            } catch (ErrnoException e) {
                if (count == 1 && !reclaimPages(owner)) {
                    return -e.errno();
                }
                count = 1;
            }
        }
    }

    private boolean pagesAreMany(int wanted) {
        try (Mutex _ = lists.take()) {
            return cachedBytes + (long) wanted * MemoryFile.PAGE > file.limit() / PAGES_SHARE;
        }
    }

    /** {@code bytes} more (or less) are in {@code cache}; it has pages or not. */
    void pagesChanged(PageCache cache, long bytes, boolean hasPages) {
        try (Mutex _ = lists.take()) {
            cachedBytes += bytes;
            caches.remove(cache);
            if (hasPages) {
                caches.add(cache);
            }
        }
    }

    @Override
    public long reclaimPages(Cgroup container) {
        if (container != null && payer.container() != container) {
            return 0;
        }
        long freed = freePages(null);
        return freed > 0 ? freed : freeMappedPages();
    }

    /** Where it is little, programs need it all the time: then it is better to have more memory than to read it in for ever. */
    private long freeMappedPages() {
        List<PageCache> candidates;
        try (Mutex _ = lists.take()) {
            candidates = new ArrayList<>(caches);
        }
        long clean = candidates.stream().mapToLong(PageCache::cleanBytes).sum();
        if (clean < file.limit() / LEAST_MAPPED_SHARE) {
            return 0;
        }
        long freed = 0;
        for (PageCache cache : candidates) {
            if (freed <= clean / 2) {
                freed += cache.reclaimClean();
            }
        }
        return freed;
    }

    private boolean reclaimPages(PageCache except) {
        return freePages(except) > 0;
    }

    /** Frees pages that nobody has mapped, the oldest first, up to an eighth of what there is; the bytes. */
    private long freePages(PageCache except) {
        List<PageCache> candidates;
        long enough;
        try (Mutex _ = lists.take()) {
            candidates = new ArrayList<>(caches);
            enough = cachedBytes / 8;
        }
        long freed = 0;
        for (PageCache cache : candidates) {
            if (cache != except && freed <= enough) {
                freed += cache.reclaim();
            }
        }
        return freed;
    }
}
