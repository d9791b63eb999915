// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import java.util.Arrays;

/** Frames in the order in which they were met, as runs; reusable. */
final class RunList {

    private static final int COUNT_MASK = Pte.PAGE - 1;

    /** Offset in the memory file, and in the low bits the number of frames. */
    private long[] runs = new long[16];
    private int size;

    boolean isEmpty() {
        return size == 0;
    }

    void add(long frame, int pages) {
        long at = frame;
        for (int left = pages; left > 0;) {
            int n = Math.min(left, COUNT_MASK);
            addRun(at, n);
            at += (long) n * Pte.PAGE;
            left -= n;
        }
    }

    private void addRun(long frame, int pages) {
        if (size > 0) {
            long last = runs[size - 1];
            int count = (int) last & COUNT_MASK;
            if (count + pages <= COUNT_MASK && (last & -Pte.PAGE) + (long) count * Pte.PAGE == frame) {
                runs[size - 1] += pages;
                return;
            }
        }
        if (size == runs.length) {
            runs = Arrays.copyOf(runs, size * 2);
        }
        runs[size++] = frame + pages;
    }

    void addAll(RunList other) {
        if (size + other.size > runs.length) {
            runs = Arrays.copyOf(runs, Math.max(runs.length * 2, size + other.size));
        }
        System.arraycopy(other.runs, 0, runs, size, other.size);
        size += other.size;
    }

    int pages() {
        int pages = 0;
        for (int i = 0; i < size; i++) {
            pages += (int) runs[i] & COUNT_MASK;
        }
        return pages;
    }

    /** Drops a reference of each frame, and forgets them. */
    void release(FrameFile file) {
        for (int i = 0; i < size; i++) {
            file.release(runs[i] & -Pte.PAGE, (int) runs[i] & COUNT_MASK);
        }
        clear();
    }

    /** Like {@link #release} for pages of private mappings: where there is one reference only, it is the caller's. */
    void releaseOwn(FrameFile file) {
        for (int i = 0; i < size; i++) {
            file.releaseOwn(runs[i] & -Pte.PAGE, (int) runs[i] & COUNT_MASK);
        }
        clear();
    }

    void clear() {
        size = 0;
        if (runs.length > 4096) {
            runs = new long[16];
        }
    }
}
