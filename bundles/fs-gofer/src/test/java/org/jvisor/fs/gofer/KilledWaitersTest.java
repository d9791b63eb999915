// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.lock.Killable;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;

/** Who waits for another's write, or for another's change of a directory, can be killed, and leaves nothing behind. */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class KilledWaitersTest {
    @TempDir
    Path folder;

    private static final class Caller extends Thread implements Killable {
        private volatile boolean killed;

        Caller(Runnable call) {
            super(call);
            setDaemon(true);
        }

        @Override
        public boolean killed() {
            return killed;
        }
    }

    /** What a call gives that waits for {@code lock} when its task is killed. */
    private static long killed(KillableLock lock, Callable<Long> call) throws Exception {
        FutureTask<Long> result = new FutureTask<>(() -> {
            try {
                return call.call();
            } catch (ErrnoException e) {
                return (long) -e.errno();
            }
        });
        Caller caller = new Caller(result);
        lock.lock();
        try {
            caller.start();
            while (LockSupport.getBlocker(caller) != lock) {
                Thread.onSpinWait();
            }
            caller.killed = true;
            LockSupport.unpark(caller);
            return result.get();
        } finally {
            lock.unlock();
        }
    }

    @Test
    void shouldLetTheKilledGo() throws Exception {
        Files.writeString(folder.resolve("file"), "text");
        try (MountedGofer gofer = new MountedGofer(folder, "")) {
            GoferDirectory root = gofer.root();
            GoferDirectory other = (GoferDirectory) root.mkdir(null, "other", 0755, MountedGofer.OWNER);
            GoferInode inode = (GoferInode) gofer.find("file");
            FileOperations file = inode.open(null, Open.O_RDWR);
            assertEquals(-Errno.EINTR, killed(inode.writing, () -> gofer.write(file, 0, "none")));
            KillableLock names = root.names.lock;
            assertEquals(-Errno.EINTR, killed(names, () -> root.create(null, "new", Mode.S_IFREG | 0600, 0, MountedGofer.OWNER).ino()));
            assertEquals(-Errno.EINTR, killed(names, () -> {
                root.link(null, "link", inode);
                return 0L;
            }));
            assertEquals(-Errno.EINTR, killed(names, () -> {
                root.unlink(null, "file", inode);
                return 0L;
            }));
            for (KillableLock lock : new KillableLock[] {names, other.names.lock}) {
                assertEquals(-Errno.EINTR, killed(lock, () -> {
                    root.rename(null, "file", inode, other, "file", null, 0);
                    return 0L;
                }));
            }
            assertEquals(-Errno.EINTR, killed(names, () -> (long) gofer.names(root).size()));
            // No lock is kept.
            assertEquals(4, gofer.write(file, 0, "more"));
            Inode made = root.create(null, "new", Mode.S_IFREG | 0600, 0, MountedGofer.OWNER);
            root.rename(null, "file", inode, other, "file", null, 0);
            assertEquals("more", Files.readString(folder.resolve("other/file")));
            other.rename(null, "file", inode, root, "new", made, 0);
            file.release(null);
        }
    }
}
