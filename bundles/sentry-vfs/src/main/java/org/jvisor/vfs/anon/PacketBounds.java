// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs.anon;

import java.util.ArrayDeque;

/**
 * Where packets begin and end in a pipe whose bytes are not a plain stream (pipe(2), O_DIRECT): lengths in order, those of
 * packets positive, those of stretches of stream negative. Guarded by the pipe's monitor.
 */
final class PacketBounds {

    private final ArrayDeque<Integer> lengths = new ArrayDeque<>();

    /** @param streamBytes what is in the pipe already */
    PacketBounds(int streamBytes) {
        if (streamBytes > 0) {
            lengths.add(-streamBytes);
        }
    }

    void append(int bytes, boolean packet) {
        if (packet) {
            lengths.add(bytes);
        } else if (!lengths.isEmpty() && lengths.peekLast() < 0) {
            lengths.add(lengths.pollLast() - bytes);
        } else {
            lengths.add(-bytes);
        }
    }

    /** How many there are. */
    int count() {
        return lengths.size();
    }

    boolean firstIsPacket() {
        return lengths.peekFirst() > 0;
    }

    int firstLength() {
        return Math.abs(lengths.peekFirst());
    }

    /** Takes {@code bytes} from the front; null when nothing is left, and the pipe is a plain stream again. */
    PacketBounds drop(int bytes) {
        int left = bytes;
        while (left > 0) {
            int first = lengths.pollFirst();
            int length = Math.abs(first);
            if (length > left) {
                lengths.addFirst(first > 0 ? length - left : left - length);
                left = 0;
            } else {
                left -= length;
            }
        }
        return lengths.isEmpty() ? null : this;
    }

    /** As {@link #of} takes them. */
    long[] toArray() {
        return lengths.stream().mapToLong(Integer::longValue).toArray();
    }

    static PacketBounds of(long[] lengths) {
        PacketBounds bounds = new PacketBounds(0);
        for (long length : lengths) {
            bounds.lengths.add((int) length);
        }
        return bounds;
    }
}
