// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.tmpfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.reflect.Proxy;
import org.junit.jupiter.api.function.Executable;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.abi.Statfs;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;
import org.jvisor.host.ffm.FfmHostKernel;
import org.jvisor.mm.MemoryComponent;

/** An instance of tmpfs on real memory, used as the vfs uses it, but without one. */
final class Instance {

    private static final HostKernel HOST = new FfmHostKernel();
    static final Memory MEMORY = new MemoryComponent(HOST);
    private static final long DEVICE = 77;
    private static final Inode.Owner OWNER = new Inode.Owner(1000, 100);

    final long[] nowNs = {1_700_000_000_123_456_789L};
    final KernelClock clock;
    final Cgroup cgroup = new Cgroup(null);
    final Tmpfs fs;
    final Inode root;

    Instance(String options) {
        clock = new KernelClock() {
            @Override
            public long monotonicNs() {
                return 0;
            }

            @Override
            public long realtimeNs() {
                return nowNs[0];
            }

            @Override
            public Timer schedule(long deadlineNs, Target target) {
                throw new UnsupportedOperationException();
            }

            @Override
            public long nanoTimeOffsetNs() {
                return 0;
            }
        };
        long memory = MEMORY.file().limit();
        fs = new Tmpfs("tmpfs", MEMORY, clock, DEVICE, cgroup,
                TmpfsOptions.parse(options, TmpfsOptions.defaults(null, memory), memory));
        root = fs.root();
    }

    static void fails(int errno, Executable action) {
        ErrnoException e = assertThrows(ErrnoException.class, action);
        assertEquals(Errno.name(errno), Errno.name(e.errno()));
    }

    Inode file(String name) {
        return root.create(null, name, Mode.S_IFREG | 0644, 0, OWNER);
    }

    Inode directory(Inode in, String name) {
        return in.mkdir(null, name, Mode.S_IFDIR | 0755, OWNER);
    }

    static FileOperations open(Inode inode) {
        return inode.open(null, 0);
    }

    static long write(Inode inode, String content, long offset) {
        byte[] bytes = content.getBytes();
        return open(inode).write(null, description(new long[1]), buffer(bytes), offset);
    }

    static IoBuffer buffer(byte[] bytes) {
        return MEMORY.kernelBuffer(bytes, 0, bytes.length);
    }

    static String read(Inode inode, long offset, int most) {
        byte[] bytes = new byte[most];
        long n = open(inode).read(null, description(new long[1]), buffer(bytes), offset);
        return new String(bytes, 0, (int) ErrnoException.check(n));
    }

    /** An open file of which only the position matters. */
    static FileDescription description(long[] position) {
        return (FileDescription) Proxy.newProxyInstance(Instance.class.getClassLoader(), new Class<?>[] {FileDescription.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("setPosition")) {
                        position[0] = (Long) arguments[0];
                        return null;
                    }
                    throw new UnsupportedOperationException(method.toString());
                });
    }

    static Stat stat(Inode inode) {
        Stat stat = new Stat();
        inode.stat(stat);
        return stat;
    }

    Statfs statfs() {
        Statfs statfs = new Statfs();
        fs.statfs(statfs);
        return statfs;
    }
}
