// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.overlay;

import java.lang.reflect.Proxy;
import java.util.List;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.vfs.DeviceDriver;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.FileSystemType;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.Vfs;
import org.jvisor.fs.tmpfs.TmpfsDriver;
import org.jvisor.fs.tmpfs.TmpfsType;
import org.jvisor.host.ffm.FfmHostKernel;
import org.jvisor.mm.MemoryComponent;
import org.jvisor.vfs.Providers;
import org.jvisor.vfs.VfsImpl;

/** An overlay of two tmpfs, used as the vfs uses it. */
final class Layers {

    static final Inode.Owner OWNER = new Inode.Owner(1000, 100);
    private static final HostKernel HOST = new FfmHostKernel();
    private static final Memory MEMORY = new MemoryComponent(HOST);

    private static final KernelClock CLOCK = (KernelClock) Proxy.newProxyInstance(Layers.class.getClassLoader(),
            new Class<?>[] {KernelClock.class}, (proxy, method, arguments) -> 1_700_000_000_000_000_000L);

    final TmpfsDriver tmpfsDriver = new TmpfsDriver(MEMORY, CLOCK);
    final Inode lower;
    final Inode upper;
    final OverlayType type;
    final FileSystem overlay;

    /** @param lowerFiles names and contents of files in the lower layer, alternating; a content of null: a directory */
    Layers(String... lowerFiles) {
        Vfs vfs = new VfsImpl(MEMORY, CLOCK, HOST, new NoProviders());
        TmpfsType tmpfs = new TmpfsType(MEMORY, CLOCK, vfs);
        Cgroup cgroup = new Cgroup(null);
        FileSystem below = tmpfs.mount(null, cgroup, "none", "", null);
        FileSystem above = tmpfs.mount(null, cgroup, "none", "", null);
        lower = below.root();
        upper = above.root();
        for (int i = 0; i < lowerFiles.length; i += 2) {
            if (lowerFiles[i + 1] == null) {
                lower.mkdir(null, lowerFiles[i], Mode.S_IFDIR | 0755, OWNER);
            } else {
                write(lower.create(null, lowerFiles[i], Mode.S_IFREG | 0644, 0, OWNER), lowerFiles[i + 1]);
            }
        }
        type = new OverlayType(vfs, MEMORY);
        overlay = type.mount(null, cgroup, "none", "", new FileSystem[] {below, above});
    }

    static void write(Inode file, String content) {
        byte[] bytes = content.getBytes();
        file.open(null, 1).write(null, position(), MEMORY.kernelBuffer(bytes, 0, bytes.length), 0);
    }

    private static FileDescription position() {
        return (FileDescription) Proxy.newProxyInstance(Layers.class.getClassLoader(), new Class<?>[] {FileDescription.class},
                (proxy, method, arguments) -> null);
    }

    static String read(Inode file) {
        return read(file.open(null, 0));
    }

    static String read(FileOperations file) {
        byte[] bytes = new byte[100];
        IoBuffer buffer = MEMORY.kernelBuffer(bytes, 0, bytes.length);
        return new String(bytes, 0, (int) file.read(null, null, buffer, 0));
    }

    static List<String> names(Inode directory) {
        List<String> names = new java.util.ArrayList<>();
        directory.open(null, 0).readdir(null, null, 0, (name, ino, kind, next) -> names.add(name));
        return names.stream().filter(name -> !name.startsWith(".")).sorted().toList();
    }

    private static final class NoProviders implements Providers {

        @Override
        public FileSystemType type(String name) {
            return null;
        }

        @Override
        public List<FileSystemType> types() {
            return List.of();
        }

        @Override
        public DeviceDriver driver(int major, int minor) {
            return null;
        }
    }
}
