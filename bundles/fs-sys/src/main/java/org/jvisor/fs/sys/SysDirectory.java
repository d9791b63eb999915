// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.sys;

import java.nio.charset.StandardCharsets;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.PseudoDirectory;
import org.jvisor.api.vfs.PseudoFile;
import org.jvisor.api.vfs.PseudoFileSystem;
import org.jvisor.api.vfs.PseudoLink;

/** A directory of /sys or below /sys/fs/cgroup, with what is needed to fill it. */
final class SysDirectory extends PseudoDirectory {
    /** Every file says that it has a page. */
    private static final int FILE_SIZE = 4096;

    private final PseudoFileSystem fs;

    SysDirectory(PseudoFileSystem fs) {
        super(fs, fs.newIno(), 0555);
        this.fs = fs;
    }

    /** The directory at {@code path} below this one; what of it does not exist is made. */
    SysDirectory directory(String path) {
        SysDirectory directory = this;
        for (String name : path.split("/")) {
            Inode known = directory.child(name);
            directory = known != null ? (SysDirectory) known : directory.add(name, new SysDirectory(fs));
        }
        return directory;
    }

    /** A file of one value, and a newline. */
    SysDirectory file(String name, String value) {
        byte[] text = text(value + "\n");
        return source(name, 0444, () -> text);
    }

    SysDirectory file(String name, long value) {
        return file(name, Long.toString(value));
    }

    /** A file whose text is what it is, without a newline at its end. */
    SysDirectory verbatim(String name, String content) {
        byte[] text = text(content);
        return source(name, 0444, () -> text);
    }

    /** A file that can be read by nobody: EINVAL, as where a device has no such value. */
    SysDirectory unknown(String name) {
        return source(name, 0444, () -> {
            throw ErrnoException.of(Errno.EINVAL);
        });
    }

    SysDirectory source(String name, int permissions, Supplier<byte[]> source) {
        return source(name, permissions, task -> source.get());
    }

    /** @param source asked with who reads */
    SysDirectory source(String name, int permissions, Function<? super Task, byte[]> source) {
        add(name, new PseudoFile(fs, fs.newIno(), permissions, source::apply) {
            @Override
            public long size() {
                return FILE_SIZE;
            }
        });
        return this;
    }

    SysDirectory link(String name, String target) {
        add(name, new PseudoLink(fs, fs.newIno(), target));
        return this;
    }

    static byte[] text(String content) {
        return content.getBytes(StandardCharsets.ISO_8859_1);
    }
}
