// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.Inode;
import org.jvisor.core.handover.Rehearsal;

class OverlayTest {

    private final Layers layers = new Layers("a", "from below", "b", "also", "d", null);
    private final Inode root = layers.overlay.root();

    @Test
    void shouldShowBothLayersAsOne() {
        root.create(null, "c", Mode.S_IFREG | 0644, 0, Layers.OWNER);
        assertEquals(List.of("a", "b", "c", "d"), Layers.names(root));
        assertEquals("from below", Layers.read(root.lookup(null, "a")));
    }

    @Test
    void shouldLeaveTheLowerLayerAlone() {
        Layers.write(root.lookup(null, "a"), "FROM");
        assertEquals("FROM below", Layers.read(root.lookup(null, "a")));
        assertEquals("from below", Layers.read(layers.lower.lookup(null, "a")));
        assertEquals("FROM below", Layers.read(layers.upper.lookup(null, "a")));
    }

    @Test
    void shouldHideWhatIsRemoved() {
        root.unlink(null, "a", root.lookup(null, "a"));
        assertNull(root.lookup(null, "a"));
        assertEquals(List.of("b", "d"), Layers.names(root));
        assertNotNull(layers.lower.lookup(null, "a"));
        Inode whiteout = layers.upper.lookup(null, "a");
        Stat stat = new Stat();
        whiteout.stat(stat);
        assertEquals(Mode.S_IFCHR, Mode.type(stat.mode));
        assertEquals(0, stat.rdev);
        Layers.write(root.create(null, "a", Mode.S_IFREG | 0644, 0, Layers.OWNER), "new");
        assertEquals("new", Layers.read(root.lookup(null, "a")));
    }

    @Test
    void shouldKeepAReadersFileTheSameAsAWriters() {
        Inode file = root.lookup(null, "a"); // the vfs keeps one as long as it is used
        FileOperations reader = file.open(null, 0);
        assertEquals("from below", Layers.read(reader));
        Layers.write(file, "FROM");
        assertEquals("FROM below", Layers.read(reader));
    }

    @Test
    void shouldNotMoveDirectoriesOfTheLowerLayer() {
        Inode directory = root.lookup(null, "d");
        assertEquals(Errno.EXDEV, assertThrows(ErrnoException.class,
                () -> root.rename(null, "d", directory, root, "e", null, 0)).errno());
    }

    @Test
    void shouldRemoveOnlyEmptyDirectories() {
        Inode directory = root.lookup(null, "d");
        directory.create(null, "x", Mode.S_IFREG | 0644, 0, Layers.OWNER);
        assertEquals(Errno.ENOTEMPTY, assertThrows(ErrnoException.class, () -> root.rmdir(null, "d", directory)).errno());
        directory.unlink(null, "x", directory.lookup(null, "x"));
        root.rmdir(null, "d", directory);
        assertNull(root.lookup(null, "d"));
    }

    @Test
    void shouldBeHandedOver() {
        Inode file = root.lookup(null, "a");
        FileOperations reader = file.open(null, 0);
        Layers.write(root.lookup(null, "b"), "ALSO");
        Inode copied = root.lookup(null, "b");
        List<Object> fresh = Rehearsal.handOver(layers.type, layers.type, layers.overlay, file, reader, copied, root.open(null, 0));
        Inode freshRoot = ((FileSystem) fresh.getFirst()).root();
        assertNotSame(root, freshRoot);
        assertEquals("from below", Layers.read((FileOperations) fresh.get(2)));
        Layers.write((Inode) fresh.get(1), "FROM");
        assertEquals("FROM below", Layers.read((FileOperations) fresh.get(2)));
        assertSame(fresh.get(3), freshRoot.lookup(null, "b"));
        assertEquals("ALSO", Layers.read(freshRoot.lookup(null, "b")));
        assertEquals(List.of("a", "b", "d"), Layers.names(freshRoot));
    }

    /** The file system of both layers is replaced; only the overlay refers to what is in them. */
    @Test
    void shouldGoOnWhenItsLayersAreHandedOver() {
        Inode file = root.lookup(null, "a");
        FileOperations reader = file.open(null, 0);
        Layers.write(root.lookup(null, "b"), "ALSO");
        Inode copied = root.lookup(null, "b");
        Inode before = ((OverlayInode) copied).upper();
        List<Object> same = Rehearsal.handOver(layers.tmpfsDriver, layers.tmpfsDriver, layers.overlay, file, reader, copied);
        assertEquals(List.of(layers.overlay, file, reader, copied), same);
        assertNotSame(before, ((OverlayInode) copied).upper());
        assertEquals("from below", Layers.read(reader));
        assertSame(copied, root.lookup(null, "b"));
        Layers.write(file, "FROM");
        assertEquals("FROM below", Layers.read(reader));
        assertEquals("from below", Layers.read(((OverlayInode) root).lower().lookup(null, "a")));
    }
}
