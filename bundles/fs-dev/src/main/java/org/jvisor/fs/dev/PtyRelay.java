// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import java.util.concurrent.locks.LockSupport;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.HostFiles;
import org.jvisor.api.wait.WaitQueue;

/**
 * Carries bytes between the master of a pseudoterminal and a terminal of the host, in a thread of its own that sleeps while
 * neither has anything to do. At most a buffer full is on its way in each direction: who produces faster has to wait.
 */
final class PtyRelay {

    private static final int BYTES = 1 << 13;
    private static final int EVENTS = Poll.POLLIN | Poll.POLLOUT | Poll.POLLERR | Poll.POLLHUP | Poll.POLLPRI;

    /** How long {@link #finish} waits for a host terminal that takes nothing (stopped by ^S, say). */
    private static final long PATIENCE_NS = 2_000_000_000L;

    private final HostKernel host;
    private final Memory memory;
    private final HostFiles hostFiles;
    private final Terminal terminal;

    private Thread thread;
    private FileDescription outside;
    private volatile boolean finishing;

    /** When bytes last reached the host's terminal, in {@link System#nanoTime}'s terms. */
    private volatile long progressNs;

    PtyRelay(HostKernel host, Memory memory, HostFiles hostFiles, Terminal terminal) {
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
        thread = new Thread(this::run, "pty-relay-" + terminal.index());
        thread.setDaemon(true);
        thread.start();
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
        FileOperations operations = outside.operations();
        WaitQueue.Entry atMaster = new WaitQueue.Entry(events -> LockSupport.unpark(thread));
        WaitQueue.Entry atHost = new WaitQueue.Entry(events -> LockSupport.unpark(thread));
        WaitQueue hostQueue = operations.waitQueue();
        Stream output = new Stream(host.allocate(BYTES));
        Stream input = new Stream(host.allocate(BYTES));
        terminal.masterQueue().add(atMaster, EVENTS);
        if (hostQueue != null) {
            hostQueue.add(atHost, EVENTS);
        }
        try {
            boolean open = true;
            while (open) {
                boolean moved = moveOutput(output, operations);
                moved |= moveInput(input, operations);
                boolean drained = output.isEmpty() && !moved;
                open = !finishing || !drained && !outOfPatience();
                if (open && !moved) {
                    LockSupport.parkNanos(this, finishing ? PATIENCE_NS : Long.MAX_VALUE);
                }
            }
        } finally {
            terminal.masterQueue().remove(atMaster);
            if (hostQueue != null) {
                hostQueue.remove(atHost);
            }
            host.free(output.buffer);
            host.free(input.buffer);
            outside.release(null);
        }
    }

    private boolean outOfPatience() {
        return System.nanoTime() - progressNs >= PATIENCE_NS;
    }

    /** A buffer, and what of it is on its way. */
    private static final class Stream {
        final long buffer;
        long from;
        long length;
        boolean ended;

        Stream(long buffer) {
            this.buffer = buffer;
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
