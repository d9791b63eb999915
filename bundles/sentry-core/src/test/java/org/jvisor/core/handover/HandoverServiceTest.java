// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.handover;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.jvisor.api.state.Driver;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.HandleSource;
import org.jvisor.api.state.Handover;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateException;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;

class HandoverServiceTest {

    private final TestRest rest = new TestRest();
    private final List<Slot> slots = new ArrayList<>();
    private final List<String> log = new ArrayList<>();
    private final HandoverService service = new HandoverService(rest, List.of(this::showSlots), log::add);
    private final OldDriver before = new OldDriver();
    private final CountDownLatch end = new CountDownLatch(1);

    @AfterEach
    void letStuckDriversGo() {
        end.countDown();
        assertFalse(rest.begun);
    }

    private void showSlots(Consumer<Handle> visitor) {
        slots.forEach(visitor);
    }

    @Test
    void shouldSwitchEveryHandleToTheSuccessorOfItsObject() {
        OldNode node = new OldNode("a");
        slot(node);
        slot(node);
        Handover.Report report = service.replace(before, new NewDriver());
        assertEquals(2, report.handles());
        assertEquals(1, report.objects());
        NewNode fresh = assertInstanceOf(NewNode.class, slots.get(0).target);
        assertSame(fresh, slots.get(1).target);
        assertEquals("a", fresh.name);
        assertEquals(List.of("pause", "save", "retire"), node.events);
        assertEquals(List.of("link", "resume"), fresh.events);
    }

    @Test
    void shouldLeaveObjectsOfOthersAlone() {
        Object other = new Object();
        slot(other);
        assertEquals(0, service.replace(before, new NewDriver()).handles());
        assertSame(other, slots.get(0).target);
    }

    @Test
    void shouldFollowReferencesAndKeepCircles() {
        OldNode a = new OldNode("a");
        OldNode b = new OldNode("b");
        a.peer = b;
        b.peer = a;
        slot(a);
        assertEquals(2, service.replace(before, new NewDriver()).objects());
        NewNode fresh = (NewNode) slots.get(0).target;
        assertEquals("b", fresh.peer.name);
        assertSame(fresh, fresh.peer.peer);
    }

    /** Between the switch and the moment when tasks go on, so that the old code makes nothing more. */
    @Test
    void shouldWithdrawTheOldCodeBeforeTasksGoOn() {
        slot(new OldNode("a"));
        List<String> told = new ArrayList<>();
        service.replace(before, new NewDriver(), () -> {
            told.add(slots.get(0).target.getClass().getSimpleName() + (rest.begun ? ", at rest" : ""));
            throw new IllegalStateException("a component that fails at its end");
        });
        assertEquals(List.of("NewNode, at rest"), told);
        assertEquals(1, log.size(), () -> "logged: " + log);
    }

    @Test
    void shouldNotRecurseAlongAChainOfObjects() {
        OldNode first = new OldNode("0");
        OldNode last = first;
        for (int i = 1; i < 30_000; i++) {
            last.peer = new OldNode("n");
            last = last.peer;
        }
        slot(first);
        assertEquals(30_000, service.replace(before, new NewDriver()).objects());
    }

    @Test
    void shouldFindHandlesThatObjectsOfOthersHave() {
        Slot inner = new Slot(new OldNode("inner"));
        slot((HandleSource) visitor -> visitor.accept(inner));
        service.replace(before, new NewDriver());
        assertEquals("inner", ((NewNode) inner.target).name);
    }

    @Test
    void shouldLeaveTheOldOneServingWhenTheNewOneRefuses() {
        OldNode good = new OldNode("good");
        OldNode bad = new OldNode("bad");
        slot(good);
        slot(bad);
        NewDriver after = new NewDriver();
        StateException e = assertThrows(StateException.class, () -> service.replace(before, after));
        assertEquals("node (schema 1), field name: bad is no name", e.getMessage());
        assertSame(good, slots.get(0).target);
        assertEquals(List.of("pause", "save", "resume"), good.events);
        assertEquals(List.of("pause", "save", "resume"), bad.events);
        assertEquals(List.of("discard"), after.made.getFirst().events);
    }

    @Test
    void shouldLeaveTheOldOneServingWhenSavingFails() {
        OldNode node = new OldNode("throws");
        slot(node);
        StateException e = assertThrows(StateException.class, () -> service.replace(before, new NewDriver()));
        assertTrue(e.getMessage().contains("cannot save"), e.getMessage());
        assertSame(node, slots.getFirst().target);
    }

    @Test
    void shouldNotWaitForEverForADriverThatNeverComesBack() {
        OldNode node = new OldNode("stuck");
        slot(node);
        long limitNs = TimeUnit.MILLISECONDS.toNanos(300);
        StateException e = assertThrows(StateException.class, () -> service.replace(before, new NewDriver(), () -> { }, limitNs));
        assertTrue(e.getMessage().startsWith("no end after 300 ms, in "), e.getMessage());
        assertSame(node, slots.getFirst().target);
        assertEquals(List.of("pause", "save", "resume"), node.events);
    }

    @Test
    void shouldRefuseObjectsThatCannotBeHandedOver() {
        slot(new OldPlain());
        StateException e = assertThrows(StateException.class, () -> service.replace(before, new NewDriver()));
        assertEquals("the slot 7 (" + OldPlain.class.getName() + ") cannot be handed over", e.getMessage());
    }

    @Test
    void shouldRefuseWhenTasksDoNotComeOut() {
        rest.refuses = true;
        slot(new OldNode("a"));
        assertThrows(StateException.class, () -> service.replace(before, new NewDriver()));
        assertInstanceOf(OldNode.class, slots.getFirst().target);
    }

    @Test
    void shouldTellWhatIsInUse() {
        slot(new OldNode("a"));
        slot(new OldNode("b"));
        slot(new Object());
        assertEquals(List.of("2 slots"), service.inUse(before::owns));
    }

    @Test
    void shouldGoOnWithTheOthersWhenOneCannotRetire() {
        OldNode node = new OldNode("a");
        node.failsToRetire = true;
        slot(node);
        slot(new OldNode("b"));
        service.replace(before, new NewDriver());
        assertInstanceOf(NewNode.class, slots.get(1).target);
        assertEquals(1, log.size());
    }

    @Test
    void shouldMakeObjectsAnewOfAStream() {
        NewNode a = new NewNode("a\u20ac");
        NewNode b = new NewNode("b");
        a.peer = b;
        b.peer = a;
        slot(a);
        Handover.RoundTrip done = service.roundTrip(List.of(new NewDriver()), Handover.LIMIT_NS);
        assertEquals(Map.of("node", 2), done.types());
        assertEquals(1, done.handles());
        assertTrue(done.bytes() > 20);
        NewNode fresh = assertInstanceOf(NewNode.class, slots.get(0).target);
        assertNotSame(a, fresh);
        assertEquals("a\u20ac", fresh.name);
        assertNotSame(b, fresh.peer);
        assertSame(fresh, fresh.peer.peer);
    }

    @Test
    void shouldTellDriversApartInARoundTrip() {
        NewNode node = new NewNode("a");
        Driver refusing = new Driver() {
            @Override
            public Stateful adopt(StateRecord record) {
                throw new StateException("not mine");
            }

            @Override
            public boolean owns(Object object) {
                return object instanceof OldPlain;
            }
        };
        slot(node);
        service.roundTrip(List.of(refusing, new NewDriver()), Handover.LIMIT_NS);
        assertNotSame(node, slots.get(0).target);
    }

    @Test
    void shouldChangeNothingWhenOneOfAllRefuses() {
        NewNode good = new NewNode("a");
        NewNode bad = new NewNode("bad");
        slot(good);
        slot(bad);
        NewDriver driver = new NewDriver();
        StateException refusal = assertThrows(StateException.class, () -> service.roundTrip(List.of(driver), Handover.LIMIT_NS));
        assertTrue(refusal.getMessage().contains("field name"), refusal.getMessage());
        assertSame(good, slots.get(0).target);
        assertSame(bad, slots.get(1).target);
        assertEquals(List.of("discard"), driver.made.getFirst().events);
    }

    /** The core's objects go the same way, while the drivers' hold still; and when one refuses, so do all. */
    @Test
    void shouldTakeTheCoreAlong() {
        CoreObject core = new CoreObject();
        HandoverService whole = new HandoverService(rest, List.of(this::showSlots), () -> List.of(core), log::add);
        NewNode node = new NewNode("a");
        slot(node);
        Handover.RoundTrip done = whole.roundTrip(List.of(new NewDriver()), Handover.LIMIT_NS);
        assertEquals(Map.of("core", 1, "node", 1), done.types());
        assertEquals(7, core.value);
        Object fresh = slots.get(0).target;
        assertNotSame(node, fresh);
        core.refuses = true;
        assertThrows(StateException.class, () -> whole.roundTrip(List.of(new NewDriver()), Handover.LIMIT_NS));
        assertEquals(7, core.value);
        assertSame(fresh, slots.get(0).target);
        assertFalse(rest.begun);
    }

    private static final class CoreObject implements Restorable {
        int value = 7;
        boolean refuses;

        @Override
        public StateRecord save() {
            return new StateRecord("core", 1).put("value", value);
        }

        @Override
        public void forget() {
            value = 0;
        }

        @Override
        public void restore(StateRecord record) {
            if (refuses) {
                refuses = false;
                throw record.refuse("value", "is not to be");
            }
            value = record.requireInt("value");
        }
    }

    private void slot(Object target) {
        slots.add(new Slot(target));
    }

    private static final class TestRest implements Rest {
        boolean begun;
        boolean refuses;

        @Override
        public void begin(long limitNs) {
            if (refuses) {
                throw new StateException("tasks do not come out");
            }
            begun = true;
        }

        @Override
        public void stopApplications(long limitNs) {}

        @Override
        public void end() {
            begun = false;
        }
    }

    private static final class Slot implements Handle {
        Object target;

        Slot(Object target) {
            this.target = target;
        }

        @Override
        public long id() {
            return 7;
        }

        @Override
        public String kind() {
            return "slot";
        }

        @Override
        public Object target() {
            return target;
        }

        @Override
        public void replace(Object fresh) {
            target = fresh;
        }
    }

    private static final class OldPlain {}

    private final class OldNode implements Stateful {
        final List<String> events = new ArrayList<>();
        final String name;
        OldNode peer;
        boolean failsToRetire;

        OldNode(String name) {
            this.name = name;
        }

        @Override
        public StateRecord save() {
            events.add("save");
            if (name.equals("throws")) {
                throw new IllegalStateException("cannot save");
            }
            if (name.equals("stuck")) {
                boolean ended = false;
                while (!ended) {
                    try {
                        end.await();
                        ended = true;
                    } catch (InterruptedException e) {
                        events.removeIf("interrupted"::equals);
                    }
                }
            }
            return new StateRecord("node", 1).put("name", name).putOwn("peer", peer);
        }

        @Override
        public void pause() {
            events.add("pause");
        }

        @Override
        public void resume() {
            events.add("resume");
        }

        @Override
        public void retire() {
            if (failsToRetire) {
                throw new IllegalStateException("cannot retire");
            }
            events.add("retire");
        }
    }

    private static final class NewNode implements Stateful {
        final List<String> events = new ArrayList<>();
        final String name;
        NewNode peer;

        NewNode(String name) {
            this.name = name;
        }

        @Override
        public StateRecord save() {
            return new StateRecord("node", 1).put("name", name).putOwn("peer", peer);
        }

        @Override
        public void link(StateRecord record) {
            events.add("link");
            peer = record.own("peer", NewNode.class);
        }

        @Override
        public void resume() {
            events.add("resume");
        }

        @Override
        public void discard() {
            events.add("discard");
        }
    }

    private static final class OldDriver implements Driver {

        @Override
        public Stateful adopt(StateRecord record) {
            throw new AssertionError();
        }

        @Override
        public boolean owns(Object object) {
            return object instanceof OldNode || object instanceof OldPlain;
        }
    }

    private static final class NewDriver implements Driver {
        final List<NewNode> made = new ArrayList<>();

        @Override
        public Stateful adopt(StateRecord record) {
            String name = record.requireString("name");
            if (name.equals("bad")) {
                throw record.refuse("name", "bad is no name");
            }
            NewNode node = new NewNode(name);
            made.add(node);
            return node;
        }
    }
}
