// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.mm.SharedSegments.Segment;

/** System V shared memory, as the calls use it. */
final class SegmentsTest extends MemoryTest {

    private static final int RW = Mman.PROT_READ | Mman.PROT_WRITE;

    private Segments segments;

    @BeforeEach
    void make() {
        segments = new Segments(system::newStore);
    }

    private Segment create(int key) {
        return segments.create(null, key, 3 * PAGE, 0600, Credentials.ROOT, 1, 0);
    }

    private long attach(Process process, Segment segment) {
        return process.mm.map(process.task, 0, segment.bytes(), RW, Mman.MAP_SHARED, segment.memory(), 0, "/SYSV");
    }

    @Test
    void shouldFindByKeyAndIdentifier() {
        Segment a = create(5);
        assertNull(create(5), "the key is taken");
        Segment b = create(0);
        Segment c = create(0);
        assertSame(a, segments.find(5));
        assertNull(segments.find(0), "private ones have no key");
        assertNotEquals(b.id(), c.id());
        assertSame(b, segments.get(b.id()));
        assertSame(c, segments.at(2));
        assertEquals(2, segments.highestIndex());
        segments.remove(a);
        assertNull(segments.get(a.id()));
        Segment again = create(5);
        assertNotEquals(a.id(), again.id(), "old identifiers mean nothing new");
        segments.removeAll();
        assertEquals(0, segments.count());
    }

    @Test
    void shouldShareBetweenProcessesAndGoWithTheLastAttachment() {
        Segment segment = create(5);
        Process one = new Process(system);
        Process other = new Process(system);
        long a = attach(one, segment);
        long b = attach(other, segment);
        assertEquals(2, segment.attached());
        one.store(a + PAGE, 7);
        assertEquals(7, other.load(b + PAGE));
        Process child = one.fork();
        assertEquals(3, segment.attached());
        child.exit();
        segments.remove(segment);
        assertNull(segments.find(5));
        assertSame(segment, segments.get(segment.id()));
        assertTrue(segment.removed());
        assertSame(segment.memory(), one.mm.mappedAt(a));
        assertNull(one.mm.mappedAt(a + PAGE));
        assertEquals(0, one.mm.munmap(one.task, a + PAGE, PAGE));
        assertEquals(0, one.mm.unmapObject(one.task, a, segment.memory()));
        assertEquals(0, one.mm.virtualBytes(), "both parts");
        assertEquals(-Errno.EINVAL, one.mm.unmapObject(one.task, a, segment.memory()));
        assertEquals(1, segment.attached());
        other.exit();
        one.exit();
        assertNull(segments.get(segment.id()));
        assertAllFree();
    }
}
