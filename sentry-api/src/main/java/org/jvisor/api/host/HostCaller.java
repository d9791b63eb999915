// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.host;

import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Who makes system calls of the host once the Sentry is sealed, a service beside whatever else it is: the seal allows what the
 * services that are there at that time ask for, and what the virtual machine needs. A platform is asked when it is the chosen
 * one. A bundle that comes later has to do with what is allowed.
 */
@ConsumerType
public interface HostCaller {

    /** Allocates. */
    List<HostCall> hostCalls();
}
