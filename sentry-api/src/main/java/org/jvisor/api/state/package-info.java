// SPDX-License-Identifier: Apache-2.0
/**
 * How objects that outlive a system call pass from one version of a bundle to the next, and to a stream.
 *
 * <p>The core owns a {@link org.jvisor.api.state.Handle} for each: an inode, a super block, a file description, a mapping, a
 * terminal, a 9P channel, an address space. A handle has one replaceable reference to the object in a bundle that does the work.
 * Such an object is {@link org.jvisor.api.state.Stateful}: it says what it is made of in a
 * {@link org.jvisor.api.state.StateRecord}, and the bundle's {@link org.jvisor.api.state.Driver} makes an object of a record.
 *
 * <p>To replace a bundle, the core brings every task out of the Sentry's code, saves the old driver's objects, lets the new driver
 * adopt the records, and switches the handles. Nothing is switched before everything has been adopted, each new object is what its
 * handles need, and the new bundle's services have been taken; so a failure leaves the old code serving, and what comes after cannot
 * fail. The same records, written by {@link org.jvisor.api.state.RecordWriter}, are a checkpoint.
 */
@Export
@Version("2.0.0")
package org.jvisor.api.state;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
