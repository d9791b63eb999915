// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import java.util.Arrays;
import java.util.function.Consumer;

/** Who a task is (credentials(7), capabilities(7)). Immutable; a change makes a new one. */
public final class Credentials {

    public static final long ALL_CAPABILITIES = (1L << 41) - 1;

    /** So many supplementary groups are counted with their thread. */
    private static final int FEW_GROUPS = 32;

    /** The superuser with everything, for the boot of a container. */
    public static final Credentials ROOT = new Builder().build();

    private final Builder b;

    private Credentials(Builder builder) {
        b = builder;
    }

    public int uid() {
        return b.uid;
    }

    public int euid() {
        return b.euid;
    }

    public int suid() {
        return b.suid;
    }

    public int fsuid() {
        return b.fsuid;
    }

    public int gid() {
        return b.gid;
    }

    public int egid() {
        return b.egid;
    }

    public int sgid() {
        return b.sgid;
    }

    public int fsgid() {
        return b.fsgid;
    }

    /** Supplementary groups, ascending; not to be changed. */
    public int[] groups() {
        return b.groups;
    }

    /** How many of so many supplementary groups a thread is charged for, see {@link Charge#SUPPLEMENTARY_GROUP}. */
    public static int chargedGroups(int count) {
        return Math.max(0, count - FEW_GROUPS);
    }

    /** The same of its own. */
    public int chargedGroups() {
        return chargedGroups(b.groups.length);
    }

    public long effective() {
        return b.effective;
    }

    public long permitted() {
        return b.permitted;
    }

    public long inheritable() {
        return b.inheritable;
    }

    public long bounding() {
        return b.bounding;
    }

    public long ambient() {
        return b.ambient;
    }

    /** SECBIT_*, see prctl(2). */
    public int secureBits() {
        return b.secureBits;
    }

    public boolean noNewPrivileges() {
        return b.noNewPrivileges;
    }

    /** What its ids and capabilities are about. */
    public UserNamespace userNamespace() {
        return b.userNamespace;
    }

    /** @param capability CAP_* */
    public boolean has(int capability) {
        return (b.effective >>> capability & 1) != 0;
    }

    /** Whether {@code gid} is the file system group or a supplementary one. */
    public boolean inGroup(int gid) {
        return gid == b.fsgid || Arrays.binarySearch(b.groups, gid) >= 0;
    }

    /** A copy with changes. */
    public Credentials with(Consumer<Builder> changes) {
        Builder copy = b.copy();
        changes.accept(copy);
        return copy.build();
    }

    /** The fields, to be set. */
    public static final class Builder {
        public int uid;
        public int euid;
        public int suid;
        public int fsuid;
        public int gid;
        public int egid;
        public int sgid;
        public int fsgid;
        public int[] groups = {};
        public long effective = ALL_CAPABILITIES;
        public long permitted = ALL_CAPABILITIES;
        public long inheritable;
        public long bounding = ALL_CAPABILITIES;
        public long ambient;
        public int secureBits;
        public boolean noNewPrivileges;
        public UserNamespace userNamespace = UserNamespace.INITIAL;

        private Builder copy() {
            Builder c = new Builder();
            c.uid = uid;
            c.euid = euid;
            c.suid = suid;
            c.fsuid = fsuid;
            c.gid = gid;
            c.egid = egid;
            c.sgid = sgid;
            c.fsgid = fsgid;
            c.groups = groups;
            c.effective = effective;
            c.permitted = permitted;
            c.inheritable = inheritable;
            c.bounding = bounding;
            c.ambient = ambient;
            c.secureBits = secureBits;
            c.noNewPrivileges = noNewPrivileges;
            c.userNamespace = userNamespace;
            return c;
        }

        public Credentials build() {
            Builder c = copy();
            c.groups = groups.clone();
            Arrays.sort(c.groups);
            return new Credentials(c);
        }
    }
}
