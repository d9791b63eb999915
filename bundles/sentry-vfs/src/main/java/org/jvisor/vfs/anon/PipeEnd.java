// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs.anon;

import java.util.function.Consumer;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Termios;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.Vfs;
import org.jvisor.api.wait.WaitQueue;

/** One open end of a pipe, or a FIFO opened for reading, writing or both (pipe(7), fifo(7)). Any thread. */
public final class PipeEnd implements Vfs.Pipe, Restorable {

    /** {@link PipeBuffer#writerOpens} never is this: an end of pipe(2) is hung up as soon as the writer is gone. */
    private static final int NEVER = -1;

    private final PipeBuffer pipe;
    private final boolean reads;
    private final boolean writes;
    private final int openedAtWriter;

    private PipeEnd(PipeBuffer pipe, boolean reads, boolean writes, int openedAtWriter) {
        this.pipe = pipe;
        this.reads = reads;
        this.writes = writes;
        this.openedAtWriter = openedAtWriter;
    }

    /** The end of pipe(2) to read from; counts as open until {@link #release}. */
    public static PipeEnd reader(PipeBuffer pipe) {
        pipe.addReader();
        return new PipeEnd(pipe, true, false, NEVER);
    }

    /** The end of pipe(2) to write to. */
    public static PipeEnd writer(PipeBuffer pipe) {
        pipe.addWriter();
        return new PipeEnd(pipe, false, true, NEVER);
    }

    /**
     * Opens a FIFO; waits for the other side as fifo(7) says.
     *
     * @throws ErrnoException ENXIO (O_WRONLY with O_NONBLOCK, and nobody reads), ERESTARTSYS
     */
    public static PipeEnd openFifo(Task task, PipeBuffer pipe, int flags) {
        boolean nonBlocking = (flags & Open.O_NONBLOCK) != 0;
        switch (flags & Open.O_ACCMODE) {
            case Open.O_RDONLY -> {
                int writersBefore = pipe.writerOpens();
                // A writer that is there waits for a reader; once this one counts it may write and be gone again.
                boolean met = pipe.writers() > 0;
                pipe.addReader();
                pipe.queue().wake(Poll.POLLOUT);
                PipeEnd end = new PipeEnd(pipe, true, false, !met && pipe.writers() == 0 ? writersBefore : NEVER);
                if (!nonBlocking && !met) {
                    end.awaitWriter(task, writersBefore);
                }
                return end;
            }
            case Open.O_WRONLY -> {
                if (nonBlocking && pipe.readers() == 0) {
                    throw ErrnoException.of(Errno.ENXIO);
                }
                int readersBefore = pipe.readerOpens();
                boolean met = pipe.readers() > 0;
                pipe.addWriter();
                pipe.queue().wake(Poll.POLLIN);
                PipeEnd end = new PipeEnd(pipe, false, true, NEVER);
                if (!met) {
                    end.awaitReader(task, readersBefore);
                }
                return end;
            }
            default -> {
                pipe.addReader();
                pipe.addWriter();
                pipe.queue().wake(Poll.POLLIN | Poll.POLLOUT);
                return new PipeEnd(pipe, true, true, NEVER);
            }
        }
    }

    private void awaitWriter(Task task, int opensBefore) {
        while (pipe.writers() == 0 && pipe.writerOpens() == opensBefore) {
            if (!sleptUnlessChanged(task, Poll.POLLIN, opensBefore, true) && pipe.writerOpens() == opensBefore) {
                pipe.removeReader();
                throw ErrnoException.of(Errno.ERESTARTSYS);
            }
        }
    }

    private void awaitReader(Task task, int opensBefore) {
        while (pipe.readers() == 0 && pipe.readerOpens() == opensBefore) {
            if (!sleptUnlessChanged(task, Poll.POLLOUT, opensBefore, false) && pipe.readerOpens() == opensBefore) {
                pipe.removeWriter();
                throw ErrnoException.of(Errno.ERESTARTSYS);
            }
        }
    }

    private boolean sleptUnlessChanged(Task task, int events, int opensBefore, boolean forWriter) {
        WaitQueue.Entry entry = task.waitEntry(0);
        pipe.queue().add(entry, events);
        try {
            int opens = forWriter ? pipe.writerOpens() : pipe.readerOpens();
            return opens != opensBefore || task.sleep(Long.MAX_VALUE) == 0;
        } finally {
            pipe.queue().remove(entry);
        }
    }

    @Override
    public long read(Task task, FileDescription file, IoBuffer target, long offset) {
        try (KillableLock _ = pipe.taking.take()) {
            return pipe.read(target);
        }
    }

    @Override
    public long write(Task task, FileDescription file, IoBuffer source, long offset) {
        long result = pipe.write(source, (file.flags() & Open.O_DIRECT) != 0);
        if (result == -Errno.EPIPE && task != null) {
            task.send(SignalInfo.user(Signals.SIGPIPE, task));
        }
        return result;
    }

    @Override
    public int poll(FileDescription file) {
        int events = reads ? pipe.pollRead(openedAtWriter) : 0;
        return writes ? events | pipe.pollWrite() : events;
    }

    @Override
    public WaitQueue waitQueue() {
        return pipe.queue();
    }

    @Override
    public long ioctl(Task task, FileDescription file, int command, long argument) {
        if (command != Termios.FIONREAD) {
            return -Errno.ENOTTY;
        }
        task.memory().putInt(argument, pipe.available());
        return 0;
    }

    @Override
    public void release(FileDescription file) {
        if (reads) {
            pipe.removeReader();
        }
        if (writes) {
            pipe.removeWriter();
        }
    }

    @Override
    public int capacity() {
        return pipe.capacity();
    }

    @Override
    public long setCapacity(int bytes) {
        return pipe.setCapacity(bytes);
    }

    @Override
    public int available() {
        return pipe.available();
    }

    @Override
    public int room() {
        return pipe.room();
    }

    @Override
    public KillableLock taking() {
        return pipe.taking;
    }

    @Override
    public long peek(IoBuffer target) {
        return pipe.peek(target);
    }

    @Override
    public long discard(long bytes) {
        return pipe.discard(bytes);
    }

    @Override
    public boolean samePipe(Vfs.Pipe other) {
        return other instanceof PipeEnd end && end.pipe == pipe;
    }

    // ---- Restorable

    @Override
    public StateRecord save() {
        return new StateRecord("pipe end", 1).putCore("pipe", pipe).put("reads", reads).put("writes", writes)
                .put("openedAtWriter", openedAtWriter);
    }

    @Override
    public void forget() {}

    @Override
    public void restore(StateRecord record) {
        record.expectCore("pipe", pipe);
        record.expect("reads", reads ? 1 : 0);
        record.expect("writes", writes ? 1 : 0);
        record.expect("openedAtWriter", openedAtWriter);
    }

    @Override
    public void forEachPart(Consumer<? super Restorable> visitor) {
        visitor.accept(pipe);
    }
}
