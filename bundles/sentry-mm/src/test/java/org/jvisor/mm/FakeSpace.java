// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.platform.AddressSpace;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.Registers;

/** What a CPU would see: pages of the memory file by address. Changes by other spaces' contexts wait for {@link #carryOut}. */
final class FakeSpace implements AddressSpace {

    static final long PAGE = 4096;

    record Page(long frame, int prot) {}

    final TreeMap<Long, Page> pages = new TreeMap<>();
    final List<Runnable> queue = new ArrayList<>();
    final OwnContext context = new OwnContext();
    /** Every change, for tests that count them. */
    final List<String> calls = new ArrayList<>();
    boolean released;
    /** Maps that fail with ENOMEM before the next one works. */
    int failingMaps;
    /** What the host said of the last fault; 0: a platform that does not know. */
    int lastSignalCode;
    /** What happens while a map is asked for: before it is done, and after. */
    Runnable beforeMap = () -> { };
    Runnable afterMap = () -> { };
    /** Whether a fork starts empty. */
    boolean forksEmpty;

    @Override
    public int map(Context by, long address, long length, long offset, int prot, boolean populate) {
        check(address, length);
        if (failingMaps > 0) {
            failingMaps--;
            return -Errno.ENOMEM;
        }
        beforeMap.run();
        int result = change("map", address, length, by, () -> {
            for (long at = 0; at < length; at += PAGE) {
                pages.put(address + at, new Page(offset + at, prot));
            }
        });
        afterMap.run();
        return result;
    }

    @Override
    public int unmap(Context by, long address, long length) {
        check(address, length);
        return change("unmap", address, length, by, () -> pages.subMap(address, address + length).clear());
    }

    @Override
    public int protect(Context by, long address, long length, int prot) {
        check(address, length);
        return change("protect", address, length, by, () -> {
            boolean hole = pages.subMap(address, address + length).size() < length / PAGE;
            if (hole) {
                // What the ptrace platform does, since mprotect(2) ends at a hole.
                pages.subMap(address, address + length).clear();
            } else {
                pages.subMap(address, address + length).replaceAll((at, page) -> new Page(page.frame, prot));
            }
        });
    }

    private static void check(long address, long length) {
        if ((address & PAGE - 1) != 0 || (length & PAGE - 1) != 0 || length <= 0 || address < 0) {
            throw new IllegalArgumentException(Long.toHexString(address) + " " + length);
        }
    }

    private int change(String what, long address, long length, Context by, Runnable action) {
        calls.add(what + " " + Long.toHexString(address) + " " + length / PAGE);
        if (by == context) {
            carryOut();
            action.run();
        } else {
            queue.add(action);
        }
        return 0;
    }

    void carryOut() {
        queue.forEach(Runnable::run);
        queue.clear();
    }

    @Override
    public boolean settled() {
        return queue.isEmpty();
    }

    @Override
    public void release() {
        released = true;
        pages.clear();
    }

    /** A context of this space, as far as mm uses one. */
    final class OwnContext implements Context {
        @Override
        public int run(Registers registers) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void interrupt() {
        }

        @Override
        public long faultAddress() {
            return 0;
        }

        @Override
        public int faultAccess() {
            return ACCESS_UNKNOWN;
        }

        @Override
        public int signal() {
            return Signals.SIGSEGV;
        }

        @Override
        public int signalCode() {
            return lastSignalCode;
        }

        @Override
        public void saveExtended(Registers registers) {
        }

        @Override
        public AddressSpace space() {
            return FakeSpace.this;
        }

        @Override
        public AddressSpace forkAddressSpace() {
            carryOut();
            FakeSpace child = new FakeSpace();
            if (!forksEmpty) {
                child.pages.putAll(pages);
            }
            return child;
        }

        @Override
        public Context newContext(AddressSpace space) {
            return ((FakeSpace) space).context;
        }

        @Override
        public void switchTo(AddressSpace space) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void release() {
        }
    }
}
