// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import org.jvisor.api.platform.AddressSpace;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.Platform;
import org.jvisor.api.platform.Registers;

/** A platform whose applications are {@link App}s. */
public final class FakePlatform implements Platform {

    /** What a task's application does each time it runs. */
    public interface App {
        /** Sets the registers of a call. */
        int run(Registers registers);
    }

    /** The application of the next context that is made. */
    public volatile App next = r -> {
        throw new IllegalStateException("no application");
    };

    /** Called before a context gets another space: the host may refuse one. */
    public volatile Runnable beforeSwitch = () -> { };

    @Override
    public String name() {
        return "fake";
    }

    @Override
    public Probe probe() {
        return new Probe(true, 1, "made for tests");
    }

    @Override
    public void start(int memoryFd) {
        // Nothing to do.
    }

    @Override
    public AddressSpace newAddressSpace() {
        return new Fakes().as(AddressSpace.class);
    }

    @Override
    public Context newContext(AddressSpace space) {
        return new FakeContext(this, next);
    }

    @Override
    public void stop() {
        // Nothing to do.
    }

    /** Runs an {@link App}. */
    public static final class FakeContext implements Context {
        private static final long FAULT_ADDRESS = 0x1000;
        private final FakePlatform platform;
        private final App app;
        private volatile boolean interrupted;
        /** How often it was asked for the rest of the registers. */
        public volatile int fills;
        /** What {@link #saveExtended} finds. */
        public byte[] state = new byte[832];

        FakeContext(FakePlatform platform, App app) {
            this.platform = platform;
            this.app = app;
        }

        @Override
        public int run(Registers registers) {
            if (interrupted) {
                interrupted = false;
                return INTERRUPTED;
            }
            if (registers.extendedModified) {
                state = registers.extended == null ? new byte[832] : registers.extended.clone();
                registers.extendedModified = false;
            }
            registers.modified = Registers.CLEAN;
            return app.run(registers);
        }

        @Override
        public void fill(Registers registers, int level) {
            fills++;
            registers.filled = level;
        }

        @Override
        public void interrupt() {
            interrupted = true;
        }

        @Override
        public long faultAddress() {
            return FAULT_ADDRESS;
        }

        @Override
        public int faultAccess() {
            return ACCESS_READ;
        }

        @Override
        public int signal() {
            throw new UnsupportedOperationException();
        }

        @Override
        public int signalCode() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void saveExtended(Registers registers) {
            registers.extended = state.clone();
        }

        @Override
        public AddressSpace space() {
            return null;
        }

        @Override
        public AddressSpace forkAddressSpace() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Context newContext(AddressSpace space) {
            return new FakeContext(platform, platform.next);
        }

        @Override
        public void switchTo(AddressSpace space) {
            platform.beforeSwitch.run();
        }

        @Override
        public void release() {
            // Nothing to give back.
        }
    }
}
