// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.dispatch;

import java.util.List;
import java.util.stream.Collectors;
import org.jvisor.api.abi.SyscallNr;

/** System calls for people: the first few by name, and how many more. */
public final class CallNames {
    private static final int NAMED = 3;

    private CallNames() {
    }

    /** @return empty for none */
    public static String text(List<Integer> numbers) {
        if (numbers.isEmpty()) {
            return "";
        }
        String named = numbers.stream().limit(NAMED).map(SyscallNr::name).collect(Collectors.joining(", "));
        int more = numbers.size() - NAMED;
        return "the system call" + (numbers.size() == 1 ? " " : "s ") + named + (more > 0 ? " and " + more + " more" : "");
    }
}
