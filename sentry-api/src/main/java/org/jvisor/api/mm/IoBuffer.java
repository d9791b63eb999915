// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.mm;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Bytes on the application's side of a read or write, taken span by span: application memory (one range or an iovec), or the
 * kernel's own. Reusable and owned by one task. A span address is good until the task blocks or its call ends, whatever other
 * threads unmap meanwhile; it is never kept longer.
 *
 * <p>Who fills or drains one does: {@code while (b.remaining() > 0) { long a = b.span(); if (a < 0) return moved > 0 ? moved : a;
 * long n = min(b.spanLength(), …); …move n bytes at address a…; b.advance(n); }}
 */
@ProviderType
public interface IoBuffer {

    /** Bytes left. */
    long remaining();

    /**
     * Resolves the next span, faulting pages in as needed.
     *
     * @return its address in the Sentry; {@code -EFAULT}; or {@code -EINTR} in the midst of a long copy for a task that is to end
     */
    long span();

    /** Length of the span that {@link #span} resolved: at least 1, at most {@link #remaining}. */
    long spanLength();

    /** Moves on by {@code bytes}, at most the span's length. */
    void advance(long bytes);

    /** Passes over {@code bytes}, at most {@link #remaining}; whether all of them can be reached. */
    default boolean skip(long bytes) {
        for (long left = bytes; left > 0;) {
            if (span() < 0) {
                return false;
            }
            long some = Math.min(left, spanLength());
            advance(some);
            left -= some;
        }
        return true;
    }

    /**
     * Notes this place for {@link #goBack}, in the place of what was noted before.
     *
     * @return whether that can be done
     */
    default boolean mark() {
        return false;
    }

    /** Goes back to the place that {@link #mark} noted. */
    default void goBack() {
        throw new UnsupportedOperationException();
    }

    /** Copies {@code length} bytes (at most {@link #remaining}) into the buffer; the count moved, or {@link #span}'s error if none was. */
    long put(byte[] source, int offset, int length);

    /** Copies up to {@code length} bytes out of the buffer; the count moved, or {@link #span}'s error if none was. */
    long get(byte[] target, int offset, int length);
}
