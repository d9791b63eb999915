// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;

/**
 * A file that fids stand for: its O_PATH descriptor, shared by all fids that were cloned from one. In plain 9P2000.L a node also
 * knows the directory that it was found in and its name there, for Tremove, Trename and "..".
 */
final class Node {
    private final HostKernel host;
    final int descriptor;
    /** S_IFMT bits; they never change. */
    final int type;

    /** Guarded by this, as is all below. */
    private Node parent;

    /** The name in {@link #parent}. */
    private byte[] name;

    private int references = 1;

    /** Takes over {@code descriptor}, and keeps a reference of {@code parent}, which may be null. */
    Node(HostKernel host, int descriptor, int type, Node parent, byte[] name) {
        this.host = host;
        this.descriptor = descriptor;
        this.type = type;
        this.parent = parent;
        this.name = name;
        if (parent != null) {
            parent.retain();
        }
    }

    synchronized byte[] name() {
        return name;
    }

    /** The directory, with a reference for the caller; null when it is not known. */
    synchronized Node retainParent() {
        return parent == null ? null : parent.retain();
    }

    /** The file has another name in another directory. */
    void moved(Node newParent, byte[] newName) {
        Node before;
        newParent.retain();
        synchronized (this) {
            before = parent;
            parent = newParent;
            name = newName;
        }
        before.release();
    }

    synchronized Node retain() {
        references++;
        return this;
    }

    /** Drops a reference; the parents' go in a loop, for a chain may be as long as a client likes. */
    void release() {
        Node next = this;
        while (next != null && next.drop()) {
            host.syscall(SyscallNr.CLOSE, next.descriptor);
            next = next.parent;
        }
    }

    private synchronized boolean drop() {
        return --references == 0;
    }
}
