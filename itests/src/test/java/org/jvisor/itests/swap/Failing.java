// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests.swap;

import java.util.List;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostCall;
import org.jvisor.api.host.HostCaller;

/** Components of plugins that are no good. */
public final class Failing {

    private Failing() {
    }

    /** Throws when it is made. */
    public static final class OnActivation implements Runnable {
        public OnActivation() {
            throw new IllegalStateException("no good");
        }

        @Override
        public void run() {
            // never made
        }
    }

    /** Is not made before it is interrupted. */
    public static final class Never implements Runnable {
        public Never() throws InterruptedException {
            Thread.sleep(Long.MAX_VALUE);
        }

        @Override
        public void run() {
            // never made
        }
    }

    /** Asks for a call that no sealed Sentry is allowed. */
    public static final class Connecting implements HostCaller {
        @Override
        public List<HostCall> hostCalls() {
            return HostCall.listOf(SyscallNr.GETPID, SyscallNr.CONNECT);
        }
    }

    /** Does what it should, which is nothing. */
    public static final class Not implements Runnable {
        @Override
        public void run() {
            // nothing is asked of it
        }
    }
}
