// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct sysinfo} of sysinfo(2). */
public final class SysinfoLayout {
    public static final int SIZE = 112;

    public static final int UPTIME = 0; // s64, seconds
    public static final int LOADS = 8; // 24 bytes, of 1, 5, 15 minutes; u64 each
    public static final int TOTALRAM = 32; // u64
    public static final int FREERAM = 40; // u64
    public static final int SHAREDRAM = 48; // u64
    public static final int BUFFERRAM = 56; // u64
    public static final int TOTALSWAP = 64; // u64
    public static final int FREESWAP = 72; // u64
    public static final int PROCS = 80; // u16
    public static final int TOTALHIGH = 88; // u64
    public static final int FREEHIGH = 96; // u64
    public static final int MEM_UNIT = 104; // u32, bytes

    private SysinfoLayout() {
    }

    public static long uptime(byte[] b, int off) {
        return Bytes.getLong(b, off + UPTIME);
    }

    public static void uptime(byte[] b, int off, long value) {
        Bytes.putLong(b, off + UPTIME, value);
    }

    public static long totalram(byte[] b, int off) {
        return Bytes.getLong(b, off + TOTALRAM);
    }

    public static void totalram(byte[] b, int off, long value) {
        Bytes.putLong(b, off + TOTALRAM, value);
    }

    public static long freeram(byte[] b, int off) {
        return Bytes.getLong(b, off + FREERAM);
    }

    public static void freeram(byte[] b, int off, long value) {
        Bytes.putLong(b, off + FREERAM, value);
    }

    public static long sharedram(byte[] b, int off) {
        return Bytes.getLong(b, off + SHAREDRAM);
    }

    public static void sharedram(byte[] b, int off, long value) {
        Bytes.putLong(b, off + SHAREDRAM, value);
    }

    public static long bufferram(byte[] b, int off) {
        return Bytes.getLong(b, off + BUFFERRAM);
    }

    public static void bufferram(byte[] b, int off, long value) {
        Bytes.putLong(b, off + BUFFERRAM, value);
    }

    public static long totalswap(byte[] b, int off) {
        return Bytes.getLong(b, off + TOTALSWAP);
    }

    public static void totalswap(byte[] b, int off, long value) {
        Bytes.putLong(b, off + TOTALSWAP, value);
    }

    public static long freeswap(byte[] b, int off) {
        return Bytes.getLong(b, off + FREESWAP);
    }

    public static void freeswap(byte[] b, int off, long value) {
        Bytes.putLong(b, off + FREESWAP, value);
    }

    public static int procs(byte[] b, int off) {
        return Bytes.getUnsignedShort(b, off + PROCS);
    }

    public static void procs(byte[] b, int off, int value) {
        Bytes.putShort(b, off + PROCS, value);
    }

    public static long totalhigh(byte[] b, int off) {
        return Bytes.getLong(b, off + TOTALHIGH);
    }

    public static void totalhigh(byte[] b, int off, long value) {
        Bytes.putLong(b, off + TOTALHIGH, value);
    }

    public static long freehigh(byte[] b, int off) {
        return Bytes.getLong(b, off + FREEHIGH);
    }

    public static void freehigh(byte[] b, int off, long value) {
        Bytes.putLong(b, off + FREEHIGH, value);
    }

    public static int memUnit(byte[] b, int off) {
        return Bytes.getInt(b, off + MEM_UNIT);
    }

    public static void memUnit(byte[] b, int off, int value) {
        Bytes.putInt(b, off + MEM_UNIT, value);
    }
}
