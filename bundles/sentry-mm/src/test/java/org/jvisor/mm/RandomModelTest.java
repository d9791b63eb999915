// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.mm.Mappable;
import org.jvisor.api.state.CoreRoundTrip;
import org.jvisor.api.state.Forgetful;
import org.jvisor.api.state.Restorable;

/**
 * Random calls and accesses of a family of processes, beside a model of one value a page. After each step the tables, the
 * mappings of the CPU and the references agree; what is read is what the model says.
 */
final class RandomModelTest extends MemoryTest {

    private static final int STEPS = 3000;
    private static final int MAX_PROCESSES = 5;
    private static final int WINDOW_PAGES = 300;

    /** Contents of an object by page. */
    private static final class ModelObject {
        final Mappable real;
        final Map<Long, Integer> written = new HashMap<>();
        final boolean hasOriginal;
        long pages;

        ModelObject(Mappable real, long pages) {
            this.real = real;
            this.pages = pages;
            hasOriginal = real instanceof FakeFile;
        }

        int read(long index) {
            return written.getOrDefault(index, hasOriginal ? FakeFile.original(index) : 0);
        }
    }

    private static final class ModelPage {
        int prot;
        boolean shared;
        ModelObject object;
        long index;
        /** Of a private page that was written. */
        Integer own;
        boolean locked;

        ModelPage copy() {
            ModelPage page = new ModelPage();
            page.prot = prot;
            page.shared = shared;
            page.object = object;
            page.index = index;
            page.own = own;
            return page;
        }
    }

    private static final class Model {
        final Process process;
        final TreeMap<Long, ModelPage> pages = new TreeMap<>();

        Model(Process process) {
            this.process = process;
        }
    }

    private final List<Model> models = new ArrayList<>();
    private final List<FakeFile> files = new ArrayList<>();
    private ModelObject sharedFile;
    private ModelObject privateFile;
    private long window;
    private Random random;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void shouldAgreeWithModel(long seed) {
        random = new Random(seed);
        FakeFile a = new FakeFile(file, 64);
        FakeFile b = new FakeFile(file, 64);
        a.readAhead(0, 16);
        b.readAhead(8, 40);
        files.add(a);
        files.add(b);
        sharedFile = new ModelObject(a, 64);
        privateFile = new ModelObject(b, 64);
        Process first = new Process(system);
        models.add(new Model(first));
        window = first.mm.mmapBase - (64L << 20) & -(2L << 20);
        for (int step = 0; step < STEPS; step++) {
            step(models.get(random.nextInt(models.size())));
            if (step % 100 == 0) {
                roundTrip();
            }
            if (step % 10 == 0) {
                checkAll();
            }
        }
        checkAll();
        for (Model model : models) {
            model.process.exit();
        }
        for (FakeFile one : files) {
            assertEquals(0, one.mappings.size());
            one.truncate(0);
        }
        assertAllFree();
    }

    /** What the managers know of their mappings passes through a stream. */
    private void roundTrip() {
        List<Manager> managers = models.stream().map(model -> model.process.mm).toList();
        for (Manager manager : managers) {
            Forgetful.roundTrip(manager);
            Forgetful.roundTrip(manager.vmas);
            manager.vmas.forEachPart(Forgetful::roundTrip);
        }
        List<Restorable> roots = new ArrayList<>();
        system.forEachRestorable(roots::add);
        CoreRoundTrip trip = new CoreRoundTrip(roots);
        trip.run();
        SortedMap<String, Integer> types = trip.types();
        assertEquals(managers.size(), types.get("address space"));
        assertEquals(managers.size(), types.get("mappings"));
    }

    private void checkAll() {
        List<Process> processes = models.stream().map(model -> model.process).toList();
        Invariants.check(file, processes, files);
        Invariants.checkWriters(processes);
        for (Model model : models) {
            assertEquals((long) model.pages.size() * PAGE, model.process.mm.virtualBytes());
        }
    }

    private void step(Model model) {
        model.process.accessKnown = random.nextBoolean();
        model.process.codeKnown = random.nextBoolean();
        switch (random.nextInt(24)) {
            case 0, 1 -> mapAnonymous(model);
            case 2 -> mapShared(model);
            case 3 -> mapFile(model, sharedFile, true);
            case 4 -> mapFile(model, privateFile, false);
            case 5 -> unmap(model);
            case 6, 7 -> protect(model);
            case 8 -> remap(model);
            case 9 -> dontNeed(model);
            case 10 -> fork(model);
            case 11 -> exit(model);
            case 12 -> truncate();
            case 13, 14 -> copyOut(model);
            case 15 -> copyIn(model);
            case 16 -> lock(model);
            case 17, 18, 19, 20 -> store(model);
            default -> load(model);
        }
    }

    private int randomProt() {
        return switch (random.nextInt(6)) {
            case 0 -> Mman.PROT_NONE;
            case 1 -> Mman.PROT_READ;
            case 2 -> Mman.PROT_READ | Mman.PROT_EXEC;
            default -> Mman.PROT_READ | Mman.PROT_WRITE;
        };
    }

    private long randomPage() {
        return window + (long) random.nextInt(WINDOW_PAGES) * PAGE;
    }

    private int randomPages() {
        return random.nextInt(5) == 0 ? 1 + random.nextInt(100) : 1 + random.nextInt(10);
    }

    // ---- mappings

    private void mapAnonymous(Model model) {
        int prot = randomProt();
        int pages = randomPages();
        boolean fixed = random.nextInt(3) > 0;
        int flags = Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS | (fixed ? Mman.MAP_FIXED : 0)
                | (random.nextInt(8) == 0 ? Mman.MAP_POPULATE : 0);
        long at = model.process.mm.mmap(model.process.task, fixed ? randomPage() : 0, (long) pages * PAGE, prot, flags, null, 0);
        enter(model, at, pages, prot, false, null, 0, fixed);
    }

    private void mapShared(Model model) {
        int prot = randomProt();
        int pages = randomPages();
        Memory shared = new Memory(pages);
        long at = model.process.mm.map(model.process.task, randomPage(), (long) pages * PAGE, prot,
                Mman.MAP_SHARED | Mman.MAP_FIXED, shared.store, 0, "shared");
        shared.store.release();
        ModelPage any = enter(model, at, pages, prot, true, shared.object, 0, true);
        any.object = shared.object;
    }

    /** A store and its model. */
    private final class Memory {
        final FrameStore store;
        final ModelObject object;

        Memory(int pages) {
            store = new FrameStore(host, file.own(), null, (long) pages * PAGE);
            object = new ModelObject(store, pages);
        }
    }

    private void mapFile(Model model, ModelObject object, boolean shared) {
        // A shared mapping that is not writable when it is made can never become so.
        int prot = shared ? Mman.PROT_READ | Mman.PROT_WRITE : randomProt();
        int pages = randomPages();
        long index = random.nextInt(60);
        long at = model.process.mm.map(model.process.task, randomPage(), (long) pages * PAGE, prot,
                (shared ? Mman.MAP_SHARED : Mman.MAP_PRIVATE) | Mman.MAP_FIXED, object.real, index * PAGE, "file");
        enter(model, at, pages, prot, shared, object, index, true);
    }

    private ModelPage enter(Model model, long at, int pages, int prot, boolean shared, ModelObject object, long index,
            boolean fixed) {
        assertTrue(at > 0, () -> "mmap gives " + at);
        ModelPage last = null;
        for (int i = 0; i < pages; i++) {
            long page = at + (long) i * PAGE;
            assertFalse(!fixed && model.pages.containsKey(page), "mapped over something");
            last = new ModelPage();
            last.prot = prot;
            last.shared = shared;
            last.object = object;
            last.index = index + i;
            model.pages.put(page, last);
        }
        return last;
    }

    private void unmap(Model model) {
        long at = randomPage();
        int pages = randomPages();
        assertEquals(0, model.process.mm.munmap(model.process.task, at, (long) pages * PAGE));
        model.pages.subMap(at, at + (long) pages * PAGE).clear();
    }

    private void protect(Model model) {
        long at = randomPage();
        int pages = randomPages();
        int prot = randomProt();
        Map<Long, ModelPage> range = model.pages.subMap(at, at + (long) pages * PAGE);
        boolean writeRefused = (prot & Mman.PROT_WRITE) != 0
                && range.values().stream().anyMatch(page -> page.shared && page.object != sharedFile);
        if (range.size() < pages || writeRefused) {
            return;
        }
        assertEquals(0, model.process.mm.mprotect(model.process.task, at, (long) pages * PAGE, prot));
        range.values().forEach(page -> page.prot = prot);
    }

    private void remap(Model model) {
        long at = randomPage();
        int oldPages = randomPages();
        int newPages = randomPages();
        int flags = random.nextInt(3) == 0 ? 0 : Mman.MREMAP_MAYMOVE;
        long target = 0;
        if (flags != 0 && random.nextInt(3) == 0) {
            flags |= Mman.MREMAP_FIXED;
            target = randomPage();
        }
        long result = model.process.mm.mremap(model.process.task, at, (long) oldPages * PAGE, (long) newPages * PAGE, flags,
                target);
        if (result < 0) {
            // Where it failed late the tail, or the target, may be gone: Linux does that too.
            resynchronise(model);
            return;
        }
        if (newPages <= oldPages && (flags & Mman.MREMAP_FIXED) == 0) {
            // Only the tail goes; whether the rest is mapped nobody asks.
            model.pages.subMap(at + (long) newPages * PAGE, at + (long) oldPages * PAGE).clear();
            return;
        }
        List<ModelPage> moved = new ArrayList<>();
        for (int i = 0; i < oldPages; i++) {
            ModelPage page = model.pages.remove(at + (long) i * PAGE);
            assertTrue(page != null || i >= newPages, "moved what was not mapped");
            moved.add(page);
        }
        for (int i = 0; i < newPages; i++) {
            long page = result + (long) i * PAGE;
            if (i < oldPages) {
                model.pages.put(page, moved.get(i));
                continue;
            }
            ModelPage more = moved.getFirst().copy();
            more.index += i;
            more.own = null;
            more.locked = moved.getFirst().locked;
            model.pages.put(page, more);
        }
    }

    /** Takes out of the model what is no longer mapped. */
    private void resynchronise(Model model) {
        model.pages.keySet().removeIf(page -> model.process.mm.vmas.find(page) == null);
    }

    private void dontNeed(Model model) {
        long at = randomPage();
        int pages = randomPages();
        Map<Long, ModelPage> range = model.pages.subMap(at, at + (long) pages * PAGE);
        if (range.values().stream().anyMatch(page -> page.locked)) {
            return;
        }
        model.process.mm.madvise(model.process.task, at, (long) pages * PAGE, Mman.MADV_DONTNEED);
        range.values().forEach(page -> page.own = null);
    }

    private void lock(Model model) {
        long at = randomPage();
        int pages = randomPages();
        Map<Long, ModelPage> range = model.pages.subMap(at, at + (long) pages * PAGE);
        if (range.size() < pages) {
            return;
        }
        boolean lock = random.nextBoolean();
        if (lock) {
            model.process.mm.mlock(model.process.task, at, (long) pages * PAGE, 0);
        } else {
            model.process.mm.munlock(model.process.task, at, (long) pages * PAGE);
        }
        range.values().forEach(page -> page.locked = lock);
    }

    private void truncate() {
        ModelObject cut = random.nextBoolean() ? sharedFile : privateFile;
        cut.pages = 20 + random.nextInt(45);
        ((FakeFile) cut.real).truncate(cut.pages);
        cut.written.keySet().removeIf(index -> index >= cut.pages);
        for (Model model : models) {
            // Copies that private mappings have made go, too, and come back no more.
            model.pages.values().stream().filter(page -> page.object == cut && page.index >= cut.pages).forEach(page -> page.own = null);
        }
    }

    // ---- processes

    private void fork(Model model) {
        if (models.size() == MAX_PROCESSES) {
            return;
        }
        Model child = new Model(model.process.fork());
        model.pages.forEach((at, page) -> child.pages.put(at, page.copy()));
        models.add(child);
    }

    private void exit(Model model) {
        if (models.size() > 1) {
            model.process.exit();
            models.remove(model);
        }
    }

    // ---- accesses

    /** The value, or the negated signal. */
    private static int expectedLoad(ModelPage page) {
        if (page == null || page.prot == Mman.PROT_NONE) {
            return -Signals.SIGSEGV;
        }
        if (page.own != null) {
            return page.own;
        }
        if (page.object != null) {
            return page.index >= page.object.pages ? -Signals.SIGBUS : page.object.read(page.index);
        }
        return 0;
    }

    private static int expectedStore(ModelPage page) {
        if (page == null || (page.prot & Mman.PROT_WRITE) == 0) {
            return -Signals.SIGSEGV;
        }
        boolean beyond = page.own == null && page.object != null && page.index >= page.object.pages;
        return beyond ? -Signals.SIGBUS : 0;
    }

    private static void apply(ModelPage page, int value) {
        if (page.shared) {
            page.object.written.put(page.index, value);
        } else {
            page.own = value;
        }
    }

    private void load(Model model) {
        long at = randomPage();
        assertEquals(expectedLoad(model.pages.get(at)), model.process.load(at), () -> "load at " + Long.toHexString(at));
    }

    private void store(Model model) {
        long at = randomPage();
        int value = random.nextInt(256);
        ModelPage page = model.pages.get(at);
        // Where the platform cannot tell a store from a load, a page beyond the end cannot be read either.
        boolean asLoad = !model.process.accessKnown && page != null && expectedLoad(page) == -Signals.SIGBUS;
        int expected = asLoad ? -Signals.SIGBUS : expectedStore(page);
        assertEquals(expected, model.process.store(at, value), () -> "store at " + Long.toHexString(at));
        if (expected == 0) {
            apply(page, value);
        }
    }

    private void copyIn(Model model) {
        long at = randomPage();
        byte[] bytes = new byte[3 * PAGE];
        long count = model.process.memory.tryCopyIn(at, bytes, 0, bytes.length);
        for (int i = 0; i < 3; i++) {
            int expected = expectedLoad(model.pages.get(at + (long) i * PAGE));
            if (expected < 0) {
                assertEquals((long) i * PAGE, count);
                return;
            }
            assertEquals(expected, bytes[i * PAGE] & 0xff);
        }
        assertEquals(bytes.length, count);
    }

    private void copyOut(Model model) {
        long at = randomPage();
        byte[] bytes = new byte[3 * PAGE];
        int value = random.nextInt(256);
        java.util.Arrays.fill(bytes, (byte) value);
        long expected = 0;
        while (expected < 3 && expectedStore(model.pages.get(at + expected * PAGE)) == 0) {
            apply(model.pages.get(at + expected * PAGE), value);
            expected++;
        }
        if (expected < 3) {
            assertEquals(expected * PAGE, model.process.memory.tryCopyOut(bytes, 0, bytes.length, at));
            return;
        }
        try {
            model.process.memory.copyOut(bytes, 0, bytes.length, at);
        } catch (ErrnoException e) {
            throw new AssertionError("EFAULT at " + Long.toHexString(at), e);
        }
    }
}
