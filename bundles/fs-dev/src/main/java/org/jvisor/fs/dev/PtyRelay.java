// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import java.util.concurrent.locks.LockSupport;
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
import org.jvisor.api.wait.WaitQueue;

/**
 * Carries bytes between the master of a pseudoterminal and a terminal of the host, in a thread of its own that sleeps while
 * neither has anything to do. At most a buffer full is on its way in each direction: who produces faster has to wait.
 */
final class PtyRelay implements Stateful {

    private static final int BYTES = 1 << 13;
    private static final int EVENTS = Poll.POLLIN | Poll.POLLOUT | Poll.POLLERR | Poll.POLLHUP | Poll.POLLPRI;

    /** How long {@link #finish} waits for a host terminal that takes nothing (stopped by ^S, say). */
    private static final long PATIENCE_NS = 2_000_000_000L;

    private final Kernel kernel;
    private final HostKernel host;
    private final Memory memory;
    private final HostFiles hostFiles;
    private final Terminal terminal;

    private Thread thread;
    private FileDescription outside;
    private volatile boolean finishing;

    /** Another relay carries on with what is outside: the thread just ends. */
    private volatile boolean succeeded;
    private final Stream output = new Stream();
    private final Stream input = new Stream();

    /** When bytes last reached the host's terminal, in {@link System#nanoTime}'s terms. */
    private volatile long progressNs;

    PtyRelay(Kernel kernel, HostKernel host, Memory memory, HostFiles hostFiles, Terminal terminal) {
        this.kernel = kernel;
        this.host = host;
        this.memory = memory;
        this.hostFiles = hostFiles;
        this.terminal = terminal;
    }

    synchronized void start(int hostFd) {
        if (thread != null) {
            throw new IllegalStateException("connected already");
        }
        outside = hostFiles.open(hostFd, 0, 0);
        startThread();
    }

    private void startThread() {
        thread = new Thread(this::run, "pty-relay-" + terminal.index());
        thread.setDaemon(true);
        thread.start();
    }

    // ---- hand-over

    /** What {@link #save} wrote; its thread begins when it serves. */
    PtyRelay(StateRecord record, Kernel kernel, HostKernel host, Memory memory, HostFiles hostFiles) {
        this(kernel, host, memory, hostFiles, record.requireOwn("terminal", Terminal.class));
        outside = record.core("outside", FileDescription.class);
        finishing = record.getBoolean("finishing", false);
        output.adopt(record, "output");
        input.adopt(record, "input");
    }

    @Override
    public synchronized StateRecord save() {
        StateRecord record = new StateRecord(DevDriver.RELAY, DevDriver.SCHEMA).putOwn("terminal", terminal)
                .putCore("outside", outside).put("finishing", finishing);
        output.save(record, "output", host);
        input.save(record, "input", host);
        return record;
    }

    @Override
    public synchronized void resume() {
        if (outside != null && thread == null) {
            startThread();
        }
    }

    @Override
    public synchronized void retire() {
        succeeded = true;
        LockSupport.unpark(thread);
    }

    /** Returns when all output has gone out, or the host's terminal has taken nothing for a while. */
    void finish() {
        Thread running;
        synchronized (this) {
            running = thread;
        }
        if (running == null) {
            return;
        }
        progressNs = System.nanoTime();
        finishing = true;
        LockSupport.unpark(running);
        boolean interrupted = false;
        while (running.isAlive()) {
            try {
                running.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        WaitQueue.Entry atMaster = new WaitQueue.Entry(events -> LockSupport.unpark(thread));
        WaitQueue.Entry atHost = new WaitQueue.Entry(events -> LockSupport.unpark(thread));
        WaitQueue hostQueue = outside.operations().waitQueue();
        output.begin(host);
        input.begin(host);
        terminal.masterQueue().add(atMaster, EVENTS);
        if (hostQueue != null) {
            hostQueue.add(atHost, EVENTS);
        }
        try {
            boolean open = true;
            while (open) {
                // Between two steps it is replaced, or what is outside is.
                boolean moved = kernel.visit(this::step);
                boolean drained = output.isEmpty() && !moved;
                open = !succeeded && (!finishing || !drained && !outOfPatience());
                if (open && !moved) {
                    LockSupport.parkNanos(this, finishing ? PATIENCE_NS : Long.MAX_VALUE);
                }
            }
        } finally {
            terminal.masterQueue().remove(atMaster);
            if (hostQueue != null) {
                hostQueue.remove(atHost);
            }
            output.end(host);
            input.end(host);
            releaseOutside();
        }
    }

    private void releaseOutside() {
        if (!succeeded) {
            outside.release(null);
        }
    }

    /** Whether anything moved. */
    private boolean step() {
        if (succeeded) {
            return false;
        }
        FileOperations operations = outside.operations();
        boolean moved = moveOutput(output, operations);
        return moveInput(input, operations) || moved;
    }

    private boolean outOfPatience() {
        return System.nanoTime() - progressNs >= PATIENCE_NS;
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
            long count = terminal.readMaster(memory.hostBuffer(stream.buffer, BYTES));
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
        if (stream.isEmpty() && !stream.ended && !finishing) {
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
            long count = terminal.writeMaster(memory.hostBuffer(stream.buffer + stream.from, stream.length));
            if (count > 0) {
                stream.drained(count);
                moved = true;
            }
        }
        return moved;
    }
}
