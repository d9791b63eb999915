// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import org.jvisor.api.platform.AddressSpace;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.Registers;

/** A Sentry for {@link SentryDeathTest}: starts processes and threads and lets them go as fast as it can, until it is killed. */
final class StubSwarm {
    private static final int WORKERS = 3;
    private static final String SPIN = "eb fe";
    private static final String CALL = "0f 05";

    private StubSwarm() {
    }

    /** The argument is the memory file's name. */
    public static void main(String[] arguments) {
        // Not closed: the end is SIGKILL.
        @SuppressWarnings("resource")
        Machine machine = new Machine(arguments[0]);
        machine.code(0, SPIN);
        machine.code(1, CALL);
        for (int i = 0; i < WORKERS; i++) {
            machine.startTask(() -> {
                for (;;) {
                    round(machine);
                }
            });
        }
        System.out.println("running");
    }

    private static void round(Machine machine) {
        AddressSpace space = machine.platform.newAddressSpace();
        Context context = machine.platform.newContext(space);
        Registers registers = Machine.startAt(Machine.DATA);
        space.map(context, Machine.DATA, Machine.PAGE, Machine.PAGE, Machine.RX, false);
        space.map(context, Machine.CODE, Machine.PAGE, 0, Machine.RX, false);
        context.run(registers);
        AddressSpace copy = context.forkAddressSpace();
        Context child = context.newContext(copy);
        Context thread = context.newContext(space);
        Thread spinner = Thread.ofPlatform().daemon().factory().newThread(() -> {
            thread.run(Machine.startAt(Machine.CODE));
            thread.release();
        });
        Thread forked = Thread.ofPlatform().daemon().factory().newThread(() -> {
            child.run(Machine.startAt(Machine.DATA));
            child.release();
            copy.release();
        });
        forked.start();
        spinner.start();
        join(forked);
        thread.interrupt();
        join(spinner);
        context.release();
        space.release();
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
