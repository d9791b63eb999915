// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.jvisor.itests.osgi.Build;
import org.jvisor.itests.swap.Failing;
import org.jvisor.itests.swap.SwapBundle;

/** What {@code runsc bundle} takes and what it refuses; the container goes on whatever it is given. */
class BundleReplacementTest {
    private static final String ID = "itest-replacement";
    private static final Path BUNDLES = Path.of(System.getProperty("runsc")).resolve("../../bundles").normalize();

    /** For what hangs: short enough to wait for. */
    private static final long LIMIT_MILLIS = 1000;
    private static final long HOURS_MILLIS = 9_000_000;

    @TempDir
    Path folder;

    private Process process;
    private BufferedReader out;
    private SandboxControl control;
    private int lines;

    @BeforeEach
    void start() throws IOException {
        Path rootfs = Files.createDirectories(folder.resolve("rootfs"));
        Files.createDirectories(rootfs.resolve("tmp"));
        Files.copy(Programs.compile(Path.of("src/test/programs/echo.c")), rootfs.resolve("echo"));
        Files.writeString(folder.resolve("config.json"), """
            {"ociVersion": "1.0.0", "process": {"args": ["/echo"], "cwd": "/", "user": {"uid": 0, "gid": 0}},
             "root": {"path": "rootfs"}, "hostname": "test",
             "mounts": [{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}]}
            """);
        process = new ProcessBuilder(runsc("run", "--bundle", folder.toString(), ID))
            .redirectError(folder.resolve("err").toFile()).start();
        out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.ISO_8859_1));
        assertWorks();
        control = connect();
    }

    private static SandboxControl connect() throws IOException {
        return new SandboxControl(Path.of(Runsc.stateFolder(), ID, "control.sock"));
    }

    @AfterEach
    void end() throws Exception {
        try {
            assertWorks();
            control.close();
            process.getOutputStream().close();
            assertTrue(process.waitFor(300, TimeUnit.SECONDS));
            assertEquals(0, process.exitValue());
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    private void assertWorks() throws IOException {
        String line = "line " + ++lines;
        process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.ISO_8859_1));
        process.getOutputStream().flush();
        assertEquals(line, out.readLine(), () -> read(folder.resolve("err")));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static List<String> runsc(String... words) {
        List<String> line = new ArrayList<>(List.of(Runsc.PROGRAM.toString(), "--root", Runsc.stateFolder(), "--network", "none",
            "--ignore-cgroups"));
        Collections.addAll(line, words);
        return line;
    }

    private void assertInstalled(String message, byte[] jar) throws IOException {
        SandboxControl.Answer answer = control.install("some" + lines, jar);
        assertEquals("", answer.problem());
        assertEquals(message, done(answer.done()));
        assertWorks();
    }

    /** Without what it took. */
    private static String done(String text) {
        return text.strip().replaceFirst(", which took over \\d+ objects in \\d+ ms( \\(.*\\))?$", "");
    }

    private void assertRefused(String text, byte[] jar) throws IOException {
        assertRefused(text, jar, 0);
    }

    /** Refused with one line, which has the text. */
    private void assertRefused(String text, byte[] jar, long limitMillis) throws IOException {
        SandboxControl.Answer answer = control.install("some", jar, limitMillis);
        assertTrue(answer.problem().contains(text), answer.problem() + answer.done());
        assertEquals(1, answer.problem().lines().count(), answer.problem());
        assertWorks();
    }

    private static byte[] distributed(String name) throws IOException {
        return Files.readAllBytes(BUNDLES.resolve(name + ".jar"));
    }

    /** A bundle of the distribution with other headers. */
    private static byte[] changed(String name, Map<String, String> headers) throws IOException {
        try (JarFile jar = new JarFile(BUNDLES.resolve(name + ".jar").toFile())) {
            Manifest manifest = new Manifest(jar.getManifest());
            headers.forEach(manifest.getMainAttributes()::putValue);
            return jar(manifest, out -> {
                for (JarEntry entry : Collections.list(jar.entries())) {
                    if (!entry.isDirectory() && !entry.getName().equals(JarFile.MANIFEST_NAME)) {
                        try {
                            put(out, entry.getName(), jar.getInputStream(entry).readAllBytes());
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    }
                }
            });
        }
    }

    private static byte[] jar(Manifest manifest, Consumer<JarOutputStream> content) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JarOutputStream jar = new JarOutputStream(bytes, manifest)) {
            content.accept(jar);
        }
        return bytes.toByteArray();
    }

    private static void put(JarOutputStream jar, String name, byte[] content) {
        try {
            jar.putNextEntry(new JarEntry(name));
            jar.write(content);
            jar.closeEntry();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A bundle with one component, which fails as its class says. */
    private static byte[] plugin(Class<?> component, String description) throws IOException {
        Manifest manifest = new Manifest();
        Attributes headers = manifest.getMainAttributes();
        headers.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        headers.putValue("Bundle-ManifestVersion", "2");
        headers.putValue("Bundle-SymbolicName", "plugin");
        headers.putValue("Import-Package", "org.jvisor.api.abi,org.jvisor.api.host");
        headers.putValue("Service-Component", "OSGI-INF/plugin.xml");
        String path = component.getName().replace('.', '/') + ".class";
        return jar(manifest, out -> {
            put(out, "OSGI-INF/plugin.xml", description.getBytes(StandardCharsets.UTF_8));
            try {
                put(out, path, component.getClassLoader().getResourceAsStream(path).readAllBytes());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static String description(String implementation) {
        return """
            <scr:component xmlns:scr="http://www.osgi.org/xmlns/scr/v1.3.0" name="plugin">
              <service><provide interface="java.lang.Runnable"/></service>
              <implementation class="%s"/>
            </scr:component>
            """.formatted(implementation);
    }

    /** The other tests ask the sandbox itself. */
    @Test
    void shouldSayByRunscWhatWasDoneAndWhatWasRefused() throws IOException {
        Path jar = Files.write(folder.resolve("some.jar"), changed("syscalls-fs", Map.of("Bundle-Version", "1.0.0")));
        Runsc.Result done = Runsc.run(folder, "", runsc("bundle", "install", ID, jar.toString()));
        assertEquals("replaced syscalls-fs 0.1.0.SNAPSHOT, there from the boot, by 1.0.0", done(done.out()), done.err());
        assertEquals(0, done.status());
        Runsc.Result again = Runsc.run(folder, "", runsc("bundle", "--limit", "5000", "install", ID, jar.toString()));
        assertEquals(128, again.status());
        assertEquals("", again.out());
        assertTrue(again.err().contains("syscalls-fs 1.0.0 is there, from a jar with the same content"), again.err());
        assertEquals(1, again.err().lines().count(), again.err());
    }

    /** Small to send and large to unpack, large to send, too large, endless, and none: one line and the usual status. */
    @Test
    void shouldRefuseByRunscWhatIsTooLarge() throws IOException {
        Path bomb = Files.write(folder.resolve("bomb.jar"), bomb());
        assertTrue(Files.size(bomb) < 4 << 20);
        assertRefusedByRunsc("the jar has more than 128 MiB when it is unpacked", bomb);
        byte[] garbage = new byte[31 << 20];
        new Random(1).nextBytes(garbage);
        assertRefusedByRunsc("it is no jar", Files.write(folder.resolve("large.jar"), garbage));
        Path huge = Files.createFile(folder.resolve("huge.jar"));
        try (RandomAccessFile file = new RandomAccessFile(huge.toFile(), "rw")) {
            file.setLength(200L << 20);
        }
        assertRefusedByRunsc("huge.jar is larger than 32 MiB", huge);
        assertRefusedByRunsc("/dev/zero is larger than 32 MiB", Path.of("/dev/zero"));
        assertRefusedByRunsc("it is no jar", Path.of("/dev/null"));
        assertRefusedByRunsc("Is a directory", folder);
        assertRefusedByRunsc("No such file or directory", folder.resolve("none"));
    }

    /** 2,500 descriptions of components, of 1 MiB each. */
    private static byte[] bomb() throws IOException {
        Manifest manifest = new Manifest();
        Attributes headers = manifest.getMainAttributes();
        headers.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        headers.putValue("Bundle-ManifestVersion", "2");
        headers.putValue("Bundle-SymbolicName", "plugin");
        headers.putValue("Service-Component", "OSGI-INF/*.xml");
        byte[] mebibyte = new byte[1 << 20];
        return jar(manifest, out -> {
            for (int i = 0; i < 2500; i++) {
                put(out, "OSGI-INF/" + i + ".xml", mebibyte);
            }
        });
    }

    private void assertRefusedByRunsc(String text, Path jar) throws IOException {
        Runsc.Result result = Runsc.run(folder, "", runsc("bundle", "install", ID, jar.toString()));
        assertEquals(128, result.status(), result.err());
        assertEquals("", result.out());
        assertTrue(result.err().contains(text), result.err());
        assertEquals(1, result.err().lines().count(), result.err());
        assertWorks();
    }

    @Test
    void shouldReplaceABundleFromTheBootAndItsSuccessor() throws IOException {
        assertInstalled("replaced syscalls-fs 0.1.0.SNAPSHOT, there from the boot, by 1.0.0",
            changed("syscalls-fs", Map.of("Bundle-Version", "1.0.0")));
        assertInstalled("replaced syscalls-fs 1.0.0 by 1.0.0",
            changed("syscalls-fs", Map.of("Bundle-Version", "1.0.0", "Built-By", "another")));
        assertInstalled("replaced net-local 0.1.0.SNAPSHOT, there from the boot, by 1.0.0",
            changed("net-local", Map.of("Bundle-Version", "1.0.0")));
    }

    @Test
    void shouldRefuseWhatWouldChangeNothing() throws IOException {
        assertRefused("syscalls-mm 0.1.0.SNAPSHOT, there from the boot, is there, from a jar with the same content",
            distributed("syscalls-mm"));
        byte[] jar = changed("syscalls-mm", Map.of("Bundle-Version", "1.0.0"));
        assertInstalled("replaced syscalls-mm 0.1.0.SNAPSHOT, there from the boot, by 1.0.0", jar);
        assertRefused("syscalls-mm 1.0.0 is there, from a jar with the same content", jar);
    }

    @Test
    void shouldRefuseToReplaceTheCore() throws IOException {
        for (String name : List.of("sentry-api", "sentry-core", "sentry-mm", "sentry-vfs", "sentry-time", "assembler", "host-ffm", "host-jnr")) {
            assertRefused(name + " is a bundle of the core, which cannot be replaced yet while a sandbox runs",
                changed(name, Map.of("Bundle-Version", "1.0.0")));
        }
        String problem = control.uninstall("sentry-core").problem();
        assertTrue(problem.contains("cannot be withdrawn yet"), problem);
    }

    @Test
    void shouldRefuseToLoseSystemCalls() throws IOException {
        for (String name : List.of("syscalls-task", "syscalls-fs", "syscalls-mm", "syscalls-net")) {
            String problem = control.uninstall(name).problem();
            assertTrue(problem.startsWith(name + " is in use: it does the work for the system calls "), problem);
            assertEquals(1, problem.lines().count(), problem);
            assertWorks();
        }
        // Another family under its name would take its place, and leave its calls without an answer.
        assertRefused("syscalls-task 1.0.0 does not start, 0.1.0.SNAPSHOT goes on: it does not answer the system calls ",
            changed("syscalls-net", Map.of("Bundle-SymbolicName", "syscalls-task", "Bundle-Version", "1.0.0")));
        // The successor of a family from the boot is needed as much.
        assertInstalled("replaced syscalls-task 0.1.0.SNAPSHOT, there from the boot, by 1.0.0",
            changed("syscalls-task", Map.of("Bundle-Version", "1.0.0")));
        String problem = control.uninstall("syscalls-task").problem();
        assertTrue(problem.contains("is in use"), problem);
        assertWorks();
    }

    /** What another answers as well, or what came after the kernel's start, may go. */
    @Test
    void shouldWithdrawAFamilyWhoseCallsAreAnsweredOrItsOwn() throws IOException {
        SandboxControl.Answer answer = control.install("double", changed("syscalls-net", Map.of("Bundle-SymbolicName", "double")));
        assertEquals("", answer.problem());
        answer = control.uninstall("double");
        assertEquals("", answer.problem());
        answer = control.install("own", SwapBundle.jar(1));
        assertEquals("", answer.problem());
        answer = control.uninstall("own");
        assertEquals("", answer.problem());
        assertWorks();
    }

    @Test
    void shouldGoOnWithTheOldOneWhenTheNewOneDoesNotStart() throws IOException {
        assertRefused("syscalls-fs 1.0.0 does not start, 0.1.0.SNAPSHOT goes on: ",
            changed("syscalls-fs", Map.of("Bundle-Version", "1.0.0", "Import-Package", "no.such")));
        assertRefused("it does not offer org.jvisor.api.syscall.SyscallFamily, which the one that is there does",
            changed("syscalls-fs", Map.of("Bundle-Version", "1.0.0", "Service-Component", "")));
        assertRefused("Failing$OnActivation failed: ", plugin(Failing.OnActivation.class, description(Failing.OnActivation.class.getName())));
        assertRefused("plugin 0.0.0 does not start: it did not come to an end within",
            plugin(Failing.Never.class, description(Failing.Never.class.getName())), LIMIT_MILLIS);
        // What hung is gone, and the next one is taken.
        assertInstalled("installed plugin 0.0.0", plugin(Failing.Not.class, description(Failing.Not.class.getName())));
    }

    /** The container's /tmp is one of fs-tmpfs's objects. */
    @Test
    void shouldGoOnWithTheOldOneWhenAHandOverFails() throws IOException {
        assertRefused("fs-tmpfs 1.0.0 does not start, 0.1.0.SNAPSHOT goes on: failed: java.lang.IllegalStateException: no good",
            Build.of("fs-tmpfs", "1.0.0", Build.Change.ADOPT_FAILS));
        byte[] hanging = Build.of("fs-tmpfs", "1.0.0", Build.Change.ADOPT_HANGS);
        String problem = "";
        long limitMillis = LIMIT_MILLIS / 2;
        // On a busy machine it may not even come to the hand-over in that time.
        while (!problem.contains("no end after ") && limitMillis < HOURS_MILLIS / 2) {
            limitMillis *= 2;
            problem = control.install("some", hanging, limitMillis).problem();
        }
        assertTrue(problem.contains("0.1.0.SNAPSHOT goes on: no end after " + limitMillis + " ms, in java"), problem);
        assertWorks();
        assertInstalled("replaced fs-tmpfs 0.1.0.SNAPSHOT, there from the boot, by 1.0.0",
            Build.of("fs-tmpfs", "1.0.0", Build.Change.UNKNOWN_RECORDS));
        assertRefused("fs-tmpfs 2.0.0 does not start, 1.0.0 goes on: tmpfs knows no record of type unknown",
            Build.of("fs-tmpfs", "2.0.0", Build.Change.NONE));
        assertRefused("fs-tmpfs 2.0.0 does not start, 1.0.0 goes on: tmpfs knows no record of type unknown",
            Build.of("fs-tmpfs", "2.0.0", Build.Change.NEWER_SCHEMA));
    }

    @Test
    void shouldGoOnWithTheOldOneWhenItDoesNotSayWhatItIsMadeOf() throws IOException {
        assertInstalled("replaced fs-tmpfs 0.1.0.SNAPSHOT, there from the boot, by 1.0.0",
            Build.of("fs-tmpfs", "1.0.0", Build.Change.SAVE_FAILS));
        assertRefused("fs-tmpfs 2.0.0 does not start, 1.0.0 goes on: failed: java.lang.IllegalStateException: no good",
            Build.of("fs-tmpfs", "2.0.0", Build.Change.NONE));
    }

    /** The first one hangs in its activation, for longer than the test takes. */
    @Test
    void shouldRefuseAnInstallationDuringAnother() throws IOException {
        try (SandboxControl other = connect()) {
            other.beginInstall("hanging", plugin(Failing.Never.class, description(Failing.Never.class.getName())), HOURS_MILLIS);
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(300);
            while (control.uninstall("nothing").problem().equals("no bundle nothing") && System.nanoTime() - end < 0) {
                Thread.onSpinWait();
            }
            assertRefused("another bundle is being installed or withdrawn: try again",
                changed("syscalls-fs", Map.of("Bundle-Version", "1.0.0")));
        }
    }

    @Test
    void shouldRefuseWhatAsksForMoreThanTheSealAllows() throws IOException {
        assertRefused("plugin 0.0.0 does not start: " + Failing.Connecting.class.getName()
            + " asks for the host's connect, which the seal of this sandbox does not allow", plugin(Failing.Connecting.class,
            description(Failing.Connecting.class.getName()).replace("java.lang.Runnable", "org.jvisor.api.host.HostCaller")));
        assertWorks();
    }

    @Test
    void shouldRefuseBrokenDescriptions() throws IOException {
        Class<?> any = Failing.Not.class;
        assertRefused("the description of a component is broken: OSGI-INF/plugin.xml: ", plugin(any, "<component"));
        assertRefused("the description of a component is broken: OSGI-INF/plugin.xml: ",
            plugin(any, "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>"));
        assertRefused("takes 0 of its 1 descriptions of components", plugin(any, description(any.getName()).replace("implementation", "x")));
        assertRefused("the description of a component is missing: OSGI-INF/none.xml",
            changed("syscalls-fs", Map.of("Service-Component", "OSGI-INF/none.xml")));
    }

    @Test
    void shouldRefuseBrokenJars() throws IOException {
        assertRefused("it is no jar", new byte[0]);
        Random random = new Random(1);
        byte[] garbage = new byte[5000];
        random.nextBytes(garbage);
        assertRefused("it is no jar", garbage);
        assertRefused("has no Bundle-SymbolicName", changed("syscalls-fs", Map.of("Bundle-SymbolicName", "")));
        assertRefused("its manifest is broken: ", changed("syscalls-fs", Map.of("Bundle-Version", "a.b")));
        assertRefused("syscalls-fs 0.1.0.SNAPSHOT is no bundle: ", changed("syscalls-fs", Map.of("Import-Package", "a;;=,,\"")));
        byte[] whole = changed("syscalls-fs", Map.of("Bundle-Version", "1.0.0"));
        for (int i = 0; i < 20; i++) {
            byte[] cut = Arrays.copyOf(whole, 1 + random.nextInt(whole.length - 30));
            SandboxControl.Answer answer = control.install("cut", cut);
            assertEquals(1, answer.problem().lines().count(), answer.problem() + answer.done());
            assertWorks();
        }
    }
}
