// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests.osgi;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.FileSystemType;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.Vfs;
import org.osgi.framework.BundleContext;

/** Stands in for the gofer's file system as a container's root: a tmpfs that has the test programs in it. */
final class ProgramRoot implements FileSystemType {

    static final List<String> PROGRAMS = List.of("hotswap", "parent", "handover", "handover-net", "guarded", "watched", "charges");

    private final BundleContext context;

    ProgramRoot(BundleContext context) {
        this.context = context;
    }

    @Override
    public String name() {
        return "9p";
    }

    @Override
    public FileSystem mount(Task task, Cgroup cgroup, String source, String data, Object attachment) {
        Vfs vfs = context.getService(context.getServiceReference(Vfs.class));
        Memory memory = context.getService(context.getServiceReference(Memory.class));
        FileSystem tmpfs = vfs.newFileSystem(cgroup, "tmpfs", "tmpfs", "", null);
        for (String name : PROGRAMS) {
            byte[] program = read(name);
            Inode inode = tmpfs.root().create(task, name, Mode.S_IFREG | 0755, 0, new Inode.Owner(0, 0));
            FileDescription file = vfs.newAnonymous(inode.open(task, Open.O_WRONLY), Open.O_WRONLY, name, inode.mode());
            long offset = 0;
            while (offset < program.length) {
                long written = file.operations().write(task, file,
                        memory.kernelBuffer(program, (int) offset, program.length - (int) offset), offset);
                if (written <= 0) {
                    throw new IllegalStateException("writing " + name + ": " + written);
                }
                offset += written;
            }
            file.release(task);
        }
        return tmpfs;
    }

    private static byte[] read(String name) {
        try {
            return Files.readAllBytes(Path.of(System.getProperty("programs"), name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
