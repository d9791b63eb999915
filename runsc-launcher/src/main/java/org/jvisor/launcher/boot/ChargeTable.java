// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;

/**
 * What {@code runsc debug --charges} shows: a line each for the heap, the memory and all kinds of the catalogue, with what the
 * container is charged with, its limit, what the whole sandbox is charged with, and that limit. Before them stands, of the whole
 * sandbox only, what the virtual machine's heap really holds, after a collection.
 */
final class ChargeTable {

    private ChargeTable() {}

    /** @param container below the sandbox's own */
    static String of(Cgroup container) {
        Cgroup sandbox = container.parent();
        StringBuilder table = new StringBuilder();
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        table.append("jvm\t-\t-\t").append(runtime.totalMemory() - runtime.freeMemory()).append('\t').append(runtime.maxMemory())
                .append('\n');
        line(table, "heap", container.heapBytes(), container.heapLimit(), sandbox.heapBytes(), sandbox.heapLimit());
        line(table, "memory", container.memoryBytes(), container.memoryLimit(), sandbox.memoryBytes(), sandbox.memoryLimit());
        for (Charge kind : Charge.values()) {
            line(table, kind.name(), container.used(kind), container.limit(kind), sandbox.used(kind), sandbox.limit(kind));
        }
        return table.toString();
    }

    private static void line(StringBuilder table, String name, long used, long limit, long usedByAll, long limitOfAll) {
        table.append(name).append('\t').append(used).append('\t').append(limit(limit)).append('\t').append(usedByAll).append('\t')
                .append(limit(limitOfAll)).append('\n');
    }

    private static String limit(long limit) {
        return limit == Long.MAX_VALUE ? "max" : Long.toString(limit);
    }
}
