// SPDX-License-Identifier: Apache-2.0
package org.jvisor.time;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.Mappable;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.mm.MemoryManager;

/** The clock page and the vDSO in frames of the memory file, and how they come into programs. */
final class VdsoMapping {
    private final long pageFrame;
    private final Frames frames;

    VdsoMapping(HostKernel host, MemoryFile file) {
        byte[] image = VdsoImage.build();
        int pages = 1 + image.length / MemoryFile.PAGE;
        pageFrame = file.allocate(pages);
        host.copyOut(image, 0, image.length, file.base() + pageFrame + ClockPage.SIZE);
        frames = new Frames(pageFrame, pages);
    }

    /** Offset of the clock page in the memory file. */
    long pageFrame() {
        return pageFrame;
    }

    /** See {@link org.jvisor.api.mm.Vdso#map}. */
    long map(Task task, MemoryManager manager) {
        long bytes = (long) frames.pages * MemoryFile.PAGE;
        long address = manager.map(task, 0, bytes, Mman.PROT_READ, Mman.MAP_PRIVATE, frames, 0, "[vvar]");
        if (Errno.isError(address)) {
            return address;
        }
        return manager.map(task, address + ClockPage.SIZE, bytes - ClockPage.SIZE, Mman.PROT_READ | Mman.PROT_EXEC,
                Mman.MAP_PRIVATE | Mman.MAP_FIXED, frames, ClockPage.SIZE, "[vdso]");
    }

    /** Never given back, never written by programs: who may write gets a private copy. */
    private record Frames(long first, int pages) implements Mappable {

        @Override
        public long frame(long offset, boolean write) {
            return write || offset >= (long) pages * MemoryFile.PAGE ? -Errno.EFAULT : first + offset;
        }

        @Override
        public int framesFollowing(long offset, int max) {
            return (int) Math.min(max, pages - offset / MemoryFile.PAGE);
        }

        @Override
        public void addMapping(Mapping mapping) {}

        @Override
        public void removeMapping(Mapping mapping) {}
    }
}
