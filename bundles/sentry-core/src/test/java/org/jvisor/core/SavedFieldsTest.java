// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.jvisor.api.state.SavedFields;

/** Each field of what passes through a stream is saved and restored, or stands here with the reason why it need not be. */
class SavedFieldsTest {

    private static final Set<String> NOT_SAVED = Set.of(
            // The kernel, and what it gave its parts when they were made.
            "CpuTimes.clock", "IntervalTimers.scheduler", "PidNamespaceImpl.processes", "PosixTimer.scheduler",
            "PosixTimersImpl.scheduler", "TaskImpl.kernel", "ThreadGroupImpl.kernel", "ThreadGroupImpl.lock",
            // Parts that have records of their own.
            "PosixTimer.timer", "TaskImpl.beginAgain", "TaskImpl.call", "ProcessTimes.children", "ProcessTimes.gone", "TaskImpl.pending", "TaskImpl.times", "TaskImpl.usage", "ThreadGroupImpl.intervalTimers",
            "ThreadGroupImpl.job", "ThreadGroupImpl.limits", "ThreadGroupImpl.pending", "ThreadGroupImpl.timers",
            "ThreadGroupImpl.times",
            // Follows from the nodes that are appended.
            "SignalQueue.tail",
            // Saved, and set by a VarHandle, which class files do not tell.
            "TaskImpl.hooks", "TaskImpl.work",
            // Where a task is and who serves it: its thread tells again.
            "TaskImpl.epoch", "TaskImpl.place", "TaskImpl.sleeping", "TaskImpl.thread",
            "TaskImpl.woken",
            // Who waits: a blocked call, also on a futex, begins again and enters itself.
            "TaskImpl.entries", "TaskImpl.futexWaiter", "TaskImpl.ownEntry", "TaskImpl.signalQueue",
            "ThreadGroupImpl.childQueue", "ThreadGroupImpl.exitQueue",
            // Room for the current call.
            "TaskImpl.frameBuffer", "TaskImpl.scratch", "TaskImpl.walk", "TaskImpl.walk2");

    @Test
    void shouldSaveEachFieldOrNameIt() {
        assertEquals(new TreeSet<>(NOT_SAVED), new SavedFields(Path.of("target/classes")).leftOut(),
                "fields that save and restore do not both look at");
    }
}
