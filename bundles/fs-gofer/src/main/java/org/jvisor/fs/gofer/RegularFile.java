// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Splice;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.Mappable;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;

/**
 * An open regular file: bytes go between the host's file and application memory, without the gofer and, where no page of it is
 * mapped, without a copy. Steady reading and writing allocate nothing.
 */
final class RegularFile implements FileOperations, Stateful {
    private static final int IOVEC_LENGTH = 8;
    private static final int PAGE = MemoryFile.PAGE;

    private final GoferInode inode;
    private final HostDescriptor descriptor;
    private final HostKernel host;
    private final boolean shared;

    /** Takes {@code descriptor} over, which came from {@link Descriptors#acquire}. */
    RegularFile(GoferInode inode, HostDescriptor descriptor) {
        this.inode = inode;
        this.descriptor = descriptor;
        host = inode.fileSystem.host;
        shared = inode.fileSystem.shared;
    }

    /** What {@link #save} wrote. */
    RegularFile(StateRecord record) {
        this(record.requireOwn("inode", GoferInode.class), record.requireOwn("descriptor", HostDescriptor.class));
    }

    @Override
    public StateRecord save() {
        return new StateRecord(GoferDriver.OPEN_FILE, GoferDriver.SCHEMA).putOwn("inode", inode).putOwn("descriptor", descriptor);
    }

    @Override
    public boolean seekable() {
        return true;
    }

    // ---- reading

    @Override
    public long read(Task task, FileDescription file, IoBuffer target, long offset) {
        long left = target.remaining();
        if (!shared) {
            left = Math.min(left, inode.attributes.size - offset);
        }
        long moved = 0;
        while (moved < left) {
            long address = target.span();
            if (address < 0) {
                return moved > 0 ? moved : address;
            }
            long length = Math.min(target.spanLength(), left - moved);
            long n = readSpan(address, length, offset + moved);
            if (n <= 0) {
                return moved > 0 ? moved : n;
            }
            target.advance(n);
            moved += n;
        }
        return moved;
    }

    /** Reads up to {@code length} bytes to {@code address}: from one page of the cache, or from the host. */
    private long readSpan(long address, long length, long offset) {
        PageCache pages = inode.pages();
        long fromHost = length;
        if (pages != null && !pages.isEmpty()) {
            long frame = pages.find(offset);
            if (frame >= 0) {
                return readPage(pages, frame, address, length, offset);
            }
            fromHost = pages.missing(offset, length);
        }
        long n;
        do {
            n = host.syscall(SyscallNr.PREAD64, descriptor.number, address, fromHost, offset);
        } while (n == -Errno.EINTR);
        return n;
    }

    private long readPage(PageCache pages, long frame, long address, long length, long offset) {
        long inFile = shared ? inode.size() - offset : length;
        long n = Math.min(Math.min(length, inFile), PAGE - (offset & PAGE - 1));
        if (n > 0) {
            host.copy(pages.address(frame, offset), address, n);
        }
        return Math.max(n, 0);
    }

    // ---- writing

    @Override
    public long write(Task task, FileDescription file, IoBuffer source, long offset) {
        boolean append = offset == APPEND;
        try (KillableLock _ = inode.writing.take()) {
            long at = append ? inode.size() : offset;
            long moved = 0;
            while (source.remaining() > 0) {
                // Before the inode's lock: the fault may be for a page of any file.
                long address = source.span();
                if (address < 0) {
                    moved = moved > 0 ? moved : address;
                    break;
                }
                long n = writeSpan(address, source.spanLength(), at + moved, append);
                if (n <= 0) {
                    moved = moved > 0 ? moved : n;
                    break;
                }
                source.advance(n);
                moved += n;
            }
            if (moved > 0 && append) {
                file.setPosition(shared ? inode.size() : at + moved);
            }
            // No description: another file system writes its layer.
            long synced = moved > 0 && file != null ? syncIfAsked(file.flags()) : 0;
            return synced < 0 ? synced : moved;
        }
    }

    private long syncIfAsked(int flags) {
        if ((flags & Open.O_DSYNC) == 0) {
            return 0;
        }
        boolean all = (flags & Open.O_SYNC) == Open.O_SYNC;
        return host.syscall(all ? SyscallNr.FSYNC : SyscallNr.FDATASYNC, descriptor.number);
    }

    private long writeSpan(long address, long length, long offset, boolean append) {
        try (KillableLock _ = inode.content.take()) {
            PageCache pages = inode.pages();
            long n;
            if (pages != null && !pages.isEmpty()) {
                n = writeThrough(pages, address, length, offset);
            } else if (append && shared) {
                n = appendAtHost(address, length);
            } else {
                n = writeAtHost(address, length, offset);
            }
            if (n > 0) {
                inode.state.written(offset + n);
            }
            return n;
        }
    }

    private long writeAtHost(long address, long length, long offset) {
        long n;
        do {
            n = host.syscall(SyscallNr.PWRITE64, descriptor.number, address, length, offset);
        } while (n == -Errno.EINTR);
        return n;
    }

    /** Where others may append at the same time only the host knows the end. */
    private long appendAtHost(long address, long length) {
        long iovec = inode.client.scratch.take();
        host.putLong(iovec, address);
        host.putLong(iovec + IOVEC_LENGTH, length);
        long n;
        do {
            n = host.syscall(SyscallNr.PWRITEV2, descriptor.number, iovec, 1, 0, 0, Splice.RWF_APPEND);
        } while (n == -Errno.EINTR);
        inode.client.scratch.give(iovec);
        return n;
    }

    /**
     * To the host and to the page, if there is one, the same bytes: what the application changes meanwhile is in neither or
     * both.
     */
    private long writeThrough(PageCache pages, long address, long length, long offset) {
        long oldSize = inode.attributes.size;
        if (offset > oldSize) {
            pages.extend(oldSize);
        }
        long frame = pages.find(offset);
        if (frame < 0) {
            return writeAtHost(address, pages.missing(offset, length), offset);
        }
        long piece = Math.min(length, PAGE - (offset & PAGE - 1));
        long copy = inode.client.scratch.take();
        try {
            host.copy(address, copy, piece);
            long n = writeAtHost(copy, piece, offset);
            if (n > 0) {
                host.copy(copy, pages.address(frame, offset), n);
            }
            return n;
        } finally {
            inode.client.scratch.give(copy);
        }
    }

    // ---- the rest

    @Override
    public long seek(Task task, FileDescription file, long offset, int whence) {
        if (whence != Open.SEEK_DATA && whence != Open.SEEK_HOLE) {
            return -Errno.EOPNOTSUPP;
        }
        PageCache pages = inode.pages();
        if (pages != null) {
            pages.writeBack(0, Long.MAX_VALUE);
        }
        return host.syscall(SyscallNr.LSEEK, descriptor.number, offset, whence);
    }

    @Override
    public Mappable mappable(Task task, FileDescription file) {
        return inode.pagesFor(descriptor);
    }

    @Override
    public long fsync(Task task, boolean dataOnly) {
        PageCache pages = inode.pages();
        if (pages != null) {
            long result = pages.writeBack(0, Long.MAX_VALUE);
            if (result < 0) {
                return result;
            }
        }
        return host.syscall(dataOnly ? SyscallNr.FDATASYNC : SyscallNr.FSYNC, descriptor.number);
    }

    @Override
    public long fallocate(Task task, int mode, long offset, long length) {
        try (KillableLock _ = inode.writing.take(); KillableLock _ = inode.content.take()) {
            PageCache pages = inode.pages();
            boolean moves = (mode & ~Open.FALLOC_FL_KEEP_SIZE) != 0;
            if (pages != null && moves) {
                long result = pages.flush(0, Long.MAX_VALUE, !pages.isMapped());
                if (result < 0) {
                    return result;
                }
            }
            long oldSize = inode.attributes.size;
            long result = host.syscall(SyscallNr.FALLOCATE, descriptor.number, mode, offset, length);
            if (result == 0) {
                inode.state.refresh(descriptor);
                if (pages != null && inode.attributes.size > oldSize) {
                    pages.extend(oldSize);
                }
                if (pages != null && moves) {
                    pages.drop(offset, Long.MAX_VALUE);
                }
            }
            return result;
        }
    }

    @Override
    public void release(FileDescription file) {
        inode.descriptors.release(descriptor);
    }
}
