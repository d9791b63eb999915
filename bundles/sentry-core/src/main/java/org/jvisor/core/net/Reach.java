// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.net;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.core.net.FlightImpl.CarrierImpl;
import org.jvisor.core.net.FlightImpl.PassageImpl;

/**
 * Which sockets can be reached from some by following what their messages carry, and which of these nobody can reach in another way.
 * Used once, with the lock of all that is in flight held. No recursion, however long the ways are.
 */
final class Reach {

    /** What is known of a carrier in one search. */
    static final class Mark {
        private long search;
        /** References of its description by messages in the queues that were found. */
        private int references;
        private boolean reachable;
    }

    /** Unlike that of all earlier ones. */
    private final long number;
    private final ArrayList<CarrierImpl> found = new ArrayList<>();
    private long steps;

    Reach(long number) {
        this.number = number;
    }

    /** The way leads from this one, too. */
    void add(CarrierImpl carrier) {
        if (carrier.mark.search != number) {
            carrier.mark.search = number;
            carrier.mark.references = 0;
            carrier.mark.reachable = false;
            found.add(carrier);
        }
    }

    /** Finds all that the ways lead to; whether there is any way at all. */
    boolean follow() {
        for (int i = 0; i < found.size(); i++) {
            CarrierImpl carrier = found.get(i);
            for (PassageImpl passage = carrier.first; passage != null; passage = passage.next) {
                for (CarrierImpl carried : passage.carried) {
                    add(carried);
                    carried.mark.references++;
                    steps++;
                }
            }
            for (int w = 0; carrier.waiting != null && w < carrier.waiting.size(); w++) {
                add(carrier.waiting.get(w));
                steps++;
            }
        }
        return steps > 0;
    }

    long steps() {
        return steps;
    }

    boolean leadsTo(CarrierImpl carrier) {
        return carrier.mark.search == number && carrier.mark.references > 0;
    }

    /** The descriptions of those whose queues carry something and that nobody can use; each with a reference more, the caller's. */
    List<FileDescription> unreachable() {
        ArrayList<CarrierImpl> next = new ArrayList<>();
        for (CarrierImpl carrier : found) {
            if (isUsed(carrier)) {
                reach(carrier, next);
            }
        }
        for (int i = 0; i < next.size(); i++) {
            CarrierImpl carrier = next.get(i);
            for (PassageImpl passage = carrier.first; passage != null; passage = passage.next) {
                for (CarrierImpl carried : passage.carried) {
                    reach(carried, next);
                }
            }
            for (int w = 0; carrier.waiting != null && w < carrier.waiting.size(); w++) {
                reach(carrier.waiting.get(w), next);
            }
        }
        List<FileDescription> lost = new ArrayList<>();
        for (CarrierImpl carrier : found) {
            if (!carrier.mark.reachable && carrier.file != null && (carrier.first != null || carrier.waiting != null)) {
                carrier.file.retain();
                lost.add(carrier.file);
            }
        }
        return lost;
    }

    /** By somebody other than the messages that were found. */
    private static boolean isUsed(CarrierImpl carrier) {
        return carrier.file == null ? !carrier.hasNoDescriptionYet() : carrier.file.references() > carrier.mark.references;
    }

    private static void reach(CarrierImpl carrier, List<CarrierImpl> next) {
        if (!carrier.mark.reachable) {
            carrier.mark.reachable = true;
            next.add(carrier);
        }
    }
}
