// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Locale;
import org.jvisor.api.kernel.Kernel.KernelLog;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;

/** The newest lines, up to a fixed number of bytes. Any thread. */
final class KernelLogImpl implements KernelLog {

    private static final int CAPACITY = 1 << 17;
    private static final int LINE_MAX = 1000;

    private final KernelClock clock;
    private final Mutex lock = new Mutex(LockRank.LOG);
    private final ArrayDeque<byte[]> lines = new ArrayDeque<>();
    private int size;

    KernelLogImpl(KernelClock clock) {
        this.clock = clock;
    }

    @Override
    public void log(int level, String message) {
        long us = clock.monotonicNs() / 1000;
        String text = message.length() > LINE_MAX ? message.substring(0, LINE_MAX) : message;
        String line = String.format(Locale.ROOT, "<%d>[%5d.%06d] %s\n", level & 7, us / 1_000_000, us % 1_000_000, text);
        append(line.getBytes(StandardCharsets.ISO_8859_1));
    }

    private void append(byte[] line) {
        try (Mutex _ = lock.take()) {
            lines.addLast(line);
            size += line.length;
            while (size > CAPACITY) {
                size -= lines.removeFirst().length;
            }
        }
    }

    @Override
    public byte[] bytes() {
        try (Mutex _ = lock.take()) {
            byte[] all = new byte[size];
            int at = 0;
            for (byte[] line : lines) {
                System.arraycopy(line, 0, all, at, line.length);
                at += line.length;
            }
            return all;
        }
    }

    @Override
    public void clear() {
        try (Mutex _ = lock.take()) {
            lines.clear();
            size = 0;
        }
    }
}
