// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/** Values of /proc/sys that have been set, by path below it; what is not here has its default. Any thread. */
public final class SysctlValues {

    private final Map<String, String> values = new ConcurrentHashMap<>();

    /** @param ifUnset may be null */
    public String get(String path, String ifUnset) {
        return values.getOrDefault(path, ifUnset);
    }

    /** @param path one that the file system knows: applications cannot choose others */
    public void set(String path, String value) {
        values.put(path, value);
    }

    /** All that have been set. Allocates. */
    public Map<String, String> all() {
        return new TreeMap<>(values);
    }
}
