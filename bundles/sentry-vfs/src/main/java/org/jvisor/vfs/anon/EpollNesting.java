// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs.anon;

import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;

/**
 * Epoll instances that watch epoll instances: no circle, at most five deep (epoll_ctl(2), ELOOP), and not too many ways from one
 * to another, since an event walks all of them. One lock for all of that; nested instances are few.
 */
public final class EpollNesting {

    private static final int MAX_DEPTH = 5;
    private static final int MAX_WATCHED_BY = 16;
    private final Mutex mutex = new Mutex(LockRank.LEAF);

    /** Notes that {@code outer} watches {@code inner}: 0, -ELOOP or -EINVAL. */
    long enter(EpollFile outer, EpollFile inner) {
        try (Mutex _ = mutex.take()) {
            Map<EpollFile, Integer> below = new IdentityHashMap<>();
            int depthBelow = longest(inner, e -> e.watching, below);
            if (below.containsKey(outer)) {
                return -Errno.ELOOP;
            }
            if (longest(outer, e -> e.watchedBy, new IdentityHashMap<>()) + depthBelow > MAX_DEPTH) {
                return -Errno.ELOOP;
            }
            if (inner.watchedBy.size() >= MAX_WATCHED_BY) {
                return -Errno.EINVAL;
            }
            outer.watching.add(inner);
            inner.watchedBy.add(outer);
            return 0;
        }
    }

    void leave(EpollFile outer, EpollFile inner) {
        try (Mutex _ = mutex.take()) {
            outer.watching.remove(inner);
            inner.watchedBy.remove(outer);
        }
    }

    /** Instances on the longest way from {@code start}, itself counted. Ways are at most five long, so recursion is. */
    private static int longest(EpollFile start, Function<EpollFile, List<EpollFile>> edges, Map<EpollFile, Integer> known) {
        Integer before = known.get(start);
        if (before != null) {
            return before;
        }
        int most = 0;
        for (EpollFile next : edges.apply(start)) {
            most = Math.max(most, longest(next, edges, known));
        }
        known.put(start, most + 1);
        return most + 1;
    }
}
