// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Mounts that share what is mounted below them (mount_namespaces(7)). Guarded by {@link MountTree}'s monitor. */
final class PeerGroup {

    private static final AtomicInteger NEXT_ID = new AtomicInteger();

    final int id = NEXT_ID.incrementAndGet();
    final List<MountImpl> members = new ArrayList<>();
    final List<MountImpl> slaves = new ArrayList<>();
}
