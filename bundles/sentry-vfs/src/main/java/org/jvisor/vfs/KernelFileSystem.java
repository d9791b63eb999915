// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.util.concurrent.atomic.AtomicLong;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.abi.Statfs;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.Inode;

/** A file system that no one can walk: where pipes, sockets, epoll instances and memfds have their inodes. */
final class KernelFileSystem implements FileSystem {

    private static final long MAX_NAME = 255;

    private final String type;
    private final long magic;
    private final long device;
    private final AtomicLong nextIno = new AtomicLong(1);
    private final Inode root = new Root();

    KernelFileSystem(String type, long magic, long device) {
        this.type = type;
        this.magic = magic;
        this.device = device;
    }

    long newIno() {
        return nextIno.incrementAndGet();
    }

    @Override
    public String type() {
        return type;
    }

    /** Each has an open file description, which is. */
    @Override
    public boolean chargesInodes() {
        return true;
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
    public void statfs(Statfs statfs) {
        statfs.type = magic;
        statfs.nameLength = MAX_NAME;
    }

    /** Never seen. */
    private final class Root implements Inode {

        @Override
        public FileSystem fileSystem() {
            return KernelFileSystem.this;
        }

        @Override
        public long ino() {
            return 1;
        }

        @Override
        public int mode() {
            return Mode.S_IFDIR;
        }

        @Override
        public int uid() {
            return 0;
        }

        @Override
        public int gid() {
            return 0;
        }

        @Override
        public void stat(Stat stat) {
            stat.clear();
            stat.dev = device;
            stat.ino = 1;
            stat.mode = Mode.S_IFDIR;
        }

        @Override
        public FileOperations open(Task task, int flags) {
            return new FileOperations() {};
        }
    }
}
