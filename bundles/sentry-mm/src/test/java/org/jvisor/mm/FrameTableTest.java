// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;

class FrameTableTest {

    private final Cgroup payer = new Cgroup(null);
    private final FrameTable table = new FrameTable(payer);
    private final TreeMap<Long, Long> model = new TreeMap<>();

    @Test
    void shouldAgreeWithAMap() {
        Random random = new Random(11);
        for (int step = 0; step < 20_000; step++) {
            long index = random.nextLong(FrameTable.LIMIT >>> random.nextInt(28));
            switch (random.nextInt(4)) {
                case 0, 1 -> {
                    int count = (int) Math.min(1 + random.nextInt(700), FrameTable.LIMIT - index);
                    table.makeRoom(index, count);
                    long entry = 1 + random.nextLong(1000);
                    table.set(index + count - 1, entry);
                    model.put(index + count - 1, entry);
                }
                case 2 -> clear(index, index + (1L << random.nextInt(31)));
                default -> assertEquals(model.getOrDefault(index, 0L), table.get(index));
            }
            Long next = model.ceilingKey(index);
            long found = table.skipHoles(index);
            assertTrue(found >= index && (next == null || found <= next), index + ": " + found + ", " + next);
        }
        model.forEach((index, entry) -> assertEquals(entry, table.get(index)));
        clear(0, FrameTable.LIMIT);
        assertEquals(0, payer.used(Charge.PAGE_INDEX_BYTE));
        assertEquals(FrameTable.LIMIT, table.skipHoles(0));
    }

    private void clear(long from, long to) {
        model.subMap(from, to).keySet().forEach(index -> table.set(index, 0));
        model.subMap(from, to).clear();
        table.dropParts(from, to);
    }
}
