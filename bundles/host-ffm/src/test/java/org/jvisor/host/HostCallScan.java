// SPDX-License-Identifier: Apache-2.0
package org.jvisor.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostCall;

/**
 * Holds a module's list of host calls against its sources: the first argument of each call of {@code syscall}, and of methods that
 * hand it on, and random numbers. Both must name the same numbers, so that nothing is missing, which would end the process, and nothing is too much.
 */
public final class HostCallScan {
    private static final Pattern NUMBER = Pattern.compile("SyscallNr\\.([A-Z0-9_]+)");

    private final Path sources;
    private final Set<String> skipped;
    private final String forwarders;

    /**
     * @param sources src/main/java of the module, or a folder in it
     * @param skipped files (without .java) that only run before the seal, or whose calls are not the host's
     * @param forwarders names of methods that take a number first and call it
     */
    public HostCallScan(Path sources, Set<String> skipped, String... forwarders) {
        this.sources = sources;
        this.skipped = skipped;
        this.forwarders = String.join("|", forwarders);
    }

    /** @param before what the scanned files call before the seal only */
    public void assertListed(Collection<HostCall> list, Integer... before) throws IOException {
        Set<String> used = new TreeSet<>();
        try (var files = Files.walk(sources)) {
            for (Path file : files.filter(this::isScanned).toList()) {
                scan(Files.readString(file), used);
            }
        }
        for (int number : before) {
            assertTrue(used.remove(name(number)), name(number) + " is not used at all");
        }
        Set<String> listed = list.stream().filter(call -> call.errno() == 0).map(call -> name(call.number()))
            .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(String.join("\n", used), String.join("\n", listed));
    }

    private boolean isScanned(Path file) {
        String name = file.getFileName().toString();
        return name.endsWith(".java") && !skipped.contains(name.substring(0, name.length() - 5));
    }

    private static String name(int number) {
        return SyscallNr.name(number).toUpperCase(java.util.Locale.ROOT);
    }

    private void scan(String text, Set<String> used) {
        String methods = forwarders.isEmpty() ? "" : "|\\b(?:" + forwarders + ")";
        Matcher call = Pattern.compile("(?:\\.syscall" + methods + ")\\(([^,;()]+)[,)]").matcher(text);
        while (call.find()) {
            String first = call.group(1).strip();
            List<String> numbers = NUMBER.matcher(first).results().map(found -> found.group(1)).toList();
            // A method that hands on the number it was given, or its declaration.
            assertTrue(!numbers.isEmpty() || first.matches("(int |long )?number"), "no number: " + call.group());
            used.addAll(numbers);
        }
        if (text.contains("new RandomBytes(")) {
            used.add("GETRANDOM");
        }
    }
}
