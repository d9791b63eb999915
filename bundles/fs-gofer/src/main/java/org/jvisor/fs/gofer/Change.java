// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import java.util.concurrent.atomic.AtomicInteger;
import org.jvisor.api.p9.P9Channel;

/**
 * A request that changes something at the gofer, and whose caller may be killed before it hears how it ended. From then on until the
 * answer comes nobody knows which names are in the directories directories: who wants to know waits for that
 * ({@link GoferDirectory#settle}).
 */
abstract class Change implements P9Channel.LateReply {
    private static final int ASKED = 0;
    private static final int LEFT = 1;
    private static final int ANSWERED = 2;

    private final GoferClient client;
    private final GoferDirectory[] directories;
    private final AtomicInteger state = new AtomicInteger(ASKED);

    /** @param directories directories whose names are changed; null stands for none */
    Change(GoferClient client, GoferDirectory... directories) {
        this.client = client;
        this.directories = directories;
    }

    /** The change has been made, long after it was asked for; as by {@link P9Channel.LateReply#answered}, it may wait for nothing. */
    abstract void made();

    /** The caller goes without an answer. */
    final void left() {
        mark(1);
        if (!state.compareAndSet(ASKED, LEFT)) {
            mark(-1);
        }
    }

    @Override
    public final void answered(long result) {
        if (result >= 0) {
            made();
        } else {
            failed();
        }
        if (!state.compareAndSet(ASKED, ANSWERED)) {
            mark(-1);
        }
    }

    /** It has not been made. */
    void failed() {}

    private void mark(int more) {
        client.changesLeft(more);
        for (GoferDirectory directory : directories) {
            if (directory != null) {
                directory.unsettled(more);
            }
        }
    }
}
