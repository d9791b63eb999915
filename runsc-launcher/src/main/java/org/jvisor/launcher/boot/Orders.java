// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jvisor.api.wait.ServiceThread;

/**
 * What is to be done in the order in which it was asked for, by a thread that may have to wait meanwhile: so that who asks need not,
 * and hears of what is asked next.
 */
final class Orders {
    private static final int MOST = 64;
    private static final long STACK_BYTES = 256 << 10;

    private final BlockingQueue<Runnable> orders = new ArrayBlockingQueue<>(MOST);

    Orders(String name) {
        new ServiceThread(name, STACK_BYTES, this::next).start();
    }

    private boolean next() {
        try {
            orders.take().run();
        } catch (InterruptedException e) {
            // Nobody interrupts this thread for a reason.
            return true;
        }
        return true;
    }

    /** @return false: there are too many, and it is not done */
    boolean give(Runnable order) {
        return orders.offer(order);
    }
}
