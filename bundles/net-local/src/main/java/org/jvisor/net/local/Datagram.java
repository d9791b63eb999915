// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.net.Flight;
import org.jvisor.api.state.StateRecord;

/** A datagram on its way. Its bytes lie in its receiver's ring, or in frames of its own. */
final class Datagram {

    /** What one counts beside its bytes, so that empty ones are bounded, too. */
    private static final int OVERHEAD = 256;

    private static final byte[] NO_ADDRESS = {};

    final int length;
    /** Where it is in the ring. */
    long position;
    /** Its own frames, or {@link SocketMemory#NONE}. */
    final long place;
    /** The sender's address. */
    byte[] from = NO_ADDRESS;
    Flight.Passage passage;
    Sender sender;

    /** @param place its own frames, or {@link SocketMemory#NONE} */
    Datagram(int length, long place) {
        this.length = length;
        this.place = place;
    }

    /** Frames and descriptions pass to it. */
    Datagram(StateRecord record) {
        length = record.requireInt("length");
        position = record.requireLong("position");
        place = record.requireLong("place");
        from = record.getBytes("from");
        passage = record.core("passage", Flight.Passage.class);
        sender = Sender.adopt(record);
        if (length < 0 || from == null || from.length > DatagramSocket.MAX_ADDRESS) {
            throw record.refuse("from", "no address, or too long");
        }
    }

    void save(StateRecord record) {
        record.put("length", length).put("position", position).put("place", place).put("from", from).putCore("passage", passage);
        Sender.save(sender, record);
    }

    boolean isInRing() {
        return place == SocketMemory.NONE;
    }

    /** Bytes of its own frames. */
    int size() {
        return size(length);
    }

    static int size(int length) {
        return length + MemoryFile.PAGE - 1 & -MemoryFile.PAGE;
    }

    /** What counts towards the limit of a queue. */
    int counted() {
        return length + OVERHEAD;
    }
}
