// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

/** What ids of users and capabilities are about (user_namespaces(7)). */
public final class UserNamespace {

    /** All ids mean themselves in it. */
    public static final UserNamespace INITIAL = new UserNamespace();

    private UserNamespace() {}
}
