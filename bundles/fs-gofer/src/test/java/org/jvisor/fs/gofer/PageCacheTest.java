// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.mm.Mappable;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.SetAttributes;

/** Mappings, reads and writes of one file agree; and what reading costs. */
final class PageCacheTest {
    @TempDir
    Path folder;

    private static final class RecordingMapping implements Mappable.Mapping {
        final List<String> invalidated = new ArrayList<>();

        @Override
        public void invalidate(long offset, long length) {
            invalidated.add(Long.toString(offset));
        }
    }

    @Test
    void shouldShowWritesInMappingsAndMappedWritesInReads() throws Exception {
        Files.writeString(folder.resolve("file"), "a".repeat(10_000));
        try (MountedGofer gofer = new MountedGofer(folder, "")) {
            Inode inode = gofer.find("file");
            FileOperations file = inode.open(null, Open.O_RDWR);
            Mappable pages = file.mappable(null, null);
            RecordingMapping mapping = new RecordingMapping();
            pages.addMapping(mapping);
            assertEquals("aaaa", gofer.mapped(pages, 8192, 4));
            assertEquals(3, pages.framesFollowing(0, 100));
            assertEquals("\0\0", gofer.mapped(pages, 10_000, 2));

            gofer.write(file, 4094, "bcdef");
            assertEquals("abc", gofer.mapped(pages, 4093, 3));
            assertEquals("defa", gofer.mapped(pages, 4096, 4));
            assertEquals("abcdefa", Files.readString(folder.resolve("file")).substring(4093, 4100));

            gofer.writeMapped(pages, 100, "mapped");
            assertEquals("amappeda", MountedGofer.text(file, 99, 8));
            assertEquals("aaaaaa", Files.readString(folder.resolve("file")).substring(100, 106));
            assertEquals(0, pages.writeBack(0, 4096));
            assertEquals("mapped", Files.readString(folder.resolve("file")).substring(100, 106));
            gofer.writeMapped(pages, 9000, "again");
            pages.removeMapping(mapping);
            assertEquals("again", Files.readString(folder.resolve("file")).substring(9000, 9005));
            file.release(null);
        }
    }

    @Test
    void shouldTakePagesBeyondANewEndAway() throws Exception {
        Files.writeString(folder.resolve("file"), "a".repeat(10_000));
        try (MountedGofer gofer = new MountedGofer(folder, "")) {
            Inode inode = gofer.find("file");
            FileOperations file = inode.open(null, Open.O_RDWR);
            Mappable pages = file.mappable(null, null);
            RecordingMapping mapping = new RecordingMapping();
            pages.addMapping(mapping);
            gofer.mapped(pages, 0, 1);
            assertEquals(-Errno.EFAULT, pages.frame(12_288, false));
            SetAttributes changes = new SetAttributes();
            changes.valid = SetAttributes.SIZE;
            changes.size = 5000;
            inode.setAttributes(null, changes);
            assertEquals(List.of("8192"), mapping.invalidated);
            assertEquals(-Errno.EFAULT, pages.frame(8192, false));
            assertEquals("a\0\0", gofer.mapped(pages, 4999, 3));
            gofer.writeMapped(pages, 5000, "beyond the end");
            changes.size = 9000;
            inode.setAttributes(null, changes);
            assertEquals("a\0\0", gofer.mapped(pages, 4999, 3));
            assertEquals("\0", gofer.mapped(pages, 8192, 1));
            pages.removeMapping(mapping);
            file.release(null);
        }
    }

    @Test
    void shouldGiveAllFramesBack() throws Exception {
        Files.write(folder.resolve("file"), new byte[1 << 20]);
        MountedGofer gofer = new MountedGofer(folder, "");
        try (gofer) {
            Inode inode = gofer.find("file");
            FileOperations file = inode.open(null, Open.O_RDONLY);
            Mappable pages = file.mappable(null, null);
            for (long at = 0; at < 1 << 20; at += 4096) {
                assertTrue(pages.frame(at, false) >= 0);
            }
            assertEquals(256, gofer.memory.framesUsed());
            file.release(null);
        }
        assertEquals(0, gofer.memory.framesUsed());
    }

    @Test
    void shouldLiveWithLittleMemory() throws Exception {
        try (MountedGofer gofer = new MountedGofer(folder, "")) {
            List<FileOperations> files = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                Files.write(folder.resolve("file" + i), new byte[2 << 20]);
                FileOperations file = gofer.find("file" + i).open(null, Open.O_RDONLY);
                Mappable pages = file.mappable(null, null);
                for (long at = 0; at < 2 << 20; at += 4096) {
                    assertTrue(pages.frame(at, false) >= 0);
                }
                files.add(file);
            }
            assertTrue(gofer.memory.framesUsed() < MountedGofer.FRAMES);
            files.forEach(file -> file.release(null));
        }
    }

    @Test
    void shouldBringChangedFilesInAnewWhereTheyAreShared() throws Exception {
        Files.writeString(folder.resolve("file"), "old contents");
        try (MountedGofer gofer = new MountedGofer(folder, "cache=shared")) {
            Inode inode = gofer.find("file");
            FileOperations file = inode.open(null, Open.O_RDONLY);
            Mappable pages = file.mappable(null, null);
            assertEquals("old", gofer.mapped(pages, 0, 3));
            Files.writeString(folder.resolve("file"), "new contents, longer");
            FileOperations again = inode.open(null, Open.O_RDONLY);
            assertEquals("new", gofer.mapped(pages, 0, 3));
            assertEquals("new contents, longer", MountedGofer.text(again, 0, 100));
            again.release(null);
            file.release(null);
        }
    }

    @Test
    void shouldReadAndWriteWithoutAllocating() throws Exception {
        Files.write(folder.resolve("file"), new byte[1 << 16]);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (MountedGofer gofer = new MountedGofer(folder, "")) {
            FileOperations file = gofer.find("file").open(null, Open.O_RDWR);
            long address = MountedGofer.HOST.allocate(4096);
            SpanBuffer buffer = new SpanBuffer(MountedGofer.HOST, address, 4096, 4096);
            var description = gofer.file(0);
            long allocated = 0;
            for (int round = 0; round < 20; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 1000; i++) {
                    file.read(null, description, buffer.at(address, 4096), i % 16 * 4096L);
                    file.write(null, description, buffer.at(address, 4096), i % 16 * 4096L);
                }
                allocated = threads.getCurrentThreadAllocatedBytes() - before;
            }
            // The interpreter's leftovers are gone by the last round; an object for each of 2000 calls would be 32,000 bytes.
            assertTrue(allocated < 2000, allocated + " bytes");
            MountedGofer.HOST.free(address);
            file.release(null);
        }
    }
}
