// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import static org.jvisor.api.abi.Membarrier.*;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.platform.Registers;

/**
 * membarrier(2). Taking a right from a page that an address space uses makes the host interrupt every CPU that runs in that space
 * before the call returns, to have it forget the old right: each of them has then passed a barrier, and serialised its
 * instructions.
 */
final class Barriers {

    private static final int PRIVATE = MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED
            | MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE;
    private static final int GLOBAL = MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED
            | MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED;

    private final Manager mm;
    /** REGISTER commands that were given. */
    private int registered;

    Barriers(Manager mm) {
        this.mm = mm;
    }

    void copyFrom(Barriers parent) {
        registered = parent.registered;
    }

    long membarrier(Task task, int command, int flags) {
        if (flags != 0) {
            return -Errno.EINVAL;
        }
        return switch (command) {
            case MEMBARRIER_CMD_QUERY -> PRIVATE | (hostHasGlobal() ? GLOBAL : 0);
            case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE,
                MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED -> register(command);
            case MEMBARRIER_CMD_PRIVATE_EXPEDITED ->
                isRegistered(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) ? barrier(task) : -Errno.EPERM;
            case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE ->
                isRegistered(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE) ? barrier(task) : -Errno.EPERM;
            case MEMBARRIER_CMD_GLOBAL, MEMBARRIER_CMD_GLOBAL_EXPEDITED -> hostHasGlobal() ? hostGlobal() : -Errno.EINVAL;
            default -> -Errno.EINVAL;
        };
    }

    /** MEMBARRIER_CMD_REGISTER_*: which commands have been allowed. */
    int registered() {
        return registered;
    }

    void setRegistered(int commands) {
        registered = commands;
    }

    private long register(int command) {
        mm.lock.lock();
        try {
            registered |= command;
            return 0;
        } finally {
            mm.lock.unlock();
        }
    }

    private boolean isRegistered(int command) {
        mm.lock.lock();
        try {
            return (registered & command) != 0;
        } finally {
            mm.lock.unlock();
        }
    }

    private long barrier(Task task) {
        if (mm.users() == 1) {
            return 0;
        }
        // The caller's stack is a page that the host has surely entered.
        long page = task.registers().get(Registers.RSP) & -Pte.PAGE;
        mm.lock.lock();
        try {
            if (mm.pages.flickerWrite(task, page)) {
                return 0;
            }
        } finally {
            mm.lock.unlock();
        }
        return hostHasGlobal() ? hostGlobal() : -Errno.EAGAIN;
    }

    private boolean hostHasGlobal() {
        long commands = mm.system.host.syscall(SyscallNr.MEMBARRIER, MEMBARRIER_CMD_QUERY, 0, 0);
        return commands > 0 && (commands & MEMBARRIER_CMD_GLOBAL) != 0;
    }

    private long hostGlobal() {
        return mm.system.host.syscall(SyscallNr.MEMBARRIER, MEMBARRIER_CMD_GLOBAL, 0, 0);
    }
}
