// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.state.CoreRoundTrip;
import org.jvisor.api.state.Forgetful;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FdTable;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.SetAttributes;
import org.jvisor.api.vfs.Vfs;
import org.jvisor.api.vfs.Vfs.LockRequest;
import org.jvisor.vfs.anon.MemfdFile;

/** Files that live in the core go on as they were once they have passed through a stream. */
class RestorableTest {

    private static final int RLIMIT = 1024;
    /** What a description does not tell: its place among the open ones, and who listens. */
    private static final String[] DESCRIPTION = {"nextOpen", "previousOpen", "listeners"};

    private final World w = new World();

    private SortedMap<String, Integer> roundTrip(FdTable... tables) {
        List<Restorable> roots = new ArrayList<>();
        for (FdTable table : tables) {
            roots.add((Restorable) table);
        }
        w.vfs.forEachRestorable(roots::add);
        CoreRoundTrip trip = new CoreRoundTrip(roots);
        trip.run();
        return trip.types();
    }

    private static Restorable operations(FileDescription file) {
        return (Restorable) file.operations();
    }

    private static void write(FileDescription file, long count) {
        byte[] bytes = new byte[Long.BYTES];
        Bytes.putLong(bytes, 0, count);
        assertEquals(Long.BYTES, file.write(null, World.MEMORY.kernelBuffer(bytes, 0, bytes.length)));
    }

    private static long read(FileDescription file) {
        byte[] bytes = new byte[Long.BYTES];
        long result = file.read(null, World.MEMORY.kernelBuffer(bytes, 0, bytes.length));
        return result == Long.BYTES ? Bytes.getLong(bytes, 0) : result;
    }

    @Test
    void shouldKeepCounts() {
        FileDescription sum = w.vfs.newEventFd(3, Open.O_NONBLOCK);
        FileDescription semaphore = w.vfs.newEventFd(0, Open.O_NONBLOCK | Poll.EFD_SEMAPHORE);
        write(sum, 1L << 40);
        write(semaphore, 2);
        Forgetful.roundTrip(operations(sum));
        Forgetful.roundTrip(operations(semaphore));
        assertEquals((1L << 40) + 3, read(sum));
        assertEquals(-Errno.EAGAIN, read(sum));
        assertEquals(1, read(semaphore));
        assertEquals(1, read(semaphore));
        assertEquals(-Errno.EAGAIN, read(semaphore));
    }

    @Test
    void shouldKeepBytesAndPacketsOfPipes() {
        FileDescription[] pipe = w.vfs.newPipe(w.root.task, Open.O_NONBLOCK);
        ((Vfs.Pipe) pipe[0].operations()).setCapacity(1 << 20);
        World.write(w.root, pipe[1], "gone");
        World.write(w.root, pipe[1], "stream");
        assertEquals("gone", World.read(w.root, pipe[0], 4));
        pipe[1].setFlags(Open.O_NONBLOCK | Open.O_DIRECT);
        World.write(w.root, pipe[1], "packet");
        List<Restorable> buffer = new ArrayList<>();
        operations(pipe[0]).forEachPart(buffer::add);
        Forgetful.roundTrip(buffer.getFirst());
        Forgetful.roundTrip(operations(pipe[0]), "reads", "writes", "openedAtWriter");
        SortedMap<String, Integer> types = roundTrip();
        assertEquals(1, types.get("pipe"));
        assertEquals(2, types.get("pipe end"));
        assertEquals(1 << 20, ((Vfs.Pipe) pipe[1].operations()).capacity());
        assertEquals("stream", World.read(w.root, pipe[0], 100));
        World.write(w.root, pipe[1], "next");
        assertEquals("packet", World.read(w.root, pipe[0], 100));
        assertEquals("next", World.read(w.root, pipe[0], 100));
        pipe[1].release(null);
        assertEquals(Poll.POLLHUP, pipe[0].poll());
        pipe[0].release(null);
    }

    @Test
    void shouldKeepWhatAnEpollWatches() {
        FileDescription self = w.vfs.newEpoll(0);
        FileDescription outerSelf = w.vfs.newEpoll(0);
        Vfs.Epoll epoll = (Vfs.Epoll) self.operations();
        Vfs.Epoll outer = (Vfs.Epoll) outerSelf.operations();
        FileDescription[] level = w.vfs.newPipe(w.root.task, Open.O_NONBLOCK);
        FileDescription[] edge = w.vfs.newPipe(w.root.task, Open.O_NONBLOCK);
        FileDescription[] once = w.vfs.newPipe(w.root.task, Open.O_NONBLOCK);
        epoll.control(w.root.task, self, Poll.EPOLL_CTL_ADD, 3, level[0], Poll.EPOLLIN, 33);
        epoll.control(w.root.task, self, Poll.EPOLL_CTL_ADD, 4, edge[0], Poll.EPOLLIN | Poll.EPOLLET, 44);
        epoll.control(w.root.task, self, Poll.EPOLL_CTL_ADD, 5, once[0], Poll.EPOLLIN | Poll.EPOLLONESHOT, 55);
        outer.control(w.root.task, outerSelf, Poll.EPOLL_CTL_ADD, 6, self, Poll.EPOLLIN, 66);
        int[] events = new int[8];
        long[] data = new long[8];
        World.write(w.root, once[1], "x");
        World.write(w.root, edge[1], "x");
        assertEquals(2, epoll.collect(events, data, 8));
        World.write(w.root, edge[1], "y");
        World.write(w.root, level[1], "x");
        Cgroup cgroup = w.root.task.container().cgroup();
        long used = cgroup.used(Charge.EPOLL_ITEM);

        Forgetful.roundTrip((Restorable) epoll);
        roundTrip();
        assertEquals(used, cgroup.used(Charge.EPOLL_ITEM));

        assertEquals(1, outer.collect(events, data, 8));
        assertEquals(66, data[0]);
        assertEquals(2, epoll.collect(events, data, 8));
        assertEquals(List.of(44L, 33L), List.of(data[0], data[1]), "in the order in which they came");
        assertEquals(1, epoll.collect(events, data, 8), "the edge was told");
        World.write(w.root, edge[1], "z");
        assertEquals(2, epoll.collect(events, data, 8), "files wake it as before");
        assertEquals(-Errno.ELOOP, epoll.control(w.root.task, self, Poll.EPOLL_CTL_ADD, 7, outerSelf, Poll.EPOLLIN, 77));
        assertEquals(-Errno.EEXIST, epoll.control(w.root.task, self, Poll.EPOLL_CTL_ADD, 3, level[0], Poll.EPOLLIN, 33));
        level[0].release(null);
        assertTrue(cgroup.used(Charge.EPOLL_ITEM) < used, "the end of a file is heard of");
    }

    @Test
    void shouldTellOfWhatHappenedWhileNobodyListened() {
        FileDescription self = w.vfs.newEpoll(0);
        Vfs.Epoll epoll = (Vfs.Epoll) self.operations();
        FileDescription[] pipe = w.vfs.newPipe(w.root.task, Open.O_NONBLOCK);
        epoll.control(w.root.task, self, Poll.EPOLL_CTL_ADD, 3, pipe[0], Poll.EPOLLIN | Poll.EPOLLET, 33);
        int[] events = new int[8];
        long[] data = new long[8];
        assertEquals(0, epoll.collect(events, data, 8));
        StateRecord record = ((Restorable) epoll).save();
        ((Restorable) epoll).forget();
        World.write(w.root, pipe[1], "x");
        ((Restorable) epoll).restore(record);
        assertEquals(1, epoll.collect(events, data, 8));
        assertEquals(33, data[0]);
    }

    @Test
    void shouldKeepDescriptionsAndDescriptors() {
        FdTable table = w.vfs.newFdTable(new Cgroup(null));
        FileDescription file = w.open("/file", Open.O_RDWR | Open.O_CREAT);
        World.write(w.root, file, "0123456789");
        file.seek(w.root.task, 4, Open.SEEK_SET);
        file.setFlags(Open.O_APPEND | Open.O_ASYNC);
        file.changeAsync(async -> async.withOwner(Open.F_OWNER_PID, 12, 0, 0).withSignal(34));
        FileDescription[] pipe = w.vfs.newPipe(w.root.task, Open.O_NONBLOCK);
        assertEquals(0, table.put(null, 700, file, RLIMIT, true));
        file.retain();
        assertEquals(0, table.add(file, 0, RLIMIT, false));
        assertEquals(1, table.add(pipe[0], 0, RLIMIT, false));
        assertEquals(2, table.add(pipe[1], 0, RLIMIT, true));
        file.retain();
        FdTable copy = table.copy(new Cgroup(null));
        assertEquals(0, table.close(null, 1));

        Forgetful.roundTrip((Restorable) file, DESCRIPTION);
        Forgetful.roundTrip((Restorable) table);
        SortedMap<String, Integer> types = roundTrip(table, copy);
        assertEquals(2, types.get("descriptor table"));
        assertEquals(3, types.get("file description"));

        assertEquals("[0, 2, 700]", Arrays.toString(table.descriptors()));
        assertEquals("[0, 1, 2, 700]", Arrays.toString(copy.descriptors()));
        assertEquals(Open.FD_CLOEXEC, table.getFlags(700));
        assertEquals(0, table.getFlags(0));
        FileDescription found = table.acquire(700);
        assertSame(file, found);
        assertEquals("456", World.read(w.root, found, 3));
        assertEquals(34, found.async().signal());
        assertEquals(12, found.async().owner());
        assertEquals(1, table.add(pipe[0], 0, RLIMIT, false), "the lowest free one");
        table.release(null);
        assertTrue((found.flags() & Open.O_APPEND) != 0);
        assertEquals(0, copy.close(null, 0));
        assertEquals(0, copy.close(null, 700));
        found.release(null);
        found.release(null);
        assertEquals(0, openFiles("/file"), "as many references as before");
    }

    @Test
    void shouldKeepLocks() {
        TestTask other = w.newTask();
        FileDescription mine = w.open("/locked", Open.O_RDWR | Open.O_CREAT);
        FileDescription others = w.open(other, "/locked", Open.O_RDWR, 0);
        assertEquals(0, w.vfs.flock(w.root.task, mine, Open.LOCK_SH));
        assertEquals(0, w.vfs.lock(w.root.task, mine, Open.F_SETLK, range(Open.F_RDLCK, 10, 5)));
        assertEquals(0, w.vfs.lock(other.task, others, Open.F_OFD_SETLK, range(Open.F_WRLCK, 20, 0)));

        Forgetful.roundTrip(((FileDescriptionImpl) mine).vnode().locks());
        assertEquals(1, roundTrip(w.root.files).get("file locks"));

        assertEquals(-Errno.EAGAIN, w.vfs.flock(other.task, others, Open.LOCK_EX | Open.LOCK_NB));
        assertEquals(0, w.vfs.flock(other.task, others, Open.LOCK_SH | Open.LOCK_NB));
        LockRequest found = range(Open.F_WRLCK, 0, 12);
        assertEquals(0, w.vfs.lock(other.task, others, Open.F_GETLK, found));
        assertEquals(List.of(10L, 5L, (long) w.root.id, (long) Open.F_RDLCK),
                List.of(found.start, found.length, (long) found.pid, (long) found.type));
        assertEquals(-Errno.EAGAIN, w.vfs.lock(w.root.task, mine, Open.F_SETLK, range(Open.F_RDLCK, 1000, 1)));
        others.release(other.task);
        assertEquals(0, w.vfs.lock(w.root.task, mine, Open.F_SETLK, range(Open.F_RDLCK, 1000, 1)));
        assertEquals(0, w.vfs.lock(w.root.task, mine, Open.F_SETLK, range(Open.F_UNLCK, 0, 0)));
    }

    private static LockRequest range(int type, long start, long length) {
        LockRequest request = new LockRequest();
        request.type = (short) type;
        request.start = start;
        request.length = length;
        return request;
    }

    @Test
    void shouldKeepFilesWithoutNames() {
        FileDescription memfd = w.vfs.newMemfd(w.root.task, "m", Mman.MFD_ALLOW_SEALING);
        World.write(w.root, memfd, "sealed");
        ((MemfdFile) memfd.operations()).addSeals(Open.F_SEAL_GROW);
        FileDescription event = w.vfs.newEventFd(0, 0);
        SetAttributes changes = new SetAttributes();
        changes.valid = SetAttributes.MODE | SetAttributes.UID;
        changes.mode = 0640;
        changes.uid = 77;
        for (FileDescription file : List.of(memfd, event)) {
            file.inode().setAttributes(w.root.task, changes);
            Forgetful.roundTrip((Restorable) file.inode());
            Stat stat = new Stat();
            file.inode().stat(stat);
            assertEquals(0640, stat.mode & Mode.PERMISSIONS);
            assertEquals(77, stat.uid);
        }
        SortedMap<String, Integer> types = roundTrip();
        assertEquals(1, types.get("memfd"));
        assertEquals(1, types.get("file without a name"));
        assertEquals(Open.F_SEAL_GROW, ((MemfdFile) memfd.operations()).seals());
        memfd.release(null);
    }

    private long openFiles(String path) {
        List<FileDescription> open = new ArrayList<>();
        w.vfs.forEachRestorable(one -> {
            if (one instanceof FileDescription file && file.path().dentry() == w.path(path).dentry()) {
                open.add(file);
            }
        });
        return open.size();
    }
}
