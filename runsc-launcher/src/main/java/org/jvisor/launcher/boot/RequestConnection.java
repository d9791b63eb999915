// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.control.BodyWriter;
import org.jvisor.launcher.control.ControlSocket;
import org.jvisor.launcher.control.Messages;

/**
 * A connection and who still uses it: its reader, and requests that are yet to be answered. The last one closes the socket, so that
 * no answer goes to what has got its number since.
 */
final class RequestConnection {
    /** More than this at once nobody needs. */
    private static final int MOST_REQUESTS = 8;

    private final ControlSocket socket;
    private final Runnable closed;
    private final Mutex lock = new Mutex(LockRank.SERVICE);
    /** All guarded by the lock. */
    private final List<Runnable> whenGone = new ArrayList<>();
    private boolean gone;
    private int users = 1;

    RequestConnection(ControlSocket socket, Runnable closed) {
        this.socket = socket;
        this.closed = closed;
    }

    /** @return whether there is something to read, the peer's end perhaps; not when it was silent with no request open */
    boolean awaitFrame(int idleMillis) {
        while (!socket.awaitFrame(idleMillis)) {
            try (Mutex _ = lock.take()) {
                if (users == 1) {
                    return false;
                }
            }
        }
        return true;
    }

    ControlSocket.Frame receive(int longest) {
        return socket.receive(longest);
    }

    /** A request that {@link #leave} follows. */
    void enter() {
        try (Mutex _ = lock.take()) {
            if (users > MOST_REQUESTS) {
                throw new RunscException("more than " + MOST_REQUESTS + " requests at once");
            }
            users++;
        }
    }

    void answer(ControlSocket.Frame frame, BodyWriter body) {
        answer(Messages.DONE, frame, body);
    }

    void answer(int type, ControlSocket.Frame frame, BodyWriter body) {
        answer(type, frame, body.bytes());
    }

    void answer(int type, ControlSocket.Frame frame, byte[] body) {
        socket.send(type, frame.request(), body);
    }

    /** What cannot be without the peer, until it is {@link #forget forgotten}. */
    void whenGone(Runnable action) {
        try (Mutex _ = lock.take()) {
            if (!gone) {
                whenGone.add(action);
                return;
            }
        }
        action.run();
    }

    /** It has come to its end otherwise: a connection may be there for as long as the sandbox, and for any number of requests. */
    void forget(Runnable action) {
        try (Mutex _ = lock.take()) {
            whenGone.remove(action);
        }
    }

    /** The peer is gone, or it is not listened to any more. */
    void gone() {
        List<Runnable> actions;
        try (Mutex _ = lock.take()) {
            gone = true;
            actions = List.copyOf(whenGone);
            whenGone.clear();
        }
        actions.forEach(Runnable::run);
    }

    void leave() {
        boolean last;
        try (Mutex _ = lock.take()) {
            last = --users == 0;
        }
        if (last) {
            try {
                socket.close();
            } finally {
                closed.run();
            }
        }
    }
}
