// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.oci;

import java.util.List;
import java.util.Map;
import org.jvisor.api.abi.Mount;

/**
 * Mount options by the names that the OCI runtime specification lists (and mount(8) has), as MS_* flags; the rest is the file
 * system's own.
 */
final class MountOptions {
    private static final int SET = 0;
    private static final int CLEAR = 1;

    /** Name to the flags that it sets and those that it clears. */
    private static final Map<String, long[]> FLAGS = Map.ofEntries(
        set("ro", Mount.MS_RDONLY), clear("rw", Mount.MS_RDONLY),
        set("nosuid", Mount.MS_NOSUID), clear("suid", Mount.MS_NOSUID),
        set("nodev", Mount.MS_NODEV), clear("dev", Mount.MS_NODEV),
        set("noexec", Mount.MS_NOEXEC), clear("exec", Mount.MS_NOEXEC),
        set("sync", Mount.MS_SYNCHRONOUS), clear("async", Mount.MS_SYNCHRONOUS),
        set("mand", Mount.MS_MANDLOCK), clear("nomand", Mount.MS_MANDLOCK),
        set("dirsync", Mount.MS_DIRSYNC),
        set("nosymfollow", Mount.MS_NOSYMFOLLOW), clear("symfollow", Mount.MS_NOSYMFOLLOW),
        set("noatime", Mount.MS_NOATIME), clear("atime", Mount.MS_NOATIME),
        set("nodiratime", Mount.MS_NODIRATIME), clear("diratime", Mount.MS_NODIRATIME),
        set("relatime", Mount.MS_RELATIME), clear("norelatime", Mount.MS_RELATIME),
        set("strictatime", Mount.MS_STRICTATIME), clear("nostrictatime", Mount.MS_STRICTATIME),
        set("iversion", Mount.MS_I_VERSION), clear("noiversion", Mount.MS_I_VERSION),
        set("lazytime", Mount.MS_LAZYTIME), clear("nolazytime", Mount.MS_LAZYTIME),
        set("silent", Mount.MS_SILENT), clear("loud", Mount.MS_SILENT),
        set("remount", Mount.MS_REMOUNT), clear("defaults", 0),
        set("bind", Mount.MS_BIND), set("rbind", Mount.MS_BIND | Mount.MS_REC),
        set("private", Mount.MS_PRIVATE), set("rprivate", Mount.MS_PRIVATE | Mount.MS_REC),
        set("slave", Mount.MS_SLAVE), set("rslave", Mount.MS_SLAVE | Mount.MS_REC),
        set("shared", Mount.MS_SHARED), set("rshared", Mount.MS_SHARED | Mount.MS_REC),
        set("unbindable", Mount.MS_UNBINDABLE), set("runbindable", Mount.MS_UNBINDABLE | Mount.MS_REC));

    /** Flags that hold for a whole tree of mounts (rro and its kin) are those of the mount itself here. */
    private static final List<String> RECURSIVE = List.of("ro", "rw", "nosuid", "suid", "nodev", "dev", "noexec", "exec",
        "noatime", "atime", "nodiratime", "diratime", "relatime", "norelatime", "strictatime", "nostrictatime", "nosymfollow",
        "symfollow");

    /** What only tells the host's tools something. */
    private static final List<String> IGNORED = List.of("tmpcopyup", "idmap", "ridmap", "auto", "noauto", "user", "nouser");

    final long flags;
    final String data;

    private MountOptions(long flags, String data) {
        this.flags = flags;
        this.data = data;
    }

    static MountOptions parse(List<String> options) {
        long flags = 0;
        StringBuilder data = new StringBuilder();
        for (String option : options) {
            long[] change = change(option);
            if (change != null) {
                flags = flags & ~change[CLEAR] | change[SET];
            } else if (!IGNORED.contains(option) && !option.isEmpty()) {
                data.append(data.isEmpty() ? "" : ",").append(option);
            }
        }
        return new MountOptions(flags, data.toString());
    }

    private static long[] change(String option) {
        long[] change = FLAGS.get(option);
        if (change == null && option.startsWith("r") && RECURSIVE.contains(option.substring(1))) {
            return FLAGS.get(option.substring(1));
        }
        return change;
    }

    private static Map.Entry<String, long[]> set(String name, long flags) {
        return Map.entry(name, new long[] {flags, 0});
    }

    private static Map.Entry<String, long[]> clear(String name, long flags) {
        return Map.entry(name, new long[] {0, flags});
    }
}
