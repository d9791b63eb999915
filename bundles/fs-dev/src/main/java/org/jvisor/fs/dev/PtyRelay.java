// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.HostFiles;
import org.jvisor.api.wait.ServiceThread;
import org.jvisor.api.wait.WaitQueue;

/**
 * Carries bytes between the master of a pseudoterminal and a terminal of the host, in a thread of its own that sleeps while
 * neither has anything to do. At most a buffer full is on its way in each direction: who produces faster has to wait. All that it
 * does is done in steps, as a visitor of the kernel's, so that it can be replaced between two of them.
 */
final class PtyRelay implements Stateful {

    private static final int BYTES = 1 << 13;
    private static final int EVENTS = Poll.POLLIN | Poll.POLLOUT | Poll.POLLERR | Poll.POLLHUP | Poll.POLLPRI;

    /** How long the end waits for a host terminal that takes nothing (stopped by ^S, say). */
    private static final long PATIENCE_NS = 2_000_000_000L;
    private static final long STACK_BYTES = 256 << 10;

    private final Kernel kernel;
    private final HostKernel host;
    private final Memory memory;
    private final HostFiles hostFiles;
    private final Terminal terminal;
    private final DevptsFileSystem fileSystem;

    private final ServiceThread thread = new ServiceThread("pty-relay", STACK_BYTES, this::turn);
    private final WaitQueue.Entry atMaster = new WaitQueue.Entry(events -> thread.wake());
    private final WaitQueue.Entry atHost = new WaitQueue.Entry(events -> thread.wake());

    /** Null before there is one, and after the end. Changed by who is inside the kernel's gate, as is all that follows. */
    private volatile FileDescription outside;
    /** What is run at the end that somebody has asked for; null: nobody has yet. */
    private volatile Runnable closed;
    /** When bytes last reached the host's terminal, in {@link System#nanoTime}'s terms. */
    private volatile long progressNs;
    /** Whether the thread has begun: buffers are there, and queues tell it. */
    private boolean open;
    /** Null where the host's terminal has none. */
    private WaitQueue hostQueue;
    private final Stream output = new Stream();
    private final Stream input = new Stream();

    /** Another relay carries on with what is outside: the thread just ends. */
    private volatile boolean succeeded;

    PtyRelay(Kernel kernel, HostKernel host, Memory memory, HostFiles hostFiles, Terminal terminal, DevptsFileSystem fileSystem) {
        this.kernel = kernel;
        this.host = host;
        this.memory = memory;
        this.hostFiles = hostFiles;
        this.terminal = terminal;
        this.fileSystem = fileSystem;
    }

    void start(int hostFd) {
        if (outside != null) {
            throw new IllegalStateException("connected already");
        }
        outside = hostFiles.open(hostFd, 0, 0);
        thread.start();
    }

    // ---- hand-over

    /** What {@link #save} wrote; its thread begins when it serves. */
    PtyRelay(StateRecord record, Kernel kernel, HostKernel host, Memory memory, HostFiles hostFiles) {
        this(kernel, host, memory, hostFiles, record.requireOwn("terminal", Terminal.class),
                record.requireOwn("fileSystem", DevptsFileSystem.class));
        outside = record.core("outside", FileDescription.class);
        closed = record.core("closed", Runnable.class);
        progressNs = System.nanoTime();
        output.adopt(record, "output");
        input.adopt(record, "input");
    }

    @Override
    public StateRecord save() {
        StateRecord record = new StateRecord(DevDriver.RELAY, DevDriver.SCHEMA).putOwn("terminal", terminal)
                .putOwn("fileSystem", fileSystem).putCore("outside", outside).putCore("closed", closed);
        output.save(record, "output", host);
        input.save(record, "input", host);
        return record;
    }

    @Override
    public void resume() {
        if (outside != null) {
            thread.start();
        }
    }

    @Override
    public void retire() {
        succeeded = true;
        thread.wake();
    }

    // ---- the end

    /**
     * Ends when all output has gone out, or the host's terminal has taken nothing for a while. By who is inside the gate; once.
     *
     * @param done is run then, by a thread that is inside the gate, perhaps this one
     */
    void close(Runnable done) {
        progressNs = System.nanoTime();
        closed = done;
        if (outside == null) {
            end();
        } else {
            thread.wake();
        }
    }

    /** Whether there is nothing to wait for any more. */
    private boolean isAtEnd(boolean moved) {
        return closed != null && (output.isEmpty() && !moved || System.nanoTime() - progressNs >= PATIENCE_NS);
    }

    private void end() {
        FileDescription last = outside;
        outside = null;
        closeStreams();
        try {
            if (last != null) {
                last.release(null);
            }
            fileSystem.remove(terminal);
            terminal.hangUp();
        } finally {
            closed.run();
        }
    }

    // ---- the thread

    private boolean turn() {
        boolean moved = kernel.visit(this::step);
        if (succeeded) {
            closeStreams();
            return false;
        }
        if (outside == null) {
            return false;
        }
        if (!moved && closed != null) {
            thread.restNanos(PATIENCE_NS);
        } else if (!moved) {
            thread.rest();
        }
        return true;
    }

    /** Whether anything moved. Between two steps it is replaced, or what is outside is. */
    private boolean step() {
        if (succeeded || outside == null) {
            return false;
        }
        boolean moved = false;
        try {
            openStreams();
            FileOperations operations = outside.operations();
            moved = moveOutput(output, operations);
            moved |= moveInput(input, operations);
        } finally {
            // A step that fails comes again; but not for ever.
            if (isAtEnd(moved)) {
                end();
            }
        }
        return moved;
    }

    private void openStreams() {
        if (open) {
            return;
        }
        open = true;
        output.begin(host);
        input.begin(host);
        terminal.masterQueue().add(atMaster, EVENTS);
        hostQueue = outside.operations().waitQueue();
        if (hostQueue != null) {
            hostQueue.add(atHost, EVENTS);
        }
    }

    /** Who has been succeeded is told of events no more, nor read; who has ended is inside the gate. */
    private void closeStreams() {
        if (open) {
            open = false;
            terminal.masterQueue().remove(atMaster);
            if (hostQueue != null) {
                hostQueue.remove(atHost);
            }
            output.end(host);
            input.end(host);
        }
    }

    /** A buffer, and what of it is on its way. */
    private static final class Stream {
        long buffer;
        long from;
        long length;
        boolean ended;
        /** What a predecessor had on its way. */
        private byte[] inherited;

        void begin(HostKernel host) {
            buffer = host.allocate(BYTES);
            if (inherited != null) {
                host.copyOut(inherited, 0, inherited.length, buffer);
                filled(inherited.length);
                inherited = null;
            }
        }

        void end(HostKernel host) {
            host.free(buffer);
            buffer = 0;
            length = 0;
        }

        void save(StateRecord record, String name, HostKernel host) {
            byte[] bytes = inherited;
            if (buffer != 0) {
                bytes = new byte[(int) length];
                host.copyIn(buffer + from, bytes, 0, bytes.length);
            }
            record.put(name, bytes).put(name + "Ended", ended);
        }

        void adopt(StateRecord record, String name) {
            inherited = record.getBytes(name);
            ended = record.getBoolean(name + "Ended", false);
            if (inherited != null && inherited.length > BYTES) {
                throw record.refuse(name, "is too long");
            }
        }

        boolean isEmpty() {
            return length == 0;
        }

        void filled(long bytes) {
            from = 0;
            length = bytes;
        }

        void drained(long bytes) {
            from += bytes;
            length -= bytes;
        }
    }

    private boolean moveOutput(Stream stream, FileOperations operations) {
        boolean moved = false;
        if (stream.isEmpty()) {
            long count = terminal.master().read(memory.hostBuffer(stream.buffer, BYTES));
            if (count > 0) {
                stream.filled(count);
                moved = true;
            }
        }
        if (!stream.isEmpty()) {
            long count = stream.ended ? stream.length : operations.write(null, outside,
                    memory.hostBuffer(stream.buffer + stream.from, stream.length), FileOperations.CURRENT);
            if (count > 0) {
                stream.drained(count);
                progressNs = System.nanoTime();
                moved = true;
            } else if (count != -Errno.EAGAIN) {
                // The host's terminal is gone: programs that still write are not to wait for it.
                stream.ended = true;
                moved = true;
            }
        }
        return moved;
    }

    private boolean moveInput(Stream stream, FileOperations operations) {
        boolean moved = false;
        if (stream.isEmpty() && !stream.ended && closed == null) {
            long count = operations.read(null, outside, memory.hostBuffer(stream.buffer, BYTES), FileOperations.CURRENT);
            if (count > 0) {
                stream.filled(count);
                moved = true;
            } else if (count != -Errno.EAGAIN) {
                stream.ended = true;
                terminal.hangUp();
            }
        }
        if (!stream.isEmpty()) {
            long count = terminal.master().write(memory.hostBuffer(stream.buffer + stream.from, stream.length));
            if (count > 0) {
                stream.drained(count);
                moved = true;
            }
        }
        return moved;
    }
}
