// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jvisor.api.abi.Auxv;
import org.jvisor.api.abi.Bytes;

/**
 * What a program may know of the CPU that it runs on, as the host's kernel told the Sentry itself (getauxval(3)).
 *
 * @param capabilities AT_HWCAP: CPUID leaf 1, EDX
 * @param capabilities2 AT_HWCAP2
 * @param signalStackMin AT_MINSIGSTKSZ
 */
public record HostTraits(long capabilities, long capabilities2, long signalStackMin) {

    private static final Logger LOG = System.getLogger("org.jvisor.core.host");

    /** What every x86-64 CPU has. */
    private static final HostTraits BASELINE = new HostTraits(0x078bfbff, 0, 2048);

    /** Read before the Sentry is sealed. */
    static HostTraits read() {
        try {
            byte[] auxv = Files.readAllBytes(Path.of("/proc/self/auxv"));
            return new HostTraits(entry(auxv, Auxv.AT_HWCAP, BASELINE.capabilities),
                    entry(auxv, Auxv.AT_HWCAP2, BASELINE.capabilities2),
                    entry(auxv, Auxv.AT_MINSIGSTKSZ, BASELINE.signalStackMin));
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "no /proc/self/auxv here: programs are told of the baseline CPU only");
            return BASELINE;
        }
    }

    private static long entry(byte[] auxv, int type, long absent) {
        for (int at = 0; at + 16 <= auxv.length; at += 16) {
            if (Bytes.getLong(auxv, at) == type) {
                return Bytes.getLong(auxv, at + 8);
            }
        }
        return absent;
    }
}
