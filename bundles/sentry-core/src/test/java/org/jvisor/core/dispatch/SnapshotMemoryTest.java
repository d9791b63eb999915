// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.dispatch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.api.syscall.SyscallInterceptor;
import org.jvisor.core.FakeMemory;
import org.jvisor.core.Fakes;

class SnapshotMemoryTest {

    private static final int SIZE = 1 << 18;

    /** The application's memory, from address 0. */
    private final byte[] bytes = new byte[SIZE];

    private final SnapshotMemory memory = new SnapshotMemory(new FakeMemory() {
        @Override
        public IoBuffer kernelBuffer(byte[] kernel, int offset, int length) {
            return buffer(kernel, offset, length);
        }
    });

    SnapshotMemoryTest() {
        memory.over(new Fakes()
                .on("getByte", a -> bytes[checked((Long) a[0], 1)])
                .on("copyIn", a -> copy(bytes, checked((Long) a[0], (Integer) a[3]), (byte[]) a[1], (Integer) a[2], (Integer) a[3]))
                .on("copyOut", a -> copy((byte[]) a[0], (Integer) a[1], bytes, checked((Long) a[3], (Integer) a[2]), (Integer) a[2]))
                .on("tryCopyIn", a -> {
                    int length = (int) Math.max(0, Math.min((Integer) a[3], SIZE - (Long) a[0]));
                    copy(bytes, (int) (long) (Long) a[0], (byte[]) a[1], (Integer) a[2], length);
                    return (long) length;
                })
                .on("zero", a -> {
                    Arrays.fill(bytes, (int) (long) (Long) a[0], (int) ((Long) a[0] + (Long) a[1]), (byte) 0);
                    return null;
                })
                .on("getIntVolatile", a -> Bytes.getInt(bytes, (int) (long) (Long) a[0]))
                .on("range", a -> buffer(bytes, (int) (long) (Long) a[0], (int) (long) (Long) a[1]))
                .on("vector", a -> {
                    throw new AssertionError("the application's vector is read");
                }).as(UserMemory.class));
        memory.begin();
    }

    private static int checked(long address, int length) {
        if (address < 0 || address + length > SIZE) {
            throw ErrnoException.of(Errno.EFAULT);
        }
        return (int) address;
    }

    private static Object copy(byte[] from, int at, byte[] to, int toAt, int length) {
        System.arraycopy(from, at, to, toAt, length);
        return null;
    }

    private static IoBuffer buffer(byte[] b, int offset, int length) {
        int[] moved = {0};
        return new Fakes().on("remaining", a -> (long) length - moved[0])
                .on("get", a -> {
                    int n = Math.min((Integer) a[2], length - moved[0]);
                    copy(b, offset + moved[0], (byte[]) a[0], (Integer) a[1], n);
                    moved[0] += n;
                    return (long) n;
                })
                .on("put", a -> {
                    int n = Math.min((Integer) a[2], length - moved[0]);
                    copy((byte[]) a[0], (Integer) a[1], b, offset + moved[0], n);
                    moved[0] += n;
                    return (long) n;
                }).as(IoBuffer.class);
    }

    private void set(int address, String text) {
        byte[] b = text.getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(b, 0, bytes, address, b.length);
        bytes[address + b.length] = 0;
    }

    private String seen(long address) {
        memory.keep(true);
        try {
            return memory.getString(address, 4095);
        } finally {
            memory.keep(false);
        }
    }

    private static byte[] all(IoBuffer buffer) {
        byte[] got = new byte[(int) buffer.remaining()];
        assertEquals(got.length, buffer.get(got, 0, got.length));
        return got;
    }

    @Test
    void shouldGiveTheHandlerTheStringThatWasSeen() {
        set(100, "/tmp/good");
        assertEquals("/tmp/good", seen(100));
        set(100, "/etc/shadow-and-more");
        assertEquals("/tmp/good", memory.getString(100, 4095));
        byte[] path = new byte[4096];
        assertEquals(9, memory.copyInString(100, path));
        assertEquals("/tmp/good", new String(path, 0, 9, StandardCharsets.ISO_8859_1));
        memory.copyIn(100, path, 0, 12);
        assertEquals("/tmp/good\0w-", new String(path, 0, 12, StandardCharsets.ISO_8859_1));
        assertEquals("good", memory.getString(105, 10));
    }

    @Test
    void shouldKeepNothingThatNobodySaw() {
        set(100, "one");
        assertEquals("one", memory.getString(100, 10));
        set(100, "two");
        assertEquals("two", memory.getString(100, 10));
        assertEquals("two", seen(100));
        memory.begin();
        set(100, "three");
        assertEquals("three", memory.getString(100, 10));
    }

    @Test
    void shouldServeWhatIsGoneMeanwhile() {
        set(SIZE - 4, "end");
        assertEquals("end", seen(SIZE - 4));
        assertThrows(ErrnoException.class, () -> memory.getByte(SIZE));
        assertThrows(ErrnoException.class, () -> memory.getLong(SIZE - 4));
        assertEquals('d', memory.getByte(SIZE - 2));
    }

    @Test
    void shouldLetTheKernelOverwrite() {
        Bytes.putLong(bytes, 64, 1);
        memory.keep(true);
        assertEquals(1, memory.getLong(64));
        memory.keep(false);
        memory.putInt(68, 7);
        assertEquals(7, memory.getInt(68));
        assertEquals(7, Bytes.getInt(bytes, 68));
        memory.zero(60, 8);
        Bytes.putInt(bytes, 64, 99);
        assertEquals(0, memory.getInt(64));
        memory.range(66, 4, true).put(new byte[] {5, 6, 7, 8}, 0, 4);
        assertEquals(5, memory.getByte(66));
        assertEquals(0, memory.getByte(65));
        assertEquals(99, memory.getIntVolatile(64) & 0xff);
    }

    @Test
    void shouldPutBuffersTogetherFromWhatWasSeenAndWhatWasNot() {
        set(200, "abcdefghij");
        memory.keep(true);
        memory.getInt(202);
        memory.getByte(208);
        memory.keep(false);
        set(200, "0123456789");
        assertEquals("01cdef67i9", new String(all(memory.range(200, 10, false)), StandardCharsets.ISO_8859_1));
    }

    @Test
    void shouldTakeTheVectorThatWasSeen() {
        set(300, "good");
        set(400, "evil");
        Bytes.putLong(bytes, 512, 300);
        Bytes.putLong(bytes, 520, 4);
        memory.keep(true);
        assertEquals(300, memory.getLong(512));
        memory.keep(false);
        Bytes.putLong(bytes, 512, 400);
        assertEquals("good", new String(all(memory.vector(512, 1, false)), StandardCharsets.ISO_8859_1));
    }

    @Test
    void shouldKeepABoundedNumberOfBytes() {
        memory.keep(true);
        memory.copyIn(0, new byte[SyscallInterceptor.MAX_KEPT_BYTES], 0, SyscallInterceptor.MAX_KEPT_BYTES);
        memory.getByte(17);
        ErrnoException refused = assertThrows(ErrnoException.class, () -> memory.getByte(SyscallInterceptor.MAX_KEPT_BYTES));
        assertEquals(Errno.E2BIG, refused.errno());
    }

    /** Against a plain model: the first byte seen at an address stays, unless the kernel writes there. */
    @Test
    void shouldAgreeWithAModel() {
        Random random = new Random(4);
        for (int round = 0; round < 300; round++) {
            memory.begin();
            Integer[] model = new Integer[256];
            for (int step = 0; step < 60; step++) {
                int at = random.nextInt(200);
                int length = 1 + random.nextInt(40);
                byte[] data = new byte[length];
                switch (random.nextInt(6)) {
                    case 0 -> {
                        random.nextBytes(data);
                        System.arraycopy(data, 0, bytes, at, length);
                    }
                    case 1 -> {
                        memory.keep(true);
                        memory.copyIn(at, data, 0, length);
                        memory.keep(false);
                        for (int i = 0; i < length; i++) {
                            model[at + i] = (int) data[i];
                        }
                    }
                    case 2 -> {
                        random.nextBytes(data);
                        memory.copyOut(data, 0, length, at);
                        for (int i = 0; i < length; i++) {
                            model[at + i] = model[at + i] == null ? null : (Integer) (int) data[i];
                        }
                    }
                    case 3 -> {
                        memory.range(at, length, true).put(data, 0, length);
                        Arrays.fill(model, at, at + length, null);
                    }
                    case 4 -> assertArrayEquals(expected(model, at, length), all(memory.range(at, length, false)));
                    default -> {
                        memory.copyIn(at, data, 0, length);
                        assertArrayEquals(expected(model, at, length), data);
                    }
                }
            }
        }
    }

    private byte[] expected(Integer[] model, int at, int length) {
        byte[] expected = Arrays.copyOfRange(bytes, at, at + length);
        for (int i = 0; i < length; i++) {
            if (model[at + i] != null) {
                expected[i] = (byte) (int) model[at + i];
            }
        }
        return expected;
    }
}
