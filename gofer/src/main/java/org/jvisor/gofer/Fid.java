// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;

/** What a client calls by a number of its choice. Lives until it is clunked and no request uses it any more. */
final class Fid {
    static final int NOT_OPEN = -1;

    private final HostKernel host;
    /** Creates files as this user where a request does not say whom they belong to. */
    final int user;

    /** Guarded by this, as is all below. */
    private Node node;

    /** What {@link #node} was before Tlcreate; requests under way may still use it. */
    private Node before;

    /** Open for reading or writing, or {@link #NOT_OPEN}. */
    private int open = NOT_OPEN;

    /** The client has opened it (Tlopen, Tlcreate); otherwise {@link #open} is our own for Treaddirattr. */
    private boolean openedByClient;

    /** Where {@link #open} stands when it is a directory. */
    long directoryPosition;

    /** An extended attribute being read or written; then this is no file. */
    volatile XattrTransfer xattr;

    private int references = 1;

    /** Keeps {@code node}, whose reference it takes over. */
    Fid(HostKernel host, Node node, int user) {
        this.host = host;
        this.node = node;
        this.user = user;
    }

    synchronized Node node() {
        return node;
    }

    /** Tlcreate: the fid stands for the new file from now on. Takes both over; false when it is open already. */
    synchronized boolean become(Node file, int descriptor) {
        if (open != NOT_OPEN) {
            return false;
        }
        before = node;
        node = file;
        open = descriptor;
        openedByClient = true;
        return true;
    }

    synchronized int open() {
        return open;
    }

    synchronized boolean isOpenedByClient() {
        return openedByClient;
    }

    /** Takes over {@code descriptor}; false when it is open already. */
    synchronized boolean setOpen(int descriptor, boolean byClient) {
        if (open != NOT_OPEN) {
            return false;
        }
        open = descriptor;
        openedByClient = byClient;
        directoryPosition = 0;
        return true;
    }

    synchronized void closeDirectory() {
        if (!openedByClient && open != NOT_OPEN) {
            host.syscall(SyscallNr.CLOSE, open);
            open = NOT_OPEN;
        }
    }

    synchronized boolean retain() {
        if (references == 0) {
            return false;
        }
        references++;
        return true;
    }

    void release() {
        synchronized (this) {
            if (--references > 0) {
                return;
            }
            if (open != NOT_OPEN) {
                host.syscall(SyscallNr.CLOSE, open);
                open = NOT_OPEN;
            }
        }
        node.release();
        if (before != null) {
            before.release();
        }
    }
}
