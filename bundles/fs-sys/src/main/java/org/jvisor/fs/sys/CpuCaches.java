// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.sys;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

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

    /** Of the host that the Sentry runs on, to be called before it is sealed. */
    static CpuCaches ofHost() {
        return read(Path.of("/sys/devices/system/cpu/cpu0/cache"));
    }

    static CpuCaches read(Path folder) {
        List<Cache> caches = new ArrayList<>();
        for (int i = 0; Files.isDirectory(folder.resolve("index" + i)); i++) {
            Path index = folder.resolve("index" + i);
            caches.add(new Cache(value(index, "level"), value(index, "type"), value(index, "size"),
                    value(index, "coherency_line_size"), value(index, "number_of_sets"), value(index, "ways_of_associativity"),
                    value(index, "physical_line_partition")));
        }
        return new CpuCaches(List.copyOf(caches));
    }

    /** Empty where the host does not say. */
    private static String value(Path folder, String name) {
        try {
            return Files.readString(folder.resolve(name), StandardCharsets.ISO_8859_1).strip();
        } catch (IOException unknown) {
            return "";
        }
    }
}
