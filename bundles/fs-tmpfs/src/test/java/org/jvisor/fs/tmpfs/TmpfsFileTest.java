// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.tmpfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.jvisor.fs.tmpfs.Instance.fails;
import static org.jvisor.fs.tmpfs.Instance.open;
import static org.jvisor.fs.tmpfs.Instance.read;
import static org.jvisor.fs.tmpfs.Instance.stat;
import static org.jvisor.fs.tmpfs.Instance.write;

import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.mm.Mappable;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.SetAttributes;

class TmpfsFileTest {

    private static final int PAGE = 4096;

    private final Instance i = new Instance("size=16k");

    private static SetAttributes size(long bytes) {
        SetAttributes changes = new SetAttributes();
        changes.valid = SetAttributes.SIZE;
        changes.size = bytes;
        return changes;
    }

    @Test
    void shouldReadWhatWasWritten() {
        Inode file = i.file("f");
        assertEquals(5, write(file, "hello", 0));
        assertEquals(5, write(file, "world", 10));
        assertEquals("hello\0\0\0\0\0world", read(file, 0, 100));
        assertEquals("", read(file, 15, 100));
        assertEquals(15, file.size());
        assertEquals(8, stat(file).blocks);
    }

    @Test
    void shouldAppendAtTheEnd() {
        Inode file = i.file("f");
        long[] position = new long[1];
        write(file, "abc", 0);
        assertEquals(3, open(file).write(null, Instance.description(position), Instance.buffer("def".getBytes()),
                FileOperations.APPEND));
        assertEquals(6, position[0]);
        assertEquals("abcdef", read(file, 0, 10));
    }

    @Test
    void shouldStopAtItsSize() {
        Inode file = i.file("f");
        assertEquals(4 * PAGE, write(file, "x".repeat(5 * PAGE), 0));
        assertEquals(-Errno.ENOSPC, write(file, "x", 4 * PAGE));
        assertEquals(5, write(file, "inner", PAGE - 2));
        assertEquals(0, i.statfs().blocksFree);
        Inode other = i.file("g");
        assertEquals(-Errno.ENOSPC, write(other, "x", 0));
        file.setAttributes(null, size(PAGE));
        assertEquals(3, i.statfs().blocksFree);
        assertEquals(2 * PAGE, write(other, "y".repeat(2 * PAGE), 0));
        assertEquals(1, i.statfs().blocksFree);
    }

    @Test
    void shouldGiveBackWhatAnUnlinkedFileHeldOnceItIsForgotten() {
        Inode file = i.file("f");
        write(file, "x".repeat(4 * PAGE), 0);
        i.root.unlink(null, "f", file);
        assertEquals(0, i.statfs().blocksFree);
        file.evict();
        assertEquals(4, i.statfs().blocksFree);
        fails(Errno.ENOENT, () -> open(file));
    }

    @Test
    void shouldKeepALinkedFileThatIsForgotten() {
        Inode file = i.file("f");
        write(file, "x", 0);
        file.evict();
        assertEquals("x", read(i.root.lookup(null, "f"), 0, 5));
    }

    @Test
    void shouldTruncateAndExtend() {
        Inode file = i.file("f");
        write(file, "abcdef", 0);
        file.setAttributes(null, size(3));
        file.setAttributes(null, size(6));
        assertEquals("abc\0\0\0", read(file, 0, 10));
        file.setAttributes(null, size(1L << 50));
        assertEquals(8, stat(file).blocks);
        assertEquals(1L << 50, stat(file).size);
    }

    @Test
    void shouldAllocate() {
        Inode file = i.file("f");
        FileOperations open = open(file);
        assertEquals(0, open.fallocate(null, 0, 0, 2 * PAGE));
        assertEquals(2 * PAGE, file.size());
        assertEquals(16, stat(file).blocks);
        assertEquals(0, open.fallocate(null, Open.FALLOC_FL_KEEP_SIZE, 2 * PAGE, PAGE));
        assertEquals(2 * PAGE, file.size());
        assertEquals(1, i.statfs().blocksFree);
        fails(Errno.ENOSPC, () -> open.fallocate(null, 0, 0, 5 * PAGE));
        fails(Errno.ENOSPC, () -> open.fallocate(null, 0, 0, 1L << 60));
        assertEquals(-Errno.EINVAL, open.fallocate(null, 0, 0, 0));
        assertEquals(-Errno.EINVAL, open.fallocate(null, 0, -1, 5));
        assertEquals(-Errno.EFBIG, open.fallocate(null, 0, Long.MAX_VALUE - 10, 100));
        assertEquals(-Errno.EOPNOTSUPP, open.fallocate(null, Open.FALLOC_FL_PUNCH_HOLE, 0, PAGE));
        assertEquals(-Errno.EOPNOTSUPP, open.fallocate(null, Open.FALLOC_FL_COLLAPSE_RANGE, 0, PAGE));
        assertEquals(1, i.statfs().blocksFree);
    }

    @Test
    void shouldPunchHolesAndZeroRanges() {
        Inode file = i.file("f");
        FileOperations open = open(file);
        write(file, "x".repeat(3 * PAGE), 0);
        assertEquals(0, open.fallocate(null, Open.FALLOC_FL_PUNCH_HOLE | Open.FALLOC_FL_KEEP_SIZE, PAGE - 1, PAGE + 2));
        assertEquals(3 * PAGE, file.size());
        assertEquals(2, i.statfs().blocksFree);
        assertEquals("xx\0", read(file, PAGE - 3, 3));
        assertEquals("\0xx", read(file, 2 * PAGE, 3));
        assertEquals(0, open.seek(null, null, 0, Open.SEEK_DATA));
        assertEquals(PAGE, open.seek(null, null, 0, Open.SEEK_HOLE));
        assertEquals(2 * PAGE, open.seek(null, null, PAGE, Open.SEEK_DATA));
        assertEquals(3 * PAGE, open.seek(null, null, 2 * PAGE, Open.SEEK_HOLE));
        assertEquals(-Errno.ENXIO, open.seek(null, null, 3 * PAGE, Open.SEEK_DATA));
        assertEquals(-Errno.ENXIO, open.seek(null, null, -1, Open.SEEK_DATA));
        assertEquals(0, open.fallocate(null, Open.FALLOC_FL_ZERO_RANGE, 0, 4 * PAGE));
        assertEquals("\0\0", read(file, 0, 2));
        assertEquals(4 * PAGE, file.size());
        assertEquals(0, i.statfs().blocksFree);
    }

    @Test
    void shouldShowTheSameBytesMapped() {
        Inode file = i.file("f");
        write(file, "mapped", 0);
        Mappable mapping = open(file).mappable(null, null);
        long frame = mapping.frame(0, true);
        assertTrue(frame >= 0);
        byte[] seen = new byte[6];
        Instance.buffer(seen);
        org.jvisor.api.mm.IoBuffer direct = Instance.MEMORY.hostBuffer(Instance.MEMORY.file().base() + frame, 6);
        direct.get(seen, 0, 6);
        assertEquals("mapped", new String(seen));
        Instance.MEMORY.hostBuffer(Instance.MEMORY.file().base() + frame, 6).put("MAPPED".getBytes(), 0, 6);
        assertEquals("MAPPED", read(file, 0, 10));
        assertTrue(mapping.frame(PAGE, true) < 0);
    }

    @Test
    void shouldChargeWhatAFaultBrings() {
        Inode file = i.file("f");
        file.setAttributes(null, size(6 * PAGE));
        Mappable mapping = open(file).mappable(null, null);
        for (int page = 0; page < 4; page++) {
            assertTrue(mapping.frame((long) page * PAGE, true) >= 0);
        }
        assertEquals(0, i.statfs().blocksFree);
        assertEquals(-Errno.ENOSPC, mapping.frame(4 * PAGE, true));
        assertTrue(mapping.frame(0, true) >= 0);
    }

    @Test
    void shouldKeepTimes() {
        Inode file = i.file("f");
        Stat born = stat(file);
        assertEquals(1_700_000_000L, born.mtimeSec);
        assertEquals(123_456_789, born.mtimeNsec);
        assertTrue(born.hasBtime);
        i.nowNs[0] += 10_000_000_000L;
        write(file, "x", 0);
        assertEquals(1_700_000_010L, stat(file).mtimeSec);
        assertEquals(1_700_000_010L, stat(file).ctimeSec);
        assertEquals(1_700_000_000L, stat(file).atimeSec);
        i.nowNs[0] += 10_000_000_000L;
        read(file, 0, 1);
        assertEquals(1_700_000_000L, stat(file).atimeSec);
        file.accessed(false);
        assertEquals(1_700_000_020L, stat(file).atimeSec);
        i.nowNs[0] += 10_000_000_000L;
        file.accessed(false);
        assertEquals(1_700_000_020L, stat(file).atimeSec);
        file.accessed(true);
        assertEquals(1_700_000_030L, stat(file).atimeSec);
        SetAttributes mode = new SetAttributes();
        mode.valid = SetAttributes.MODE;
        mode.mode = 0600;
        file.setAttributes(null, mode);
        assertEquals(1_700_000_030L, stat(file).ctimeSec);
        assertEquals(1_700_000_010L, stat(file).mtimeSec);
        SetAttributes far = new SetAttributes();
        far.valid = SetAttributes.MTIME;
        far.mtimeSeconds = Long.MAX_VALUE;
        file.setAttributes(null, far);
        assertTrue(stat(file).mtimeSec > 9_000_000_000L);
    }
}
