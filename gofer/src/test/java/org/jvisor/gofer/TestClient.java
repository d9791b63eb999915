// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Attributes;
import org.jvisor.api.p9.P9Channel;
import org.jvisor.api.p9.P9Message;
import org.jvisor.api.p9.P9Requests;

/** Makes requests and takes answers apart; one thread. */
final class TestClient implements AutoCloseable {
    static final int SIZE = 64 << 10;
    static final int ROOT = 1;

    record Entry(String name, P9Attributes attributes) {}

    final P9Channel channel;
    final P9Message request = new P9Message(SIZE);
    final P9Message reply = new P9Message(SIZE);
    private int nextFid = 100;

    TestClient(P9Channel channel) {
        this.channel = channel;
    }

    /** Begins a session and attaches fid {@link #ROOT}; the version that was agreed. */
    String begin(String version) {
        P9Requests.version(request, SIZE, version);
        call();
        reply.getInt();
        String agreed = reply.getString();
        P9Requests.attach(request, ROOT, P9.NOFID, "root", "", 0);
        call();
        return agreed;
    }

    int newFid() {
        return nextFid++;
    }

    P9Message call() {
        ErrnoException.check(channel.call(request, reply));
        return reply;
    }

    /** Walks; the new fid. */
    int walk(int fid, String... names) {
        int newFid = newFid();
        P9Requests.walk(request, fid, newFid, names, 0, names.length);
        if (call().getShort() < names.length) {
            throw new AssertionError("walked a part");
        }
        return newFid;
    }

    /** Walks by Twalkattr, as far as it goes; what was found. The fids are {@code first} and up. */
    List<P9Attributes> walkattr(int fid, int first, String... names) {
        int[] fids = new int[names.length];
        for (int i = 0; i < fids.length; i++) {
            fids[i] = first + i;
        }
        P9Requests.walkattr(request, fid, fids, names, 0, names.length);
        call();
        walkError = reply.getInt();
        int count = reply.getShort();
        List<P9Attributes> found = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            found.add(attr());
        }
        return found;
    }

    /** The error of the last {@link #walkattr}. */
    int walkError;

    P9Attributes attr() {
        P9Attributes attributes = new P9Attributes();
        attributes.read(reply);
        reply.checkIntact();
        return attributes;
    }

    P9Attributes getattr(int fid) {
        P9Requests.getattr(request, fid, P9.GETATTR_BASIC);
        call().getLong();
        return attr();
    }

    void clunk(int fid) {
        P9Requests.clunk(request, fid);
        call();
    }

    void lopen(int fid, int flags) {
        P9Requests.lopen(request, fid, flags);
        call();
    }

    int openfd(int fid, int flags) {
        P9Requests.openfd(request, fid, flags);
        return call().takeDescriptor();
    }

    byte[] read(int fid, long offset, int count) {
        P9Requests.read(request, fid, offset, count);
        call();
        int got = reply.getInt();
        int at = reply.getBytesPosition(got);
        return java.util.Arrays.copyOfRange(reply.bytes(), at, at + got);
    }

    int write(int fid, long offset, byte[] data) {
        P9Requests.write(request, fid, offset, data, 0, data.length);
        return call().getInt();
    }

    String readlink(int fid) {
        P9Requests.readlink(request, fid);
        return call().getString();
    }

    /** All of a directory by Treaddirattr. */
    List<Entry> readdirattr(int fid) {
        List<Entry> entries = new ArrayList<>();
        long offset = 0;
        boolean end = false;
        while (!end) {
            P9Requests.readdirattr(request, fid, offset, SIZE);
            call();
            end = reply.getByte() == 1;
            reply.getInt();
            while (reply.remaining() > 0) {
                P9Attributes attributes = attr();
                offset = reply.getLong();
                entries.add(new Entry(reply.getString(), attributes));
            }
        }
        return entries;
    }

    /** All names of an open directory by Treaddir. */
    List<String> readdir(int fid, int count) {
        List<String> names = new ArrayList<>();
        long offset = 0;
        while (true) {
            P9Requests.readdir(request, fid, offset, count);
            if (call().getInt() == 0) {
                return names;
            }
            while (reply.remaining() > 0) {
                new P9Attributes().readQid(reply);
                offset = reply.getLong();
                reply.getByte();
                names.add(reply.getString());
                reply.checkIntact();
            }
        }
    }

    @Override
    public void close() {
        channel.close();
    }
}
