// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.cli;

import com.google.gson.stream.JsonWriter;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import org.jvisor.api.abi.Open;
import org.jvisor.launcher.ByteStrings;
import org.jvisor.launcher.host.HostCalls;

/** What runsc says: errors on standard error and, for the program that called it, in the file of {@code --log}. */
final class RunscLog {
    private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss.SSSSSS");

    private static final FileOutputStream OUT = new FileOutputStream(FileDescriptor.out);
    private static final FileOutputStream ERR = new FileOutputStream(FileDescriptor.err);

    private final GlobalFlags globals;

    RunscLog(GlobalFlags globals) {
        this.globals = globals;
    }

    void error(String message) {
        write(2, message + "\n");
        if (!globals.log.value().isEmpty()) {
            try (FileOutputStream out = new FileOutputStream(ByteStrings.toUnicode(globals.log.value()), true)) {
                out.write(ByteStrings.bytes(line(message) + "\n"));
            } catch (IOException e) {
                write(2, "writing the log: " + e.getMessage() + "\n");
            }
        }
    }

    private String line(String message) {
        String now = Instant.now().toString();
        return switch (globals.logFormat.value()) {
            case "json" -> json("msg", message, "level", "error", "time", now);
            case "json-k8s" -> json("log", message, "level", "error", "time", now);
            default -> now + " ERROR " + message;
        };
    }

    private static String json(String... members) {
        StringWriter text = new StringWriter();
        try (JsonWriter out = new JsonWriter(text)) {
            out.beginObject();
            for (int i = 0; i < members.length; i += 2) {
                out.name(members[i]).value(ByteStrings.toUnicode(members[i + 1]));
            }
            out.endObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return ByteStrings.fromUnicode(text.toString());
    }

    /**
     * Opens the log of a process of the sandbox as {@code --debug} and {@code --debug-log} say.
     *
     * @return a descriptor, or -1 for none
     */
    int open(HostCalls calls, String command, String id) {
        String pattern = globals.debugLog.value();
        if (pattern.isEmpty()) {
            return globals.debug.isTrue() || globals.strace.isTrue() ? 2 : -1;
        }
        if (pattern.endsWith("/")) {
            pattern += "runsc.log.%TIMESTAMP%.%COMMAND%.txt";
        }
        String path = pattern.replace("%TIMESTAMP%", LocalDateTime.now().format(STAMP)).replace("%COMMAND%", command)
            .replace("%ID%", id);
        calls.makeFoldersOf(path);
        return (int) HostCalls.check(calls.open(path, Open.O_WRONLY | Open.O_CREAT | Open.O_APPEND, 0644),
            "opening the debug log " + path);
    }

    /** Without buffers and encodings. */
    static void write(int fd, String text) {
        try {
            (fd == 1 ? OUT : ERR).write(ByteStrings.bytes(text));
        } catch (IOException e) {
            // The reader has gone: there is nobody left to tell.
            return;
        }
    }
}
