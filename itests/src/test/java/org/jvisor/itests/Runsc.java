// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs programs, on the host and by the runsc of the distribution that the build made. */
final class Runsc {

    private static final long LIMIT_SECONDS = 600;

    /** The distribution's bin/runsc; the build says where (system property {@code runsc}). */
    static final Path DISTRIBUTED = Path.of(System.getProperty("runsc", "../runsc-launcher/target/runsc/bin/runsc")).toAbsolutePath();

    /** The same, but that its sandboxes end when the Sentry takes locks out of order (system property {@code checked-runsc}). */
    static final Path PROGRAM = Path.of(System.getProperty("checked-runsc", "src/test/bin/runsc")).toAbsolutePath();

    /** The platforms that this host has and the tests run on (system property {@code platforms}). */
    static List<String> platforms() {
        return List.of(System.getProperty("platforms", "ptrace").split(","));
    }

    /** By which bundle the sandboxes reach the host: ffm, jnr or auto (system property {@code host}). */
    static String host() {
        return System.getProperty("host", "auto");
    }

    /**
     * What a program did.
     *
     * @param status its exit status
     */
    record Result(int status, String out, String err) {}

    private Runsc() {
    }

    static Result onHost(Path directory, String... command) {
        return run(directory, "", List.of(command));
    }

    /** {@code runsc do}: the host's files, read-only below an overlay in memory. */
    static Result inJvisor(Path directory, String platform, String... command) {
        return inJvisorBy(host(), directory, platform, command);
    }

    static Result inJvisorBy(String host, Path directory, String platform, String... command) {
        if (Replacer.PERIOD_MILLIS == 0) {
            return inJvisor(stateFolder(), host, directory, platform, command);
        }
        try {
            Path state = Files.createTempDirectory("jvisor");
            Replacer replacer = new Replacer(command[command.length - 1].replaceFirst(".*/", ""), state);
            Result result = replacer.end(inJvisor(state.toString(), host, directory, platform, command));
            Files.delete(state);
            return result;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    private static Result inJvisor(String state, String host, Path directory, String platform, String... command) {
        List<String> line = new ArrayList<>(List.of(PROGRAM.toString(), "--root", state, "--platform", platform, "--host", host,
                "--network", "none", "--ignore-cgroups", "do", "--cwd", directory.toString()));
        line.addAll(List.of(command));
        return run(directory, "", line);
    }

    static String stateFolder() {
        try {
            Path root = Path.of("target/state").toAbsolutePath();
            Files.createDirectories(root);
            return root.toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Result run(Path directory, String input, List<String> command) {
        try {
            Path out = Files.createTempFile("jvisor", ".out");
            Path err = Files.createTempFile("jvisor", ".err");
            Path in = Files.createTempFile("jvisor", ".in");
            try {
                Files.writeString(in, input);
                Process process = new ProcessBuilder(command).directory(directory.toFile()).redirectInput(in.toFile())
                        .redirectOutput(out.toFile()).redirectError(err.toFile()).start();
                if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                    process.destroyForcibly().waitFor();
                    throw new AssertionError(command + " did not end within " + LIMIT_SECONDS + " s; so far:\n"
                            + Files.readString(out, StandardCharsets.ISO_8859_1)
                            + Files.readString(err, StandardCharsets.ISO_8859_1));
                }
                return new Result(process.exitValue(), Files.readString(out, StandardCharsets.ISO_8859_1),
                        Files.readString(err, StandardCharsets.ISO_8859_1));
            } finally {
                Files.delete(out);
                Files.delete(err);
                Files.delete(in);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }
}
