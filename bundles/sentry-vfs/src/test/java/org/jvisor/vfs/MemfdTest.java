// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.jvisor.vfs.World.fails;

import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.mm.Mappable;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.SetAttributes;
import org.jvisor.api.vfs.Vfs;

class MemfdTest {

    private final World w = new World();
    private final FileDescription file = w.vfs.newMemfd(w.root.task, "m", Mman.MFD_ALLOW_SEALING);
    private final Vfs.Sealable seals = (Vfs.Sealable) file.operations();

    private void resize(long size) {
        SetAttributes changes = new SetAttributes();
        changes.valid = SetAttributes.SIZE;
        changes.size = size;
        w.vfs.setAttributes(w.root.task, file, changes);
    }

    @Test
    void shouldBeAFile() {
        assertEquals(5, World.write(w.root, file, "hello"));
        assertEquals(0, file.seek(w.root.task, 0, Open.SEEK_SET));
        assertEquals("hello", World.read(w.root, file, 10));
        resize(2);
        Stat stat = new Stat();
        w.vfs.stat(file, stat);
        assertEquals(2, stat.size);
        assertEquals(0, seals.seals());
    }

    @Test
    void shouldKeepToItsSeals() {
        resize(10);
        assertEquals(0, seals.addSeals(Open.F_SEAL_SHRINK));
        fails(Errno.EPERM, () -> resize(9));
        resize(20);
        assertEquals(0, seals.addSeals(Open.F_SEAL_GROW));
        fails(Errno.EPERM, () -> resize(21));
        assertEquals(20, file.seek(w.root.task, 0, Open.SEEK_END));
        assertEquals(-Errno.EPERM, World.write(w.root, file, "x"));
        assertEquals(0, file.seek(w.root.task, 0, Open.SEEK_SET));
        assertEquals(1, World.write(w.root, file, "x"));
        assertEquals(0, seals.addSeals(Open.F_SEAL_WRITE));
        assertEquals(-Errno.EPERM, World.write(w.root, file, "x"));
        assertEquals(-Errno.EPERM, file.operations().fallocate(w.root.task,
                Open.FALLOC_FL_PUNCH_HOLE | Open.FALLOC_FL_KEEP_SIZE, 0, 1));
        assertEquals(0, seals.addSeals(Open.F_SEAL_SEAL));
        assertEquals(-Errno.EPERM, seals.addSeals(Open.F_SEAL_EXEC));
        assertEquals(-Errno.EINVAL, seals.addSeals(1 << 20));
    }

    @Test
    void shouldNotSealAgainstWritesWhatIsMappedForThem() {
        resize(4096);
        Mappable mappable = file.operations().mappable(w.root.task, file);
        Mappable.Mapping reading = new Mapped(false);
        Mappable.Mapping writing = new Mapped(true);
        mappable.addMapping(reading);
        mappable.addMapping(writing);
        assertEquals(-Errno.EBUSY, seals.addSeals(Open.F_SEAL_WRITE), "written to or not");
        mappable.frame(0, true);
        mappable.removeMapping(writing);
        assertEquals(0, seals.addSeals(Open.F_SEAL_WRITE));
        assertEquals(Errno.EPERM, assertThrows(ErrnoException.class, () -> mappable.addMapping(writing)).errno());
        mappable.removeMapping(reading);
    }

    private record Mapped(boolean writesThrough) implements Mappable.Mapping {
        @Override
        public void invalidate(long offset, long length) {
        }
    }

    @Test
    void shouldRefuseSealsUnlessAsked() {
        FileDescription plain = w.vfs.newMemfd(w.root.task, "m", 0);
        assertEquals(Open.F_SEAL_SEAL, ((Vfs.Sealable) plain.operations()).seals());
        assertEquals(-Errno.EPERM, ((Vfs.Sealable) plain.operations()).addSeals(Open.F_SEAL_GROW));
    }
}
