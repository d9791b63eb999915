// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jvisor.itests.osgi.Build;

/**
 * Replaces the bundles of a sandbox, from its start to its end, by other builds of themselves: one each period, each in its turn,
 * where the next sandbox goes on. It talks to the sandbox itself, since another runsc each time would keep the programs from running.
 */
final class Replacer {

    /** How many milliseconds lie between two replacements (system property {@code replace}); 0: nothing is replaced. */
    static final long PERIOD_MILLIS = Long.getLong("replace", 0);

    /** All but the core's. */
    static final List<String> BUNDLES = List.of("fs-dev", "fs-gofer", "fs-host", "fs-overlay", "fs-proc", "fs-sys", "fs-tmpfs",
            "net-local", "p9-unix", "platform-ptrace", "syscalls-fs", "syscalls-mm", "syscalls-net", "syscalls-task");
    private static final long LOOK_MILLIS = 20;
    /** On a machine that is busy with other things it takes long until all is at rest. */
    private static final long LIMIT_MILLIS = 300_000;
    private static final int FAILED = -1;
    private static final Pattern PAUSE = Pattern.compile(" in (\\d+) ms");

    private static final AtomicInteger TURNS = new AtomicInteger();
    private static final Map<String, byte[]> BUILDS = new ConcurrentHashMap<>();

    private final String program;
    private final Path state;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread thread = Thread.ofPlatform().name("replacer").unstarted(this::work);
    private int replaced;
    private int longestPauseMillis;
    private String slowest = "none";
    /** Null: none. These are the thread's, and read when it has ended. */
    private String failure;
    private IOException ending;

    /**
     * @param program what the sandbox runs, for people
     * @param state runsc's folder for the state of this sandbox and no other
     */
    Replacer(String program, Path state) {
        this.program = program;
        this.state = state;
        thread.start();
    }

    private void work() {
        try {
            Optional<Path> socket = socket();
            while (socket.isEmpty() && !closed.await(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
                socket = socket();
            }
            if (socket.isPresent()) {
                replaceAll(socket.get());
            }
        } catch (InterruptedException | IOException e) {
            failure = e.toString();
        }
    }

    private Optional<Path> socket() throws IOException {
        try (Stream<Path> sandboxes = Files.list(state)) {
            return sandboxes.map(sandbox -> sandbox.resolve("control.sock")).filter(Files::exists).findFirst();
        }
    }

    private void replaceAll(Path socket) throws IOException, InterruptedException {
        try (SandboxControl control = new SandboxControl(socket)) {
            long due = System.nanoTime();
            do {
                int turn = TURNS.getAndIncrement();
                // Two builds a bundle, in turn: one that is there already would be refused.
                replace(control, BUNDLES.get(turn % BUNDLES.size()), turn / BUNDLES.size() % 2 == 0 ? "9.1" : "9.2");
                due += TimeUnit.MILLISECONDS.toNanos(PERIOD_MILLIS);
            } while (failure == null && !closed.await(due - System.nanoTime(), TimeUnit.NANOSECONDS));
        } catch (IOException e) {
            // The sandbox is gone: whether that was its program's end, its status tells.
            ending = e;
        }
    }

    private void replace(SandboxControl control, String bundle, String version) throws IOException {
        byte[] jar = BUILDS.computeIfAbsent(bundle + " " + version, unused -> build(bundle, version));
        SandboxControl.Answer answer = control.install(bundle, jar, LIMIT_MILLIS);
        if (!answer.problem().isEmpty()) {
            failure = answer.problem();
            return;
        }
        replaced++;
        Matcher pause = PAUSE.matcher(answer.done());
        int millis = pause.find() ? Integer.parseInt(pause.group(1)) : 0;
        if (millis > longestPauseMillis) {
            longestPauseMillis = millis;
            slowest = bundle;
        }
    }

    private static byte[] build(String bundle, String version) {
        try {
            return Build.of(bundle, version, Build.Change.NONE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * To be called when the sandbox has ended.
     *
     * @param result of its program
     * @return the same; a failure if a bundle could not be replaced
     */
    Runsc.Result end(Runsc.Result result) throws InterruptedException {
        closed.countDown();
        thread.join();
        System.out.println(program + ": " + replaced + " bundles replaced, longest pause " + longestPauseMillis + " ms (" + slowest
                + ")" + (ending == null ? "" : "; then the sandbox was gone: " + ending));
        return failure == null ? result
                : new Runsc.Result(FAILED, result.out(), result.err() + "after status " + result.status() + ": " + failure);
    }
}
