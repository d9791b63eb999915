// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import static org.jvisor.api.abi.Mount.MS_MANDLOCK;
import static org.jvisor.api.abi.Mount.MS_NOATIME;
import static org.jvisor.api.abi.Mount.MS_NODEV;
import static org.jvisor.api.abi.Mount.MS_NODIRATIME;
import static org.jvisor.api.abi.Mount.MS_NOEXEC;
import static org.jvisor.api.abi.Mount.MS_NOSUID;
import static org.jvisor.api.abi.Mount.MS_NOSYMFOLLOW;
import static org.jvisor.api.abi.Mount.MS_RDONLY;
import static org.jvisor.api.abi.Mount.MS_RELATIME;
import static org.jvisor.api.abi.Mount.MS_SYNCHRONOUS;
import static org.jvisor.api.abi.Mount.ST_NOSYMFOLLOW;
import static org.jvisor.api.abi.Mount.ST_RELATIME;
import static org.jvisor.api.abi.Mount.ST_VALID;

/** A mount's flags in the forms of statfs(2). */
final class MountOptions {

    /** Bits that have the same place in both. */
    private static final int SAME = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_SYNCHRONOUS | MS_MANDLOCK | MS_NOATIME
            | MS_NODIRATIME;

    static long statfsFlags(int mountFlags) {
        int flags = mountFlags & SAME | ST_VALID;
        flags |= (mountFlags & MS_RELATIME) != 0 ? ST_RELATIME : 0;
        flags |= (mountFlags & MS_NOSYMFOLLOW) != 0 ? ST_NOSYMFOLLOW : 0;
        return flags;
    }

    private MountOptions() {
    }
}
