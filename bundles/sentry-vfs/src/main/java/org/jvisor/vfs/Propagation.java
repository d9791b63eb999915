// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import static org.jvisor.api.abi.Mount.MS_PRIVATE;
import static org.jvisor.api.abi.Mount.MS_SHARED;
import static org.jvisor.api.abi.Mount.MS_SLAVE;
import static org.jvisor.api.abi.Mount.MS_UNBINDABLE;

import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Shared subtrees (mount_namespaces(7)): which mounts hear of what is mounted below another. All under {@link MountTree}'s
 * monitor.
 */
final class Propagation {

    /** The other mounts below which something mounted on {@code on} below {@code mount} appears as well. */
    static Set<MountImpl> receivers(MountImpl mount, DentryImpl on) {
        Set<MountImpl> found = new LinkedHashSet<>();
        if (mount != null && mount.peers() != null) {
            gather(mount.peers(), mount, on, found);
        }
        return found;
    }

    private static void gather(PeerGroup group, MountImpl but, DentryImpl on, Set<MountImpl> found) {
        for (MountImpl peer : group.members) {
            if (peer != but && peer.namespace() != null && on.isWithin(peer.root())) {
                found.add(peer);
            }
        }
        for (MountImpl slave : group.slaves) {
            if (slave.namespace() != null && on.isWithin(slave.root())) {
                found.add(slave);
            }
            if (slave.peers() != null && slave.peers() != group) {
                for (MountImpl further : slave.peers().members) {
                    if (further.namespace() != null && on.isWithin(further.root())) {
                        found.add(further);
                    }
                }
            }
        }
    }

    /** What is mounted below a shared mount is shared itself. */
    static void share(MountImpl tree) {
        if (tree.peers() == null) {
            change(tree, MS_SHARED);
        }
        for (MountImpl child : tree.children()) {
            share(child);
        }
    }

    /** {@code twin}, a copy in the same peer group as its original, comes below {@code receiver}, which may only listen. */
    static void adopt(MountImpl twin, MountImpl receiver) {
        if (receiver.peers() == null) {
            change(twin, MS_SLAVE);
        }
    }

    /** A copy is of the peer group of its original, and hears the same master. */
    static void inherit(MountImpl copy, MountImpl original) {
        PeerGroup peers = original.peers();
        PeerGroup master = original.master();
        if (peers != null) {
            peers.members.add(copy);
        }
        if (master != null) {
            master.slaves.add(copy);
        }
        int type = peers != null ? MS_SHARED : master != null ? MS_SLAVE : original.unbindable() ? MS_UNBINDABLE : MS_PRIVATE;
        copy.setPropagation(type, peers, master);
    }

    static void change(MountImpl mount, int type) {
        PeerGroup peers = mount.peers();
        PeerGroup master = mount.master();
        if (type == MS_SHARED) {
            if (peers == null) {
                peers = new PeerGroup();
                peers.members.add(mount);
            }
            mount.setPropagation(MS_SHARED, peers, master);
            return;
        }
        leave(mount);
        if (type == MS_SLAVE && (peers != null && !peers.members.isEmpty() || peers == null && master != null)) {
            // The last member of a group has nobody to hear but the master of the group.
            PeerGroup heard = peers != null ? peers : master;
            heard.slaves.add(mount);
            mount.setPropagation(MS_SLAVE, null, heard);
        } else if (type == MS_SLAVE && master != null) {
            master.slaves.add(mount);
            mount.setPropagation(MS_SLAVE, null, master);
        } else {
            mount.setPropagation(type == MS_UNBINDABLE ? MS_UNBINDABLE : MS_PRIVATE, null, null);
        }
    }

    /** {@code mount} takes part no more. */
    static void leave(MountImpl mount) {
        if (mount.peers() != null) {
            mount.peers().members.remove(mount);
        }
        if (mount.master() != null) {
            mount.master().slaves.remove(mount);
        }
        mount.setPropagation(MS_PRIVATE, null, null);
    }

    private Propagation() {
    }
}
