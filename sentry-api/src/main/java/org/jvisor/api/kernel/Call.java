// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import java.util.Arrays;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;

/**
 * A system call's own record: what it has done, and until when it waits. A call may begin again inside the kernel, with its
 * arguments as they were, because its handler is being replaced or after a signal that runs no handler of the program; the record
 * is what the next run of the handler goes on from, so that the program sees one call. Each task has one, which is begun anew by
 * each call that the program makes; used by the task's own thread, and allocates nothing.
 *
 * <p>What the handler does:
 * <ul>
 * <li>It passes over what is {@link #done} when it begins, and returns {@link #cutShort} or {@link #endedBy} when it is interrupted,
 *     or fails, half-way: the count, or what has it begin again from there. An error of a call of which something is done is never
 *     the call's result, whoever returns or throws it: the count is ({@link #outcome}).
 * <li>It waits until {@link #deadline} (or {@link #until}, by another clock), which stays what it was when first asked.
 * <li>Where it would tell the program how far an interrupted call has come (what is left of a sleep, an offset), it asks
 *     {@link #beginsAgain} first: while that is so nothing shows.
 * <li>An operation inside an operation (a message of sendmmsg(2), a read or a write of sendfile(2)) has a layer of its own, between
 *     {@link #enter} or {@link #enterOnce} and {@link #leave}: its count and its deadline are not the call's.
 * </ul>
 */
public final class Call implements Restorable {

    /** An operation of an operation of an operation: more is a defect. */
    private static final int LAYERS = 4;

    private final long[] done = new long[LAYERS];
    private final long[] end = new long[LAYERS];
    /** Bit by layer: {@link #end} is fixed. */
    private int fixed;
    /** Bit by layer: see {@link #enterOnce}. */
    private int once;
    private int layer;
    /** How often the handler was run again. */
    private int runs;
    /** The last wait, or look whether to go on, was interrupted for a replacement and for nothing else. */
    private boolean replaced;
    /** Something of all this is set. */
    private boolean used;

    // ---- the handler's

    /** What the operation had done before it began again, in bytes, messages or whatever its result counts; 0 when it begins. */
    public long done() {
        return done[layer];
    }

    /** So much is done in all; an error does not undo it. */
    public void did(long total) {
        used = true;
        done[layer] = total;
    }

    /** {@link #endedBy} an interruption. */
    public long cutShort(long total) {
        return endedBy(-Errno.ERESTARTSYS, total);
    }

    /**
     * What an operation returns that has done {@code total} in all when it is ended by {@code why}, a negative errno: the total; or
     * {@code why}, when that is nothing, or when it begins again, which it will do from there.
     */
    public long endedBy(long why, long total) {
        if (beginsAgain(why)) {
            did(total);
            return why;
        }
        return total > 0 ? total : why;
    }

    /**
     * The moment when the operation's wait of {@code timeoutNs} ends, in {@link System#nanoTime}'s terms: fixed when first asked, so
     * that a call that begins again does not wait longer. Negative timeouts mean for ever: Long.MAX_VALUE.
     */
    public long deadline(long timeoutNs) {
        if ((fixed & 1 << layer) != 0) {
            return end[layer];
        }
        // Later than half of what nanoTime can tell apart is never.
        boolean never = timeoutNs < 0 || timeoutNs > Long.MAX_VALUE / 2;
        return until(never ? Long.MAX_VALUE : System.nanoTime() + timeoutNs);
    }

    /** Likewise for the end of a wait by another clock, in that clock's terms: the one that was given first stays. */
    public long until(long wanted) {
        if ((fixed & 1 << layer) == 0) {
            used = true;
            fixed |= 1 << layer;
            end[layer] = wanted;
        }
        return end[layer];
    }

    /**
     * Whether a handler that returns {@code result} is run again with the program none the wiser: its wait was interrupted for its
     * replacement alone. The same question is the kernel's when the handler has returned.
     */
    public boolean beginsAgain(long result) {
        return replaced && (result == -Errno.EINTR || result < 0 && Errno.isRestart((int) -result));
    }

    // ---- operations inside of operations

    /** An operation begins on the program's own bytes, or goes on, having begun in an earlier run of the handler. */
    public void enter() {
        if (layer + 1 == LAYERS) {
            throw new IllegalStateException("operations within operations, " + LAYERS + " deep");
        }
        used = true;
        layer++;
    }

    /**
     * An operation begins on bytes of the handler's, which are lost when the call begins again: so much of them as it has moved
     * counts, whatever interrupts the rest.
     */
    public void enterOnce() {
        enter();
        done[layer] = 0;
        once |= 1 << layer;
    }

    /**
     * The operation that was entered last has come to {@code result}, a negative errno if it threw one. Forgets it unless it is to
     * go on.
     *
     * @return the result as who entered it is to take it: the count where something was done and it does not go on
     */
    public long leave(long result) {
        boolean single = (once & 1 << layer) != 0;
        long outcome = result;
        if (result < 0 && done[layer] > 0 && (single || !beginsAgain(result))) {
            outcome = done[layer];
        }
        if (!beginsAgain(outcome)) {
            clear(layer);
        }
        once &= ~(1 << layer);
        layer--;
        return outcome;
    }

    // ---- the kernel's

    /** The program makes another call. */
    public void begin() {
        if (used) {
            Arrays.fill(done, 0);
            fixed = 0;
            once = 0;
            layer = 0;
            runs = 0;
            replaced = false;
            used = false;
        }
    }

    /** The call's handler is run again. */
    public void runAgain() {
        used = true;
        once = 0;
        layer = 0;
        runs++;
        replaced = false;
    }

    /** How often it was; 0 in a call's first run. */
    public int runs() {
        return runs;
    }

    /** A wait, or a look whether to go on, is interrupted: for a replacement alone, or for something that the program may see, too. */
    public void interrupt(boolean forReplacement) {
        used = true;
        replaced = forReplacement;
    }

    /** The result of a call whose handler has returned {@code result}. */
    public long outcome(long result) {
        return result < 0 && done[0] > 0 && !beginsAgain(result) ? done[0] : result;
    }

    private void clear(int which) {
        done[which] = 0;
        fixed &= ~(1 << which);
    }

    // ---- Restorable

    @Override
    public StateRecord save() {
        return new StateRecord("call", 1).put("done", done.clone()).put("end", end.clone()).put("fixed", fixed).put("once", once)
                .put("layer", layer).put("runs", runs).put("replaced", replaced).put("used", used);
    }

    @Override
    public void forget() {
        used = true;
        begin();
        Arrays.fill(end, 0);
    }

    @Override
    public void restore(StateRecord record) {
        set(record, "done", done);
        set(record, "end", end);
        fixed = record.requireInt("fixed");
        once = record.requireInt("once");
        layer = record.requireInt("layer");
        runs = record.requireInt("runs");
        replaced = record.getBoolean("replaced", false);
        used = record.getBoolean("used", true);
        if (layer < 0 || layer >= LAYERS) {
            throw record.refuse("layer", "is " + layer);
        }
    }

    private static void set(StateRecord record, String name, long[] target) {
        long[] values = record.getLongs(name);
        if (values == null || values.length > target.length) {
            throw record.refuse(name, "is not up to " + target.length + " numbers");
        }
        System.arraycopy(values, 0, target, 0, values.length);
    }
}
