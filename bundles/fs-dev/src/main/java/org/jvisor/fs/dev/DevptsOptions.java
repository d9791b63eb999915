// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;

/**
 * The mount options of devpts (mount(8)).
 *
 * @param uid owner of slaves, or -1: whoever opened the master
 * @param gid their group, or -1
 * @param mode their permissions
 * @param ptmxMode those of ptmx in the root directory
 * @param max how many pairs there may be
 */
record DevptsOptions(int uid, int gid, int mode, int ptmxMode, int max) {

    /** As Linux has it; what a container may have is less. */
    private static final int MOST = 1 << 20;
    private static final int DEFAULT_MODE = 0600;
    private static final int OCTAL = 8;
    private static final int DECIMAL = 10;
    private static final int PERMISSIONS = 0777;

    static DevptsOptions parse(String data) {
        DevptsOptions now = new DevptsOptions(-1, -1, DEFAULT_MODE, 0, MOST);
        for (String option : data.split(",")) {
            if (!option.isEmpty()) {
                now = now.with(option);
            }
        }
        return now;
    }

    private DevptsOptions with(String option) {
        int equals = option.indexOf('=');
        String key = equals < 0 ? option : option.substring(0, equals);
        String value = equals < 0 ? "" : option.substring(equals + 1);
        return switch (key) {
            // Every mount is an instance of its own, as since Linux 4.7.
            case "newinstance" -> this;
            case "uid" -> new DevptsOptions(number(value, DECIMAL), gid, mode, ptmxMode, max);
            case "gid" -> new DevptsOptions(uid, number(value, DECIMAL), mode, ptmxMode, max);
            case "mode" -> new DevptsOptions(uid, gid, number(value, OCTAL) & PERMISSIONS, ptmxMode, max);
            case "ptmxmode" -> new DevptsOptions(uid, gid, mode, number(value, OCTAL) & PERMISSIONS, max);
            case "max" -> new DevptsOptions(uid, gid, mode, ptmxMode, Math.min(number(value, DECIMAL), MOST));
            default -> throw ErrnoException.of(Errno.EINVAL);
        };
    }

    private static int number(String value, int radix) {
        try {
            return Integer.parseUnsignedInt(value, radix);
        } catch (NumberFormatException e) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    /** For /proc/mounts. */
    String shown() {
        StringBuilder text = new StringBuilder();
        if (uid >= 0) {
            text.append(",uid=").append(uid);
        }
        if (gid >= 0) {
            text.append(",gid=").append(gid);
        }
        text.append(",mode=").append(octal(mode)).append(",ptmxmode=").append(octal(ptmxMode));
        if (max < MOST) {
            text.append(",max=").append(max);
        }
        return text.toString();
    }

    private static String octal(int mode) {
        String digits = Integer.toOctalString(mode);
        return "0".repeat(Math.max(0, 3 - digits.length())) + digits;
    }
}
