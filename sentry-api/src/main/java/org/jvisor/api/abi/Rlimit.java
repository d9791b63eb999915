// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

import java.util.Locale;

/** Resource limits, see getrlimit(2). */
public final class Rlimit {
    // Resources
    public static final int RLIMIT_CPU = 0;
    public static final int RLIMIT_FSIZE = 1;
    public static final int RLIMIT_DATA = 2;
    public static final int RLIMIT_STACK = 3;
    public static final int RLIMIT_CORE = 4;
    public static final int RLIMIT_RSS = 5;
    public static final int RLIMIT_NPROC = 6;
    public static final int RLIMIT_NOFILE = 7;
    public static final int RLIMIT_MEMLOCK = 8;
    public static final int RLIMIT_AS = 9;
    public static final int RLIMIT_LOCKS = 10;
    public static final int RLIMIT_SIGPENDING = 11;
    public static final int RLIMIT_MSGQUEUE = 12;
    public static final int RLIMIT_NICE = 13;
    public static final int RLIMIT_RTPRIO = 14;
    public static final int RLIMIT_RTTIME = 15;

    // Number of resources
    public static final int RLIM_NLIMITS = 16;

    // No limit
    public static final long RLIM_INFINITY = 0xffffffffffffffffL;

    private static final String[] NAMES =
            "CPU FSIZE DATA STACK CORE RSS NPROC NOFILE MEMLOCK AS LOCKS SIGPENDING MSGQUEUE NICE RTPRIO RTTIME".split(" ");

    /** Such as {@code "RLIMIT_NOFILE"}; the number itself for what is not a resource. */
    public static String name(int resource) {
        return resource >= 0 && resource < NAMES.length ? "RLIMIT_" + NAMES[resource] : Integer.toString(resource);
    }

    /** The resource of this name, with or without {@code RLIMIT_}, in either case; -1 if there is none. */
    public static int parse(String text) {
        String upper = text.toUpperCase(Locale.ROOT);
        String name = upper.startsWith("RLIMIT_") ? upper.substring(7) : upper;
        for (int resource = 0; resource < NAMES.length; resource++) {
            if (NAMES[resource].equals(name)) {
                return resource;
            }
        }
        return -1;
    }

    private Rlimit() {
    }
}
