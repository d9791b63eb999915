// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.container;

import java.util.Locale;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;

/** Errors in the words that other runtimes use, which people and scripts know. */
final class Failures {

    private Failures() {}

    /** strerror(3), beginning with a small letter. */
    static String text(ErrnoException e) {
        String text = Errno.describe(e.errno());
        return text.substring(0, 1).toLowerCase(Locale.ROOT) + text.substring(1);
    }
}
