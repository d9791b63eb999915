// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.exec;

import org.jvisor.api.kernel.Credentials;

/**
 * What execve(2) makes of credentials (capabilities(7), "Transformation of capabilities during execve()"). Set-user-ID and
 * set-group-ID bits and file capabilities are not honoured: what a container may do is what its specification says.
 */
final class ExecCredentials {

    private static final int SECBIT_NOROOT = 1;
    private static final int SECBIT_KEEP_CAPS = 1 << 4;

    private ExecCredentials() {}

    static Credentials after(Credentials old) {
        boolean rootMatters = (old.secureBits() & SECBIT_NOROOT) == 0;
        boolean root = rootMatters && (old.uid() == 0 || old.euid() == 0);
        boolean effectiveRoot = rootMatters && old.euid() == 0;
        long permitted = old.ambient();
        if (root) {
            permitted |= old.inheritable() | old.bounding();
        }
        long allowed = permitted;
        return old.with(b -> {
            b.permitted = allowed;
            b.effective = effectiveRoot ? allowed : old.ambient();
            b.suid = b.euid;
            b.fsuid = b.euid;
            b.sgid = b.egid;
            b.fsgid = b.egid;
            b.secureBits &= ~SECBIT_KEEP_CAPS;
        });
    }
}
