// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.cli;

import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.syscall.CallTable;
import org.jvisor.api.syscall.SyscallFamily;

/** Which system calls Linux has and how much of each is there, in the formats in which gVisor's {@code runsc} prints it. */
final class SupportTable {
    static final String OS = "linux";
    static final String ARCH = "amd64";

    private static final List<String> HEADINGS = List.of("NUM", "NAME", "SUPPORT", "NOTE");
    private static final int GAP = 2;

    /** @param support as gVisor words it */
    record Line(int number, String name, String support, String note) {}

    private final List<Line> lines = new ArrayList<>();

    SupportTable(List<SyscallFamily> families) {
        Map<Integer, CallTable.Row> answered = new TreeMap<>();
        for (SyscallFamily family : families) {
            for (CallTable.Row row : family.calls().rows()) {
                answered.put(row.number(), row);
            }
        }
        for (int number = 0; number <= SyscallNr.MAX; number++) {
            CallTable.Row row = answered.get(number);
            if (row != null) {
                lines.add(new Line(number, row.name(), support(row.support()), row.note()));
            } else if (SyscallNr.byName(SyscallNr.name(number)) == number) {
                lines.add(new Line(number, SyscallNr.name(number), "Unimplemented", ""));
            }
        }
    }

    private static String support(CallTable.Support support) {
        return switch (support) {
            case FULL -> "Full Support";
            case PARTIAL -> "Partial Support";
        };
    }

    List<Line> lines() {
        return lines;
    }

    String table() {
        List<List<String>> rows = new ArrayList<>();
        rows.add(HEADINGS);
        lines.forEach(line -> rows.add(List.of(Integer.toString(line.number), line.name, line.support, line.note)));
        int[] widths = new int[HEADINGS.size() - 1];
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length() + GAP);
            }
        }
        StringBuilder text = new StringBuilder(OS + "/" + ARCH + ":\n\n");
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                text.append(row.get(i)).append(" ".repeat(widths[i] - row.get(i).length()));
            }
            text.append(row.getLast()).append('\n');
        }
        return text.toString();
    }

    String csv() {
        StringBuilder text = new StringBuilder("OS,Arch,Num,Name,Support,Note\n");
        for (Line line : lines) {
            text.append(String.join(",", OS, ARCH, Integer.toString(line.number), line.name, line.support, quoted(line.note)))
                .append('\n');
        }
        return text.toString();
    }

    /** RFC 4180: what has a comma or a quotation mark stands in quotation marks. */
    private static String quoted(String field) {
        return field.indexOf(',') < 0 && field.indexOf('"') < 0 ? field : '"' + field.replace("\"", "\"\"") + '"';
    }

    String json() {
        StringWriter text = new StringWriter();
        try (JsonWriter json = new JsonWriter(text)) {
            json.setIndent("  ");
            json.beginObject().name(OS).beginObject().name(ARCH).beginObject().name("syscalls").beginObject();
            for (Line line : lines) {
                json.name(Integer.toString(line.number)).beginObject();
                json.name("name").value(line.name).name("support").value(line.support);
                if (!line.note.isEmpty()) {
                    json.name("note").value(line.note);
                }
                json.endObject();
            }
            json.endObject().endObject().endObject().endObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.append('\n').toString();
    }
}
