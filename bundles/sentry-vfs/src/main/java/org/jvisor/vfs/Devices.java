// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.util.concurrent.atomic.AtomicInteger;
import org.jvisor.api.abi.Mode;

/** Device numbers for file systems without a device: major 0, as on Linux. */
final class Devices {

    private static final int FIRST_MINOR = 20;

    private final AtomicInteger nextMinor = new AtomicInteger(FIRST_MINOR);

    long newDevice() {
        return Mode.makeDev(0, nextMinor.incrementAndGet());
    }
}
