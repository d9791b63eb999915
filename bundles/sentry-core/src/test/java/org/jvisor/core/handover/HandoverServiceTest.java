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
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.jvisor.api.state.Driver;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.HandleSource;
import org.jvisor.api.state.Handover;
import org.jvisor.api.state.Replacement;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateException;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;

class HandoverServiceTest {

    /** For what never comes back. */
    private static final long SHORT_NS = TimeUnit.MILLISECONDS.toNanos(1000);

    private final TestRest rest = new TestRest();
    private final List<Slot> slots = new ArrayList<>();
    private final List<String> log = Collections.synchronizedList(new ArrayList<>());
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

    /** What happened to the services, and who served then; each may fail or hang. */
    private final class TestServices implements Replacement.Services {
        final List<String> told = new ArrayList<>();
        String failing = "";
        String hanging = "";

        private void tell(String what) {
            told.add(what + ": " + slots.getFirst().target.getClass().getSimpleName() + (rest.begun ? ", at rest" : ""));
            if (what.equals(hanging)) {
                hang();
            }
            if (what.equals(failing)) {
                throw new NoClassDefFoundError("no good");
            }
        }

        @Override
        public void offer() {
            tell("offer");
        }

        @Override
        public void revoke() {
            tell("revoke");
        }

        @Override
        public void withdraw() {
            tell("withdraw");
        }
    }

    private Handover.Report replace(Driver after, Replacement.Services services, long limitNs) {
        return service.replace(new Replacement(before::owns, before, after, services), limitNs);
    }

    /** What a driver does that never comes back; until the test ends. */
    private void hang() {
        boolean ended = false;
        while (!ended) {
            try {
                end.await();
                ended = true;
            } catch (InterruptedException e) {
                // It does not hear of that either.
            }
        }
    }

    /** The new code is not asked before it could serve, and the old one makes nothing more afterwards. */
    @Test
    void shouldOfferTheNewServicesBeforeTheSwitchAndWithdrawTheOldOnesAfterIt() {
        slot(new OldNode("a"));
        TestServices services = new TestServices();
        services.failing = "withdraw";
        replace(new NewDriver(), services, Handover.LIMIT_NS);
        assertEquals(List.of("offer: OldNode, at rest", "withdraw: NewNode, at rest"), services.told);
        assertEquals(1, log.size(), () -> "logged: " + log);
    }

    @Test
    void shouldRevokeTheNewServicesWhenTheyCannotBeOffered() {
        OldNode node = new OldNode("a");
        slot(node);
        TestServices services = new TestServices();
        services.failing = "offer";
        NewDriver after = new NewDriver();
        StateException e = assertThrows(StateException.class, () -> replace(after, services, Handover.LIMIT_NS));
        assertEquals("failed: java.lang.NoClassDefFoundError: no good", e.getMessage());
        assertEquals(List.of("offer: OldNode, at rest", "revoke: OldNode, at rest"), services.told);
        assertSame(node, slots.getFirst().target);
        assertEquals(List.of("pause", "save", "resume"), node.events);
        assertEquals(List.of("link", "discard"), after.made.getFirst().events);
    }

    @Test
    void shouldNotWaitForEverForServices() {
        OldNode node = new OldNode("a");
        slot(node);
        TestServices services = new TestServices();
        services.hanging = "offer";
        assertThrows(StateException.class, () -> replace(new NewDriver(), services, SHORT_NS));
        assertSame(node, slots.getFirst().target);
        services.hanging = "withdraw";
        replace(new NewDriver(), services, SHORT_NS);
        assertInstanceOf(NewNode.class, slots.getFirst().target);
    }

    // ---- the commit

    /** Nothing is switched before all successors are found good. */
    @Test
    void shouldRefuseAnObjectThatCannotDoTheWorkOfItsHandle() {
        OldNode good = new OldNode("good");
        OldNode bad = new OldNode("kind");
        Slot first = slot(good);
        Slot second = slot(bad);
        second.type = NewNode.class;
        NewDriver after = new NewDriver();
        StateException e = assertThrows(StateException.class, () -> service.replace(before, after));
        assertEquals("node: the new version makes a " + OtherNode.class.getName() + " of it, but the slot 7 needs a " + NewNode.class.getName(),
                e.getMessage());
        assertSame(good, first.target);
        assertSame(bad, second.target);
        assertEquals(List.of("prepare NewNode", "give up NewNode"), first.events);
        assertEquals(List.of(), second.events);
        assertEquals(List.of("pause", "save", "resume"), good.events);
        assertEquals(List.of("link", "discard"), after.made.getFirst().events);
        // And the next one is taken.
        bad.name = "b";
        assertEquals(2, service.replace(before, after).objects());
    }

    @Test
    void shouldRefuseWhenAHandleSaysSo() {
        OldNode node = new OldNode("a");
        Slot slot = slot(node);
        slot.refuses = true;
        StateException e = assertThrows(StateException.class, () -> service.replace(before, new NewDriver()));
        assertEquals("not that one", e.getMessage());
        assertSame(node, slot.target);
        assertEquals(List.of("prepare NewNode", "give up NewNode"), slot.events);
    }

    @Test
    void shouldRefuseObjectsThatAreNotTheDriversOwn() {
        OldNode node = new OldNode("a");
        Slot slot = slot(node);
        Driver strange = new Driver() {
            @Override
            public Stateful adopt(StateRecord record) {
                return new NewNode("a");
            }

            @Override
            public boolean owns(Object object) {
                return false;
            }
        };
        StateException e = assertThrows(StateException.class, () -> service.replace(before, strange));
        assertTrue(e.getMessage().contains("none of its own objects"), e.getMessage());
        Driver same = record -> node;
        e = assertThrows(StateException.class, () -> service.replace(before, same));
        assertTrue(e.getMessage().contains("answers an object of the old one's"), e.getMessage());
        assertSame(node, slot.target);
        assertEquals(List.of(), slot.events);
    }

    /** An Error of one, too. */
    @ParameterizedTest
    @ValueSource(strings = {"retire", "resume"})
    void shouldLeaveOutNoneWhenOneFailsAfterTheSwitch(String failing) {
        OldNode first = new OldNode("a");
        OldNode second = new OldNode("b");
        slot(first);
        slot(second);
        first.failing = failing;
        NewDriver after = new NewDriver();
        after.failing = failing;
        service.replace(before, after);
        assertEquals(List.of("pause", "save", "retire"), second.events);
        for (NewNode made : after.made) {
            assertEquals(List.of("link", "resume"), made.events);
        }
        assertEquals(failing.equals("retire") ? 1 : 2, log.size(), () -> "logged: " + log);
    }

    @Test
    void shouldLeaveOutNoneWhenOneFailsToGoOn() {
        OldNode first = new OldNode("a");
        OldNode second = new OldNode("b");
        slot(first);
        slot(second);
        slot(new OldNode("bad"));
        first.failing = "resume";
        NewDriver after = new NewDriver();
        after.failing = "discard";
        assertThrows(StateException.class, () -> service.replace(before, after));
        assertEquals(List.of("pause", "save", "resume"), second.events);
        for (NewNode made : after.made) {
            assertEquals(List.of("discard"), made.events);
        }
        assertEquals(3, log.size(), () -> "logged: " + log);
    }

    @Test
    void shouldLeaveOutNoneWhenOneNeverComesBack() {
        OldNode first = new OldNode("a");
        OldNode second = new OldNode("b");
        slot(first);
        slot(second);
        first.hanging = "retire";
        NewDriver after = new NewDriver();
        replace(after, Replacement.NO_SERVICES, SHORT_NS);
        assertEquals(List.of("pause", "save", "retire"), second.events);
        for (NewNode made : after.made) {
            assertEquals(List.of("link", "resume"), made.events);
        }
        assertTrue(log.getFirst().contains("no end after"), () -> "logged: " + log);
    }

    /** Whatever a driver throws, who asked hears of it by the one exception. */
    @Test
    void shouldRefuseInOneWayWhateverADriverThrows() {
        OldNode node = new OldNode("a");
        slot(node);
        Driver overflowing = record -> {
            throw new StackOverflowError();
        };
        StateException e = assertThrows(StateException.class, () -> service.replace(before, overflowing));
        assertEquals("failed: java.lang.StackOverflowError", e.getMessage());
        assertSame(node, slots.getFirst().target);
    }

    @Test
    void shouldTellOneLogThatFailsNothing() {
        HandoverService silent = new HandoverService(rest, List.of(this::showSlots), line -> {
            throw new OutOfMemoryError("no words");
        });
        OldNode first = new OldNode("a");
        OldNode second = new OldNode("b");
        first.failing = "retire";
        slot(first);
        slot(second);
        silent.replace(before, new NewDriver());
        assertEquals(List.of("pause", "save", "retire"), second.events);
    }

    @Test
    void shouldTellWhatThePauseWasSpentOn() {
        slot(new OldNode("a"));
        Handover.Pause pause = service.replace(before, new NewDriver()).pause();
        assertEquals(List.of("bring all tasks out", "save", "adopt", "offer the new services", "switch", "withdraw the old services"),
                pause.steps().stream().map(Handover.Pause.Step::name).toList());
        assertEquals(pause.ns(), pause.steps().stream().mapToLong(Handover.Pause.Step::ns).sum());
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
        StateException e = assertThrows(StateException.class, () -> replace(new NewDriver(), Replacement.NO_SERVICES, SHORT_NS));
        assertTrue(e.getMessage().startsWith("no end after 1000 ms, in "), e.getMessage());
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

    /** In one rest: nothing comes between the look and the end. */
    @Test
    void shouldWithdrawOnlyWhatIsNotInUse() {
        HandoverService whole = new HandoverService(rest, List.of(this::showSlots), List::of,
                owned -> owned.test("calls") ? List.of("the calls") : List.of(), log::add);
        slot(new OldNode("a"));
        slot(new OldNode("b"));
        slot(new Object());
        List<String> told = new ArrayList<>();
        Runnable withdraw = () -> told.add(rest.begun ? "at rest" : "not at rest");
        assertEquals(List.of("2 slots"), whole.withdraw(before::owns, withdraw, SHORT_NS));
        assertEquals(List.of("the calls"), whole.withdraw("calls"::equals, withdraw, SHORT_NS));
        assertEquals(List.of(), told);
        assertEquals(List.of(), whole.withdraw(object -> false, withdraw, Handover.LIMIT_NS));
        assertEquals(List.of("at rest"), told);
        assertThrows(StateException.class, () -> whole.withdraw(object -> false, this::hang, SHORT_NS));
        assertThrows(StateException.class, () -> whole.withdraw(object -> false, () -> {
            throw new LinkageError("no good");
        }, Handover.LIMIT_NS));
    }

    /** A bundle without a driver can go when nothing of its is left. */
    @Test
    void shouldReplaceWithoutADriverOnlyWhatIsNotInUse() {
        Slot slot = slot(new OldNode("a"));
        TestServices services = new TestServices();
        Replacement plain = new Replacement(before::owns, null, null, services);
        StateException e = assertThrows(StateException.class, () -> service.replace(plain, Handover.LIMIT_NS));
        assertEquals("it does the work for 1 slot, which there is no driver to hand over", e.getMessage());
        slot.target = "another's";
        services.told.clear();
        assertEquals(0, service.replace(plain, Handover.LIMIT_NS).objects());
        assertEquals(List.of("offer: String, at rest", "withdraw: String, at rest"), services.told);
    }

    @Test
    void shouldRefuseAHandOverDuringAnother() {
        slot(new OldNode("a"));
        List<StateException> refusals = new ArrayList<>();
        Runnable second = () -> refusals.add(assertThrows(StateException.class, () -> service.replace(before, new NewDriver())));
        service.withdraw(object -> false, second, Handover.LIMIT_NS);
        assertEquals("another hand-over is under way", refusals.getFirst().getMessage());
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
        HandoverService whole = new HandoverService(rest, List.of(this::showSlots), () -> List.of(core), owned -> List.of(),
                log::add);
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

    private Slot slot(Object target) {
        Slot slot = new Slot(target);
        slots.add(slot);
        return slot;
    }

    private static final class TestRest implements Rest {
        boolean begun;
        boolean refuses;

        @Override
        public long begin(long limitNs) {
            if (refuses) {
                throw new StateException("tasks do not come out");
            }
            begun = true;
            return 0;
        }

        @Override
        public void stopApplications(long limitNs) {}

        @Override
        public void end() {
            begun = false;
        }
    }

    private static final class Slot implements Handle {
        final List<String> events = new ArrayList<>();
        Class<?> type = Object.class;
        Object target;
        boolean refuses;

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
        public Class<?> type() {
            return type;
        }

        @Override
        public Object target() {
            return target;
        }

        @Override
        public void prepare(Object fresh) {
            events.add("prepare " + fresh.getClass().getSimpleName());
            if (refuses) {
                throw new StateException("not that one");
            }
        }

        @Override
        public void replace(Object fresh) {
            target = fresh;
        }

        @Override
        public void giveUp(Object fresh) {
            events.add("give up " + fresh.getClass().getSimpleName());
        }
    }

    private static final class OldPlain {}

    private final class OldNode implements Stateful {
        final List<String> events = new ArrayList<>();
        String name;
        OldNode peer;
        String failing = "";
        String hanging = "";

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
                hang();
            }
            return new StateRecord("node", 1).put("name", name).putOwn("peer", peer);
        }

        @Override
        public void pause() {
            events.add("pause");
        }

        @Override
        public void resume() {
            end("resume");
        }

        @Override
        public void retire() {
            end("retire");
        }

        private void end(String how) {
            events.add(how);
            if (how.equals(hanging)) {
                hang();
            }
            failIf(how.equals(failing));
        }
    }

    private static void failIf(boolean wanted) {
        if (wanted) {
            throw new LinkageError("no good");
        }
    }

    /** The same to its driver, another thing to a handle. */
    private static final class OtherNode implements Stateful {

        @Override
        public StateRecord save() {
            throw new AssertionError();
        }
    }

    private static final class NewNode implements Stateful {
        final List<String> events = new ArrayList<>();
        final String name;
        NewNode peer;
        String failing = "";

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
            failIf(failing.equals("resume"));
        }

        @Override
        public void discard() {
            events.add("discard");
            failIf(failing.equals("discard"));
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
        /** What all that it makes fails in. */
        String failing = "";

        @Override
        public Stateful adopt(StateRecord record) {
            String name = record.requireString("name");
            if (name.equals("kind")) {
                return new OtherNode();
            }
            if (name.equals("bad")) {
                throw record.refuse("name", "bad is no name");
            }
            NewNode node = new NewNode(name);
            node.failing = failing;
            made.add(node);
            return node;
        }
    }
}
