// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.sys;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jvisor.api.kernel.Kernel;

/**
 * The caches of a CPU, as the host knows them and CPUID would tell a program. Which CPUs share one is the sandbox's affair: the
 * last level is everybody's.
 */
record CpuCaches(List<Cache> caches) {

    /** Values as the files of the same names have them. */
    record Cache(String level, String type, String size, String lineSize, String sets, String ways, String partition) {

        /** From the third level on CPUs share caches. */
        boolean shared() {
            return level.compareTo("3") >= 0;
        }
    }

    /** Of the host that the Sentry runs on. */
    static CpuCaches ofHost(Kernel kernel) {
        return read("/sys/devices/system/cpu/cpu0/cache/index", kernel::hostText);
    }

    /** @param texts gives the text of a file; null where there is none */
    static CpuCaches read(String prefix, UnaryOperator<String> texts) {
        List<Cache> caches = new ArrayList<>();
        for (int i = 0; texts.apply(prefix + i + "/level") != null; i++) {
            UnaryOperator<String> value = value(prefix + i + '/', texts);
            caches.add(new Cache(value.apply("level"), value.apply("type"), value.apply("size"),
                    value.apply("coherency_line_size"), value.apply("number_of_sets"), value.apply("ways_of_associativity"),
                    value.apply("physical_line_partition")));
        }
        return new CpuCaches(List.copyOf(caches));
    }

    /** Empty where the host does not say. */
    private static UnaryOperator<String> value(String folder, UnaryOperator<String> texts) {
        return name -> {
            String text = texts.apply(folder + name);
            return text == null ? "" : text.strip();
        };
    }
}
