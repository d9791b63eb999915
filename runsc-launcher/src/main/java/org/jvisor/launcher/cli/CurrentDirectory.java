// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.cli;

import org.jvisor.api.abi.SyscallNr;
import org.jvisor.launcher.ByteStrings;
import org.jvisor.launcher.host.HostCalls;

/** Paths that a caller gave relative to where it is. Java's user.dir would be decoded by the locale. */
final class CurrentDirectory {
    private static final int LONGEST_PATH = 4096;

    private CurrentDirectory() {
    }

    static String resolve(HostCalls calls, String path) {
        if (path.startsWith("/")) {
            return path;
        }
        String current = get(calls);
        return path.isEmpty() || path.equals(".") ? current : (current.equals("/") ? "" : current) + "/" + path;
    }

    private static String get(HostCalls calls) {
        long at = calls.host().allocate(LONGEST_PATH);
        try {
            int length = (int) HostCalls.check(calls.host().syscall(SyscallNr.GETCWD, at, LONGEST_PATH), "getcwd");
            byte[] bytes = new byte[length - 1];
            calls.host().copyIn(at, bytes, 0, bytes.length);
            return ByteStrings.of(bytes);
        } finally {
            calls.host().free(at);
        }
    }
}
