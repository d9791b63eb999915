// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

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
            "AnonymousInode.clock", "EventFdFile.host", "FileDescriptionImpl.openFiles", "FileDescriptionImpl.positionLock",
            "EpollFile.nesting", "MemfdInode.clock", "MemfdInode.writeLock", "MountNamespaceImpl.tree", "PipeBuffer.file",
            "PipeBuffer.host", "PipeBuffer.lock", "PipeBuffer.taking", "TimerFdFile.host",
            // Follows from the file, or from other fields.
            "EpollFile.last", "FileDescriptionImpl.directory", "FileDescriptionImpl.positional", "FileDescriptionImpl.readable",
            "FileDescriptionImpl.regular", "FileDescriptionImpl.seekable", "FileDescriptionImpl.writable",
            "FileDescriptionImpl.writesAtOnce", "MountImpl.rootPath",
            // The links of the list of all that are open; others tell again that they listen.
            "FileDescriptionImpl.listeners", "FileDescriptionImpl.nextOpen", "FileDescriptionImpl.previousOpen",
            // Its pages and who maps them stay, as all page tables do.
            "MemfdInode.mapping",
            // Who waits: a blocked call begins again and enters itself.
            "EpollFile.queue", "EventFdFile.queue", "FileLocks.released", "MountNamespaceImpl.changes",
            "PipeBuffer.queue", "SignalFdFile.queue", "SignalFdFile.relay", "TimerFdFile.queue",
            // Room for the current call.
            "FileDescriptionImpl.directoryReader");

    @Test
    void shouldSaveEachFieldOrNameIt() {
        assertEquals(new TreeSet<>(NOT_SAVED), new SavedFields(Path.of("target/classes")).leftOut(),
                "fields that save and restore do not both look at");
    }
}
