// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

/**
 * What a thread group does about a signal (sigaction(2)).
 *
 * @param handler SIG_DFL (0), SIG_IGN (1) or an address
 * @param flags SA_*
 * @param restorer where the handler returns to, with SA_RESTORER
 * @param mask signals blocked meanwhile
 */
public record SignalAction(long handler, long flags, long restorer, long mask) {

    public static final SignalAction DEFAULT = new SignalAction(0, 0, 0, 0);
    public static final SignalAction IGNORE = new SignalAction(1, 0, 0, 0);
}
