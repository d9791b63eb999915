// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.wait;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServiceThreadTest {

    private final Logger log = Logger.getLogger(ServiceThread.class.getName());
    private final AtomicInteger messages = new AtomicInteger();
    private volatile boolean logFails;
    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord message) {
            if (logFails) {
                throw new OutOfMemoryError("for the test");
            }
            messages.incrementAndGet();
        }

        @Override
        public void flush() {
        }

        @Override
        public void close() {
        }
    };

    @BeforeEach
    void listen() {
        log.setUseParentHandlers(false);
        log.addHandler(handler);
    }

    @AfterEach
    void stopListening() {
        log.removeHandler(handler);
        log.setUseParentHandlers(true);
    }

    @Test
    void shouldGoOnAfterWhateverATurnThrows() {
        Throwable[] failures = {new OutOfMemoryError("for the test"), new StackOverflowError(), new IllegalStateException(),
            new LinkageError(), new InternalError()};
        AtomicInteger turns = new AtomicInteger();
        ServiceThread thread = new ServiceThread("service", 0, () -> {
            int turn = turns.getAndIncrement();
            if (turn < failures.length) {
                throwIt(failures[turn]);
            }
            return false;
        });
        thread.start();
        assertTrue(thread.join(0));
        assertEquals(failures.length + 1, turns.get());
        assertEquals(1, messages.get(), "failures that come closely one after the other are told of once");
    }

    @Test
    void shouldGoOnWhenThereIsNoRoomForWords() {
        logFails = true;
        AtomicInteger turns = new AtomicInteger();
        ServiceThread thread = new ServiceThread("service", 0, () -> {
            if (turns.incrementAndGet() < 3) {
                throw new OutOfMemoryError("for the test");
            }
            logFails = false;
            if (turns.get() == 3) {
                throw new OutOfMemoryError("for the test");
            }
            return false;
        });
        thread.start();
        assertTrue(thread.join(0));
        assertEquals(4, turns.get());
        assertEquals(1, messages.get());
    }

    /** Ends for good once it is told to. */
    private static final class Sleeper {
        final ServiceThread thread = new ServiceThread("service", 0, this::turn, () -> saidFarewell = true);
        volatile int turns;
        volatile boolean end;
        volatile boolean saidFarewell;

        boolean turn() {
            turns++;
            if (!end) {
                thread.rest();
            }
            return !end;
        }
    }

    @Test
    void shouldRestUntilItIsWokenAndEndWithItsFarewell() {
        Sleeper sleeper = new Sleeper();
        sleeper.thread.start();
        assertFalse(sleeper.thread.join(20), "nobody has woken it");
        sleeper.end = true;
        sleeper.thread.wake();
        assertTrue(sleeper.thread.join(0));
        assertTrue(sleeper.saidFarewell);
    }

    @Test
    void shouldHoldStillAndGoOn() throws InterruptedException {
        Sleeper sleeper = new Sleeper();
        for (int i = 0; i < 100; i++) {
            sleeper.thread.start();
            sleeper.thread.start();
            int before = sleeper.turns;
            while (sleeper.turns == before) {
                sleeper.thread.wake();
                Thread.sleep(0, 1000);
            }
            sleeper.thread.halt();
            int after = sleeper.turns;
            sleeper.thread.wake();
            sleeper.thread.halt();
            assertEquals(after, sleeper.turns);
            assertFalse(sleeper.saidFarewell);
        }
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> void throwIt(Throwable failure) throws T {
        throw (T) failure;
    }
}
