// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.mm.Mappable;
import org.jvisor.api.state.Driver;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;
import org.jvisor.core.handover.Rehearsal;

/** The file system and the transport below it are replaced while files are open, mapped and half read. */
class HandoverTest {

    @TempDir
    Path folder;

    /** Both drivers once; the file system's fresh instance serves from then on. */
    private static List<Object> handOver(MountedGofer gofer, Object... objects) {
        Driver transport = gofer.transport;
        Rehearsal.handOver(transport, transport, gofer.fileSystem);
        GoferDriver driver = new GoferDriver(MountedGofer.HOST, gofer.memory);
        Object[] all = Arrays.copyOf(objects, objects.length + 1);
        all[objects.length] = gofer.fileSystem;
        List<Object> fresh = new ArrayList<>(Rehearsal.handOver(driver, driver, all));
        GoferFileSystem before = gofer.fileSystem;
        gofer.fileSystem = (GoferFileSystem) fresh.removeLast();
        assertNotSame(before, gofer.fileSystem);
        return fresh;
    }

    @ParameterizedTest
    @ValueSource(strings = {"cache=exclusive", "cache=shared"})
    void shouldGoOnWithOpenFiles(String options) throws Exception {
        Files.createDirectories(folder.resolve("a/b"));
        try (MountedGofer gofer = new MountedGofer(folder, options)) {
            Inode inode = gofer.find("a/b").create(null, "file", Mode.S_IFREG | 0640, 0, MountedGofer.OWNER);
            FileOperations file = inode.open(null, Open.O_RDWR);
            gofer.write(file, 0, "before");
            List<Object> fresh = handOver(gofer, inode, file);
            FileOperations again = (FileOperations) fresh.get(1);
            assertNotSame(file, again);
            assertEquals(6, gofer.write(again, 6, "-after"));
            assertEquals("before-after", MountedGofer.text(again, 0, 100));
            assertEquals("before-after", Files.readString(folder.resolve("a/b/file")));
            assertSame(fresh.getFirst(), gofer.find("a/b/file"));
            Stat stat = new Stat();
            ((Inode) fresh.getFirst()).stat(stat);
            assertEquals(12, stat.size);
            gofer.find("a/b").unlink(null, "file", (Inode) fresh.getFirst());
            assertNull(gofer.find("a/b/file"));
            FileOperations unnamed = (FileOperations) handOver(gofer, again).getFirst();
            assertEquals("before-after", MountedGofer.text(unnamed, 0, 100));
            unnamed.release(null);
        }
    }

    @Test
    void shouldKeepPagesThatAreMapped() throws Exception {
        Files.writeString(folder.resolve("file"), "a".repeat(10_000));
        try (MountedGofer gofer = new MountedGofer(folder, "")) {
            FileOperations file = gofer.find("file").open(null, Open.O_RDWR);
            Mappable pages = file.mappable(null, null);
            Mappable.Mapping mapping = (offset, length) -> { };
            pages.addMapping(mapping);
            gofer.writeMapped(pages, 4096, "written");
            long frame = pages.frame(4096, false);
            List<Object> fresh = handOver(gofer, file, pages);
            Mappable again = (Mappable) fresh.get(1);
            again.addMapping(mapping);
            assertNotSame(pages, again);
            assertSame(again, ((FileOperations) fresh.getFirst()).mappable(null, null));
            assertEquals(frame, again.frame(4096, false));
            assertEquals("written", MountedGofer.text((FileOperations) fresh.getFirst(), 4096, 7));
            ((FileOperations) fresh.getFirst()).fsync(null, false);
            assertEquals("written", Files.readString(folder.resolve("file")).substring(4096, 4103));
            again.removeMapping(mapping);
            ((FileOperations) fresh.getFirst()).release(null);
        }
    }

    @Test
    void shouldGoOnReadingADirectory() throws Exception {
        for (int i = 0; i < 50; i++) {
            Files.writeString(folder.resolve("file" + i), "");
        }
        try (MountedGofer gofer = new MountedGofer(folder, "")) {
            FileOperations directory = gofer.root().open(null, Open.O_RDONLY | Open.O_DIRECTORY);
            List<String> all = new ArrayList<>();
            directory.readdir(null, null, 0, (name, ino, type, next) -> all.add(name));
            FileOperations fresh = (FileOperations) handOver(gofer, directory).getFirst();
            List<String> rest = new ArrayList<>();
            fresh.readdir(null, null, 20, (name, ino, type, next) -> rest.add(name));
            assertEquals(all.subList(20, all.size()), rest);
            assertNull(gofer.find("absent"));
            assertEquals(0, gofer.find("file7").size());
        }
    }

    /** A file without a fid is found again by its names. */
    @Test
    void shouldFindFilesAgainByParentAndName() throws Exception {
        Files.createDirectories(folder.resolve("a/b"));
        Files.writeString(folder.resolve("a/b/file"), "text");
        try (MountedGofer gofer = new MountedGofer(folder, "")) {
            Inode inode = gofer.find("a/b/file");
            gofer.fileSystem.giveFidsBack();
            Inode fresh = (Inode) handOver(gofer, inode).getFirst();
            assertEquals("text", MountedGofer.text(fresh.open(null, Open.O_RDONLY), 0, 10));
        }
    }

    @Test
    void shouldNotLeakDescriptors() throws Exception {
        Files.writeString(folder.resolve("file"), "text");
        try (MountedGofer gofer = new MountedGofer(folder, "")) {
            FileOperations file = gofer.find("file").open(null, Open.O_RDONLY);
            long before = descriptors();
            for (int i = 0; i < 20; i++) {
                file = (FileOperations) handOver(gofer, file).getFirst();
            }
            // The servers of earlier tests close theirs in their own time, so that there can be fewer; a leak would be 20 more.
            assertTrue(descriptors() < before + 20);
            assertEquals("text", MountedGofer.text(file, 0, 10));
            file.release(null);
        }
    }

    private static long descriptors() throws Exception {
        try (var all = Files.list(Path.of("/proc/self/fd"))) {
            return all.count();
        }
    }
}
