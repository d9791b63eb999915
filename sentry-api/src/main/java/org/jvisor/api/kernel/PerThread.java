// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import org.jvisor.api.abi.Stat;
import org.jvisor.api.net.Socket;
import org.jvisor.api.vfs.FileDescription;

/**
 * Objects that handlers of calls reuse, so that they allocate nothing. One set a thread, and so a task. Each is used by one call at a
 * time, for no longer than the call; none becomes large.
 *
 * <p>They are the contract's and not each handler's, since a thread keeps what it has for a ThreadLocal longer than that ThreadLocal is
 * there: until it happens to come by its place. Each build of a bundle that had one left a set in each thread.
 */
public final class PerThread {

    private static final int INITIAL = 64;

    private static final ThreadLocal<PerThread> OF_THREAD = ThreadLocal.withInitial(PerThread::new);

    private final Stat stat = new Stat();
    private final Socket.Message message = new Socket.Message();
    private FileDescription[] files = new FileDescription[INITIAL];
    private int[] ints = new int[INITIAL];
    private int[] ints2 = new int[INITIAL];
    private int[] ints3 = new int[INITIAL];
    private long[] longs = new long[INITIAL];

    private PerThread() {
    }

    public static Stat stat() {
        return OF_THREAD.get().stat;
    }

    /** With no descriptions; the user leaves it so. */
    public static Socket.Message message() {
        return OF_THREAD.get().message;
    }

    /** At least {@code count} places, all null; the user leaves them so. */
    public static FileDescription[] files(int count) {
        PerThread its = OF_THREAD.get();
        if (its.files.length < count) {
            its.files = new FileDescription[grown(count)];
        }
        return its.files;
    }

    /** At least {@code count} ints of any value. */
    public static int[] ints(int count) {
        PerThread its = OF_THREAD.get();
        its.ints = atLeast(its.ints, count);
        return its.ints;
    }

    /** A second array of the same kind. */
    public static int[] ints2(int count) {
        PerThread its = OF_THREAD.get();
        its.ints2 = atLeast(its.ints2, count);
        return its.ints2;
    }

    /** A third one. */
    public static int[] ints3(int count) {
        PerThread its = OF_THREAD.get();
        its.ints3 = atLeast(its.ints3, count);
        return its.ints3;
    }

    private static int[] atLeast(int[] ints, int count) {
        return ints.length < count ? new int[grown(count)] : ints;
    }

    /** At least {@code count} longs of any value. */
    public static long[] longs(int count) {
        PerThread its = OF_THREAD.get();
        if (its.longs.length < count) {
            its.longs = new long[grown(count)];
        }
        return its.longs;
    }

    private static int grown(int count) {
        return Integer.highestOneBit(Math.max(count, 2) - 1) << 1;
    }
}
