// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.opentest4j.AssertionFailedError;

class CoreRoundTripTest {

    private static final class Node implements Restorable {
        int value = 7;
        Node next;
        final Node part;
        boolean refuses;
        int forgotten;

        Node(Node part) {
            this.part = part;
        }

        @Override
        public StateRecord save() {
            return new StateRecord("node", 1).put("value", value).putCore("next", next);
        }

        @Override
        public void forget() {
            value = 0;
            next = null;
            forgotten++;
        }

        @Override
        public void restore(StateRecord record) {
            if (refuses && forgotten == 1) {
                throw record.refuse("value", "is not to be");
            }
            value = record.requireInt("value");
            next = record.core("next", Node.class);
        }

        @Override
        public void forEachPart(Consumer<? super Restorable> visitor) {
            if (part != null) {
                visitor.accept(part);
            }
        }
    }

    private final Node last = new Node(null);
    private final Node first = new Node(last);

    @Test
    void shouldSetWhatWasThereInEveryObjectOnce() {
        first.next = last;
        last.next = first;
        CoreRoundTrip trip = new CoreRoundTrip(List.of(first, last, first));
        trip.run();
        assertEquals(Map.of("node", 2), trip.types());
        assertTrue(trip.bytes() > 20);
        assertEquals(1, first.forgotten);
        assertEquals(7, first.value);
        assertSame(last, first.next);
        assertSame(first, last.next);
    }

    @Test
    void shouldChangeNothingWhenAnObjectRefuses() {
        first.next = last;
        last.refuses = true;
        CoreRoundTrip trip = new CoreRoundTrip(List.of(first));
        StateException refusal = assertThrows(StateException.class, trip::run);
        assertTrue(refusal.getMessage().contains("is not to be"), refusal.getMessage());
        assertEquals(2, first.forgotten);
        assertEquals(7, first.value);
        assertSame(last, first.next);
        assertEquals(7, last.value);
    }

    /** The test's own tool. */
    @Test
    void shouldNoticeWhatIsNotForgotten() {
        Forgetful.roundTrip(last, "forgotten");
        last.refuses = true;
        assertTrue(assertThrows(AssertionFailedError.class, () -> Forgetful.roundTrip(last, "forgotten")).getMessage()
                .contains("refuses"));
    }

    @Test
    void shouldCompareWhatNeverChanges() {
        StateRecord record = new StateRecord("node", 1).put("id", 3).putCore("part", last);
        record.expect("id", 3);
        record.expectCore("part", last);
        record.expectCore("other", null);
        assertThrows(StateException.class, () -> record.expect("id", 4));
        assertThrows(StateException.class, () -> record.expect("missing", 0));
        assertThrows(StateException.class, () -> record.expectCore("part", first));
        assertThrows(StateException.class, () -> record.expectCore("missing", first));
    }
}
