// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

/** What the monotonic clocks are counted from (time_namespaces(7)). */
public final class TimeNamespace {

    /** The sandbox's boot. */
    public static final TimeNamespace INITIAL = new TimeNamespace();

    private TimeNamespace() {}
}
