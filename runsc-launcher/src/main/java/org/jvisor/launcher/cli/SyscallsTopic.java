// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.boot.SyscallFamilies;

/** {@code runsc help syscalls}: what the bundles of this distribution answer. */
final class SyscallsTopic implements Verb {
    private static final String ALL = "all";
    private static final String STANDARD_OUTPUT = "-";

    private final FlagSet flags = new FlagSet(RunscException.FAILED);
    private final FlagSet.Flag format = flags.string("format", "table", "Output format (table, csv, json).");
    private final FlagSet.Flag os = flags.string("os", ALL, "The OS (e.g. linux)");
    private final FlagSet.Flag arch = flags.string("arch", ALL, "The CPU architecture (e.g. amd64).");
    private final FlagSet.Flag filename = flags.string("filename", "", "Output filename (otherwise stdout).");

    @Override
    public String name() {
        return "syscalls";
    }

    @Override
    public String synopsis() {
        return "Print compatibility information for syscalls.";
    }

    @Override
    public String usage() {
        return "syscalls [options] - Print compatibility information for syscalls.\n";
    }

    @Override
    public FlagSet flags() {
        return flags;
    }

    @Override
    public int execute(Invocation invocation, List<String> words) {
        if (!flags.parse(words).isEmpty()) {
            throw new RunscException("help syscalls takes flags only");
        }
        if (!List.of(ALL, SupportTable.OS).contains(os.value()) || !List.of(ALL, SupportTable.ARCH).contains(arch.value())) {
            throw new RunscException("syscall table for " + os.value() + "/" + arch.value() + " not found");
        }
        SupportTable table = new SupportTable(SyscallFamilies.in(Path.of(System.getProperty("jvisor.home"), "bundles")));
        String text = switch (format.value()) {
            case "table" -> table.table();
            case "csv" -> table.csv();
            case "json" -> table.json();
            default -> throw new RunscException("Unsupported output format \"" + format.value() + "\"");
        };
        if (filename.value().isEmpty() || filename.value().equals(STANDARD_OUTPUT)) {
            invocation.print(text);
        } else {
            write(text);
        }
        return 0;
    }

    private void write(String text) {
        try {
            Files.write(Path.of(filename.value()), text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new RunscException("Error opening \"" + filename.value() + "\": " + e.getMessage());
        }
    }
}
