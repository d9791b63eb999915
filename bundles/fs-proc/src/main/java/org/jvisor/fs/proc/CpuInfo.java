// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jvisor.api.kernel.Kernel;

/**
 * /proc/cpuinfo: what the host says of its CPUs as far as a program could find it out by CPUID, for as many CPUs as the sandbox
 * has, each a core of its own in one package.
 */
final class CpuInfo {
    /** What is told as the host tells it. The others name the place of a CPU in the host, or what only its kernel sees. */
    private static final List<String> KEPT = List.of("processor", "vendor_id", "cpu family", "model", "model name", "stepping",
            "cpu MHz", "cache size", "physical id", "siblings", "core id", "cpu cores", "apicid", "initial apicid", "fpu",
            "fpu_exception", "cpuid level", "wp", "flags", "vmx flags", "bugs", "bogomips", "TLB size", "clflush size",
            "cache_alignment", "address sizes", "power management");

    private final List<String> fields;

    /** @param host the text of the host's /proc/cpuinfo */
    CpuInfo(String host) {
        fields = new ArrayList<>();
        for (String line : host.lines().toList()) {
            if (line.isEmpty()) {
                break;
            }
            if (KEPT.contains(name(line))) {
                fields.add(line);
            }
        }
    }

    /** Of the host that the Sentry runs on. */
    static CpuInfo ofHost(Kernel kernel) {
        String text = kernel.hostText("/proc/cpuinfo");
        return new CpuInfo(text != null ? text : "processor\t: 0\nvendor_id\t: unknown\n");
    }

    byte[] text(int cpus) {
        Text text = new Text();
        for (int cpu = 0; cpu < cpus; cpu++) {
            Map<String, Integer> own = Map.of("processor", cpu, "physical id", 0, "siblings", cpus, "core id", cpu,
                    "cpu cores", cpus, "apicid", cpu, "initial apicid", cpu);
            for (String field : fields) {
                Integer value = own.get(name(field));
                if (value == null) {
                    text.add(field);
                } else {
                    text.add(field.substring(0, field.indexOf(':') + 1)).add(' ').add(value);
                }
                text.add('\n');
            }
            text.add('\n');
        }
        return text.bytes();
    }

    private static String name(String line) {
        int colon = line.indexOf(':');
        return colon < 0 ? "" : line.substring(0, colon).trim();
    }
}
