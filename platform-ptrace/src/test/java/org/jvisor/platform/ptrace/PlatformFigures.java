// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.function.IntConsumer;
import org.jvisor.api.platform.AddressSpace;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.Registers;

/** Prints what the platform's operations cost, each in nanoseconds, best of some runs. Not a test; has a main. */
final class PlatformFigures {
    private static final int RUNS = 7;

    private final Machine machine;
    private final ExecutorService other;

    private PlatformFigures(Machine machine) {
        this.machine = machine;
        other = Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().factory());
    }

    public static void main(String[] arguments) {
        long start = System.nanoTime();
        try (Machine machine = new Machine()) {
            System.out.printf("%-24s %9d%n", "start", System.nanoTime() - start);
            machine.code(0, "0f 05 eb fc"); // syscall; jmp to it
            new PlatformFigures(machine).run();
        }
    }

    private void run() {
        machine.inTask(() -> {
            Context context = machine.newContext();
            AddressSpace space = context.space();
            Registers registers = Machine.startAt(Machine.CODE);
            context.run(registers);
            print("syscall", 20_000, i -> {
                registers.setResult(i);
                context.run(registers);
            });
            print("syscall, all registers", 20_000, i -> {
                registers.set(Registers.RAX, i);
                context.run(registers);
            });
            print("map", 5_000, i -> space.map(context, Machine.DATA, Machine.PAGE, Machine.PAGE, Machine.RW, false));
            print("map populated", 5_000, i -> space.map(context, Machine.DATA, 8 * Machine.PAGE, 0, Machine.RW, true));
            long[] ranges = new long[8 * AddressSpace.RANGE_LONGS];
            for (int i = 0; i < 8; i++) {
                ranges[i * AddressSpace.RANGE_LONGS] = Machine.DATA + 2 * i * Machine.PAGE;
                ranges[i * AddressSpace.RANGE_LONGS + 1] = Machine.PAGE;
                ranges[i * AddressSpace.RANGE_LONGS + 3] = Machine.RW;
            }
            print("map 8 ranges at once", 5_000, i -> space.mapAll(context, ranges, 8, false));
            print("save extended", 5_000, i -> context.saveExtended(registers));
            print("fork, run, exit", 300, i -> inChild(context.newContext(context.forkAddressSpace())));
            print("thread, run, exit", 300, i -> inThread(context.newContext(space)));
            print("exec", 300, i -> {
                AddressSpace old = context.space();
                context.switchTo(machine.platform.newAddressSpace());
                context.space().map(context, Machine.CODE, Machine.PAGE, 0, Machine.RX, false);
                old.release();
                registers.set(Registers.RIP, Machine.CODE);
                context.run(registers);
            });
            return null;
        });
    }

    private void inThread(Context context) {
        onOther(() -> {
            context.run(Machine.startAt(Machine.CODE));
            context.release();
        });
    }

    private void inChild(Context context) {
        onOther(() -> {
            context.run(Machine.startAt(Machine.CODE));
            context.release();
            context.space().release();
        });
    }

    /** On a task thread that is used again and again, as the Sentry's are. */
    private void onOther(Runnable body) {
        FutureTask<Void> task = new FutureTask<>(body, null);
        other.execute(task);
        Machine.result(task);
    }

    private static void print(String name, int rounds, IntConsumer operation) {
        long best = Long.MAX_VALUE;
        for (int run = 0; run < RUNS; run++) {
            long start = System.nanoTime();
            for (int i = 0; i < rounds; i++) {
                operation.accept(i);
            }
            best = Math.min(best, (System.nanoTime() - start) / rounds);
        }
        System.out.printf("%-24s %9d%n", name, best);
    }
}
