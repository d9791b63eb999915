// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.cli;

import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.abi.UtsnameLayout;
import org.jvisor.launcher.host.HostCalls;

/** The name of the machine that runsc runs on. */
final class HostName {

    private HostName() {
    }

    static String get(HostCalls calls) {
        long at = calls.host().allocate(UtsnameLayout.SIZE);
        try {
            HostCalls.check(calls.host().syscall(SyscallNr.UNAME, at), "uname");
            byte[] names = new byte[UtsnameLayout.SIZE];
            calls.host().copyIn(at, names, 0, names.length);
            return Bytes.getString(names, UtsnameLayout.NODENAME, UtsnameLayout.RELEASE - UtsnameLayout.NODENAME);
        } finally {
            calls.host().free(at);
        }
    }
}
