// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jvisor.itests.osgi.Build;

/** A sandbox whose bundles runsc replaces by other builds of themselves while programs run in it. */
final class SwappedSandbox implements AutoCloseable {

    private static final Pattern PAUSE = Pattern.compile("took over (\\d+) objects in (\\d+) ms");
    private static final long LIMIT_SECONDS = 300;
    private static final long LOOK_MILLIS = 10;
    /** On a machine that is busy with other things it takes long until all is at rest. */
    private static final String LIMIT_MILLIS = "300000";

    private final Path folder;
    private final Process process;
    private final BufferedReader out;
    private int builds;

    /** What runsc told of a hand-over; no objects and no time where there was nothing to hand over. */
    record Report(int objects, int pauseMillis) {}

    /**
     * @param folder an empty one: for the state, the errors, the builds
     * @param words what runsc is told to run
     */
    SwappedSandbox(Path folder, String... words) throws IOException {
        this.folder = folder;
        process = new ProcessBuilder(runsc(words)).redirectError(folder.resolve("err").toFile()).start();
        out = process.inputReader(StandardCharsets.ISO_8859_1);
    }

    private List<String> runsc(String... words) throws IOException {
        Path state = Files.createDirectories(folder.resolve("state"));
        List<String> line = new ArrayList<>(List.of(Runsc.PROGRAM.toString(), "--root", state.toString(), "--network", "none",
                "--ignore-cgroups"));
        line.addAll(List.of(words));
        return line;
    }

    /** The container's id; it runs, since it has said something. */
    private String id() throws IOException {
        try (Stream<Path> sandboxes = Files.list(folder.resolve("state"))) {
            return sandboxes.findFirst().orElseThrow().getFileName().toString();
        }
    }

    /** Fails when the container says nothing for long: who has come to a standstill is seen and not waited for. */
    String readLine() throws IOException {
        long begin = System.nanoTime();
        while (!out.ready() && process.isAlive()) {
            if (System.nanoTime() - begin > TimeUnit.SECONDS.toNanos(LIMIT_SECONDS)) {
                throw new AssertionError("the container has said nothing for " + LIMIT_SECONDS + " s; " + errors());
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(LOOK_MILLIS));
        }
        String line = out.readLine();
        if (line == null) {
            throw new AssertionError("the container's output is at its end; " + errors());
        }
        return line;
    }

    /** The container's program has one more line of input, an empty one. */
    void inputLine() throws IOException {
        process.getOutputStream().write('\n');
        process.getOutputStream().flush();
    }

    /** The container's program has no more input. */
    void endInput() throws IOException {
        process.getOutputStream().close();
    }

    /** The last line that the container's program says. */
    String readToEnd() throws IOException {
        String last = readLine();
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            last = line;
        }
        return last;
    }

    /** Runs a further container in the sandbox to its end. */
    Runsc.Result runBeside(Path bundle, String other) throws IOException {
        return Runsc.run(folder, "", runsc("run", "--bundle", bundle.toString(), "--in", id(), other));
    }

    String errors() {
        try {
            return Files.readString(folder.resolve("err"), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Replaces a bundle by another build of it. */
    Report replace(String bundle, Build.Change change) throws IOException {
        builds++;
        Path jar = Files.write(folder.resolve("build.jar"), Build.of(bundle, "9." + builds, change));
        Runsc.Result result = Runsc.run(folder, "", runsc("bundle", "--name", bundle, "--limit", LIMIT_MILLIS, "install", id(), jar.toString()));
        if (result.status() != 0) {
            process.onExit().completeOnTimeout(process, 1, TimeUnit.SECONDS).join();
        }
        assertEquals(0, result.status(), () -> bundle + ": " + result.err() + told());
        assertTrue(result.out().matches("replaced " + bundle + " .* by 9\\." + builds + "\\.0(, which took over .*)?\n"), result.out());
        Matcher pause = PAUSE.matcher(result.out());
        return pause.find() ? new Report(Integer.parseInt(pause.group(1)), Integer.parseInt(pause.group(2))) : new Report(0, 0);
    }

    /** Bytes that the Sentry's heap holds after a collection. */
    long heapBytes() throws IOException {
        return charged("jvm");
    }

    /** What the sandbox is charged with, after a collection: a column of {@code runsc debug --charges}. */
    long charged(String kind) throws IOException {
        Runsc.Result result = Runsc.run(folder, "", runsc("debug", "--charges", id()));
        assertEquals(0, result.status(), () -> result.err() + told());
        return Long.parseLong(result.out().lines().filter(line -> line.startsWith(kind + "\t")).findFirst().orElseThrow().split("\t")[3]);
    }

    /** For many requests. */
    SandboxControl control() throws IOException {
        return new SandboxControl(folder.resolve("state").resolve(id()).resolve("control.sock"));
    }

    /** The Sentry's folder in the host's /proc. */
    Path sentry() {
        return Path.of("/proc", Long.toString(process("runsc-sandbox").pid()));
    }

    /** Of runsc and those that it has made, the first whose command line begins so; "runsc" is runsc itself. */
    ProcessHandle process(String name) {
        return name.equals("runsc") ? process.toHandle()
                : process.descendants().filter(one -> name(Path.of("/proc", Long.toString(one.pid()))).startsWith(name)).findFirst().orElseThrow();
    }

    /** All that are there for the sandbox now. */
    List<ProcessHandle> processes() {
        return Stream.concat(Stream.of(process.toHandle()), process.descendants()).toList();
    }

    /** What is in the folder of the states after another runsc has looked there. */
    List<String> state() throws IOException {
        Runsc.run(folder, "", runsc("bundle", "list", "itest-none"));
        try (Stream<Path> left = Files.list(folder.resolve("state"))) {
            return left.map(Path::toString).toList();
        }
    }

    private static String name(Path process) {
        try {
            return Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return ""; // it has gone
        }
    }

    /** Lets all state go through a stream and back: what runsc tells of it. */
    List<String> roundTrip() throws IOException {
        Runsc.Result result = Runsc.run(folder, "", runsc("debug", "--round-trip", "--limit", LIMIT_MILLIS, id()));
        assertEquals(0, result.status(), () -> result.err() + told());
        return result.out().lines().toList();
    }

    /** What it has said, if it is at its end. */
    private String told() {
        if (process.isAlive()) {
            return "it runs";
        }
        return "it has ended with " + process.exitValue() + "\n" + String.join("\n", out.lines().toList()) + "\n" + errors();
    }

    /** What {@code runsc bundle list} shows of withdrawn bundles: those whose classes are still there. */
    List<String> uncollected() throws IOException {
        Runsc.Result list = Runsc.run(folder, "", runsc("bundle", "list", id()));
        assertEquals(0, list.status(), list.err());
        return list.out().lines().filter(line -> line.contains("\twithdrawn\t")).toList();
    }

    void signal(String name) throws Exception {
        assertEquals(0, new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor());
    }

    int waitForExit() throws Exception {
        assertTrue(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS), "the container does not end");
        return process.exitValue();
    }

    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }
}
