// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.jvisor.api.host.HostCaller;
import org.jvisor.api.net.SocketFamily;
import org.jvisor.api.p9.P9Transport;
import org.jvisor.api.syscall.SyscallFamily;
import org.jvisor.api.syscall.SyscallInterceptor;
import org.jvisor.api.vfs.DeviceDriver;
import org.jvisor.api.vfs.FileSystemType;
import org.jvisor.api.vfs.ProcEntry;
import org.jvisor.itests.osgi.Build;
import org.jvisor.itests.swap.EvilBundle;
import org.jvisor.itests.swap.SwapBundle;

/**
 * Bundles that do all that a bundle can do, one after the other in one sandbox. Each is taken or refused in one line; the container
 * goes on, what served goes on serving, and the next bundle is taken as if nothing had been.
 */
class EvilBundlesTest {
    private static final String ID = "itest-evil";
    /** For what hangs: short enough to wait for. */
    private static final long LIMIT_MILLIS = 1000;
    private static final long LONGEST_LIMIT_MILLIS = 300_000;

    @TempDir
    Path folder;

    private Process process;
    private BufferedReader out;
    private SandboxControl control;
    private int lines;
    private int builds;

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
        List<String> line = new ArrayList<>(List.of(Runsc.PROGRAM.toString(), "--root", Runsc.stateFolder(), "--network", "none",
                "--ignore-cgroups", "run", "--bundle", folder.toString(), ID));
        process = new ProcessBuilder(line).redirectError(folder.resolve("err").toFile()).start();
        out = process.inputReader(StandardCharsets.ISO_8859_1);
        assertWorks();
        control = new SandboxControl(Path.of(Runsc.stateFolder(), ID, "control.sock"));
    }

    @AfterEach
    void end() throws Exception {
        try {
            assertWorks();
            control.close();
            process.getOutputStream().close();
            assertTrue(process.waitFor(60, TimeUnit.SECONDS));
            assertEquals(0, process.exitValue());
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    private void assertWorks() throws IOException {
        String line = "line " + ++lines;
        process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.ISO_8859_1));
        process.getOutputStream().flush();
        assertEquals(line, out.readLine(), () -> "runs: " + process.isAlive());
    }

    private static void assertOneLine(String text) {
        assertEquals(1, text.lines().count(), text);
        assertTrue(text.length() < 1000, text);
    }

    /** Refused, with one line that has the text; and nothing is left of it. */
    private void refused(String text, EvilBundle bundle) throws IOException {
        refused(text, bundle, 0);
        assertFalse(control.bundles().contains("\t" + EvilBundle.NAME + "\t"), control.bundles());
    }

    private void refused(String text, EvilBundle bundle, long limitMillis) throws IOException {
        SandboxControl.Answer answer = control.install("some", bundle.jar(), limitMillis);
        assertTrue(answer.problem().contains(text), () -> "\"" + answer.problem() + "\" should have: " + text + answer.done());
        assertOneLine(answer.problem());
        assertWorks();
    }

    /** Taken, and withdrawn again, which says this. */
    private void taken(EvilBundle bundle, String end) throws IOException {
        SandboxControl.Answer answer = control.install("some", bundle.jar());
        assertEquals("", answer.problem());
        assertTrue(answer.done().startsWith("installed " + EvilBundle.NAME + " 1.0.0"), answer.done());
        assertWorks();
        answer = control.uninstall(EvilBundle.NAME);
        assertOneLine(answer.problem() + answer.done());
        assertTrue((answer.problem() + answer.done()).contains(end), answer.problem() + answer.done());
        assertWorks();
    }

    private static EvilBundle evil() {
        return new EvilBundle();
    }

    /** Whoever served goes on, and is replaced when a good one comes. */
    private void assertReplaces(String bundle) throws IOException {
        SandboxControl.Answer answer = control.install("some", Build.of(bundle, "9." + ++builds, Build.Change.NONE));
        assertEquals("", answer.problem());
        assertTrue(answer.done().startsWith("replaced " + bundle + " "), answer.done());
        assertWorks();
    }

    // ---- what services can say about themselves

    @Test
    void shouldRefuseServicesThatTalkNonsense() throws IOException {
        Class<?> family = SyscallFamily.class;
        Class<?> interceptor = SyscallInterceptor.class;
        refused("Nonsense: calls() is null", evil().offering(family, "calls=null"));
        refused("Nonsense: calls() is out of range: -1", evil().offering(family, "calls=1,-1"));
        refused("Nonsense: calls() is out of range: 1024", evil().offering(family, "calls=1024"));
        refused("Nonsense: a handler of calls() is null", evil().offering(family, "handler=null"));
        refused("Nonsense: name() is null", evil().offering(family, "name=null"));
        refused("Nonsense: numbers() is null", evil().offering(interceptor, "numbers=null"));
        refused("Nonsense: numbers() is out of range: -1", evil().offering(interceptor, "numbers=-1"));
        refused("Nonsense: numbers() is out of range: 2147483647", evil().offering(interceptor, "numbers=0,2147483647"));
        refused("Nonsense: domain() is out of range: 99", evil().offering(SocketFamily.class, "domain=99"));
        refused("Nonsense: domain() is out of range: -1", evil().offering(SocketFamily.class, "domain=-1"));
        refused("Nonsense: name() is null", evil().offering(FileSystemType.class, "name=null"));
        refused("Nonsense: name() is no name", evil().offering(FileSystemType.class, "name=\\ "));
        refused("Nonsense: name() is no name: a?b", evil().offering(FileSystemType.class, "name=a\\nb"));
        refused("Nonsense: name() is no name", evil().offering(DeviceDriver.class, "name=" + "a".repeat(300)));
        refused("Nonsense: major() is out of range: 4096", evil().offering(DeviceDriver.class, "major=4096"));
        refused("Nonsense: lastMinor() is out of range: 7", evil().offering(DeviceDriver.class, "firstMinor=9"));
        refused("Nonsense: path() is null", evil().offering(ProcEntry.class, "path=null"));
        for (String path : List.of("", "/", "a", "a/", "/a/b", "a//b", "a/../b", "a/.", "a/\\u0001")) {
            refused("Nonsense: path() is no ", evil().offering(ProcEntry.class, "path=" + path));
        }
        refused("Nonsense: permissions() is out of range: 4095", evil().offering(ProcEntry.class, "permissions=4095"));
        refused("Nonsense: hostCalls() is null", evil().offering(HostCaller.class, "hostCalls=null"));
        refused("Nonsense: hostCalls() is null", evil().offering(HostCaller.class, "hostCalls=element"));
        refused("Nonsense: name() is null", evil().offering(P9Transport.class, "name=null"));
        taken(evil().offering(interceptor, ""), "withdrew evil 1.0.0");
    }

    @Test
    void shouldRefuseServicesThatFailOrHang() throws IOException {
        String fails = " fails when it is asked about itself: ";
        refused(fails + "java.lang.IllegalStateException: no good", evil().offering(SyscallFamily.class, "calls=throw"));
        refused(fails + "java.lang.NoClassDefFoundError: no good", evil().offering(SyscallFamily.class, "name=error"));
        refused(fails + "java.lang.IllegalStateException: no good", evil().offering(SyscallInterceptor.class, "numbers=throw"));
        refused(fails + "java.lang.StackOverflowError", evil().offering(SyscallInterceptor.class, "numbers=overflow"));
        refused(fails, evil().offering(SocketFamily.class, "domain=throw"));
        refused(fails, evil().offering(FileSystemType.class, "name=error"));
        refused(fails, evil().offering(DeviceDriver.class, "lastMinor=error"));
        refused(fails, evil().offering(ProcEntry.class, "path=overflow"));
        refused(fails, evil().offering(HostCaller.class, "hostCalls=throw"));
        refused("Nonsense failed: ", evil().offering(SyscallFamily.class, "new=throw"));
        refused("Nonsense failed: ", evil().offering(SyscallFamily.class, "new=overflow"));
        // All of these stay, for nobody can make them go; they serve nobody, and are nobody's predecessors.
        String late = "does not start: it did not come to an end within " + LIMIT_MILLIS + " ms";
        refused(late, evil().offering(SyscallInterceptor.class, "new=hang"), LIMIT_MILLIS);
        refused(late, evil().offering(SyscallInterceptor.class, "numbers=hang"), LIMIT_MILLIS);
        refused(late, evil().offering(SyscallFamily.class, "calls=hang"), LIMIT_MILLIS);
        taken(evil().offering(SyscallInterceptor.class, ""), "withdrew evil 1.0.0");
    }

    /** The others go on with what it leaves them, and have all of it back. */
    @Test
    void shouldSurviveBundlesThatEatTheHeap() throws IOException {
        for (int i = 0; i < 3; i++) {
            refused("OutOfMemoryError", evil().offering(SyscallFamily.class, "calls=fill"));
            refused("Nonsense failed: ", evil().offering(SyscallFamily.class, "new=fill"));
        }
        taken(evil().offering(SyscallInterceptor.class, ""), "withdrew evil 1.0.0");
    }

    // ---- what activators can do

    @Test
    void shouldRefuseActivatorsThatFail() throws IOException {
        refused("evil 1.0.0 does not start: ", evil().doing("throw"));
        refused("evil 1.0.0 does not start: ", evil().doing("error"));
        refused("evil 1.0.0 does not start: ", evil().with("Bundle-Activator", "no.Such"));
        refused("evil 1.0.0 does not start: ", evil().with("Bundle-Activator", "java.lang.String"));
        refused("it has no object for its service java.lang.Runnable", evil().doing("no service"));
        refused("it has no object for its service java.lang.Runnable", evil().doing("wrong service"));
        // The framework cannot stop such a one a second time: it stays, and is nobody's predecessor.
        refused("evil 1.0.0 does not start: it has stopped itself", evil().doing("stop itself"), LIMIT_MILLIS);
        refused("evil 1.0.0 does not start: ", evil().doing("uninstall itself"), LIMIT_MILLIS);
        SandboxControl.Answer answer = control.install("some", evil().doing("hang").jar(), LIMIT_MILLIS);
        assertTrue(answer.problem().contains("did not come to an end within"), answer.problem());
        taken(evil().doing("nothing"), "withdrew evil 1.0.0");
    }

    @Test
    void shouldTakeActivatorsThatDoMore() throws IOException {
        taken(evil().doing("threads"), "withdrew evil 1.0.0");
        taken(evil().doing("many services"), "withdrew evil 1.0.0");
        taken(evil().doing("hand over"), "withdrew evil 1.0.0");
        taken(evil().doing("hide"), "withdrew evil 1.0.0");
        // It calls back into the framework.
        taken(evil().doing("install another").entry("another.jar", SwapBundle.jar(1)), "withdrew evil 1.0.0");
        assertTrue(control.bundles().contains("\torg.jvisor.itests.swap\t"), control.bundles());
        assertEquals("", control.uninstall("org.jvisor.itests.swap").problem());
        taken(evil().doing("throw at the end"), "withdrew evil 1.0.0");
        taken(evil().doing("error at the end"), "withdrew evil 1.0.0");
        taken(evil().doing("hang at the end"), "no end after 10000 ms");
        // What hangs at its end does not serve, and is nobody's predecessor.
        SandboxControl.Answer answer = control.install("some", evil().doing("nothing").jar());
        assertEquals("", answer.problem());
        assertTrue(answer.done().startsWith("installed evil 1.0.0"), answer.done());
    }

    /** A hung build of a bundle that serves is not taken for the one that serves. */
    @Test
    void shouldReplaceWhoServesAfterBuildsThatHang() throws IOException {
        for (String deed : List.of("hang", "throw", "error")) {
            SandboxControl.Answer answer = control.install("some", EvilBundle.driving("useless").doing(deed).jar(), LIMIT_MILLIS);
            assertTrue(answer.problem().contains("fs-tmpfs 1.0.0 does not start, "), answer.problem());
            assertWorks();
        }
        assertReplaces("fs-tmpfs");
        assertReplaces("fs-tmpfs");
    }

    // ---- what drivers can do

    @Test
    void shouldRefuseDriversThatAnswerNonsense() throws IOException {
        refused(": the new version makes a org.jvisor.itests.swap.EvilDriver$Useless of it, but the ",
                EvilBundle.driving("useless"));
        refused("unknown to the new version", EvilBundle.driving("null"));
        refused("failed: java.lang.StackOverflowError", EvilBundle.driving("error"));
        refused("two lines", EvilBundle.driving("long"));
        refused("which is none of its own objects", EvilBundle.driving("none"));
        refused("no good", EvilBundle.driving("owns fails"));
        refused("but the ", EvilBundle.driving("all"));
        assertReplaces("fs-tmpfs");
    }

    @Test
    void shouldGoOnWithObjectsThatFailAfterTheSwitch() throws IOException {
        for (Build.Change change : List.of(Build.Change.RESUME_FAILS, Build.Change.DISCARD_FAILS, Build.Change.RETIRE_FAILS, Build.Change.NONE)) {
            SandboxControl.Answer answer = control.install("some", Build.of("fs-tmpfs", "9." + ++builds, change), 0);
            assertEquals("", answer.problem());
            assertWorks();
        }
        refused("but the ", EvilBundle.driving("useless"));
        for (Build.Change change : List.of(Build.Change.RESUME_HANGS, Build.Change.RETIRE_HANGS, Build.Change.NONE)) {
            long limitMillis = LIMIT_MILLIS;
            SandboxControl.Answer answer = control.install("some", Build.of("fs-tmpfs", "9." + ++builds, change), limitMillis);
            // On a busy machine it may not even come to the hand-over in that time.
            while (answer.problem().contains("not at rest within") && limitMillis < LONGEST_LIMIT_MILLIS) {
                limitMillis *= 2;
                answer = control.install("some", Build.of("fs-tmpfs", "9." + ++builds, change), limitMillis);
            }
            assertEquals("", answer.problem());
            assertWorks();
        }
        assertReplaces("fs-tmpfs");
    }

    /** A build that cannot take over has served nobody, though its ranking is higher. */
    @Test
    void shouldServeNobodyBeforeItHasTakenOver() throws IOException {
        // It would answer each mount and each open file with null.
        refused("but the ", EvilBundle.driving("useless").offering(FileSystemType.class, "name=tmpfs").with("Service-Component", "OSGI-INF/*.xml"));
        assertReplaces("fs-tmpfs");
    }

    // ---- what manifests can say

    @Test
    void shouldRefuseManifestsThatSayTooMuch() throws IOException {
        refused("it is a fragment of another bundle", evil().with("Fragment-Host", "system.bundle; extension:=framework"));
        refused("it is a fragment of another bundle", evil().with("Fragment-Host", "org.apache.felix.framework"));
        refused("it is a fragment of another bundle", evil().with("Fragment-Host", "fs-tmpfs"));
        refused("it brings native code", evil().with("Bundle-NativeCode", "lib/a.so;osname=Linux;processor=x86-64").entry("lib/a.so", new byte[9]));
        refused("it exports org.jvisor.api.vfs, which is not its own", evil().with("Export-Package", "org.jvisor.api.vfs;version=9"));
        refused("it exports org.osgi.framework, which is not its own", evil().with("Export-Package", "org.osgi.framework;version=9"));
        refused("is a bundle of the core", evil().with("Bundle-SymbolicName", "system.bundle"));
        refused("is a bundle of the core", evil().with("Bundle-SymbolicName", "org.apache.felix.framework"));
        refused("is a bundle of the core", evil().with("Bundle-SymbolicName", "sentry-core;singleton:=true"));
        refused("evil 1.0.0 does not start: ", evil().with("Import-Package", "no.such"));
        refused("evil 1.0.0 does not start: ", evil().with("Import-Package", "org.jvisor.core"));
        refused("evil 1.0.0 does not start: ", evil().with("Import-Package", "org.jvisor.api.vfs;version=\"[99,100)\""));
        refused("evil 1.0.0 does not start: ", evil().with("Require-Bundle", "no.such"));
        refused("evil 1.0.0 does not start: ", evil().with("Require-Bundle", "evil;bundle-version=2"));
        refused("evil 1.0.0 does not start: ", evil().with("Require-Capability", "no.such"));
        refused("evil 1.0.0 does not start: ", evil().with("Require-Capability", "osgi.ee;filter:=\"(&(osgi.ee=JavaSE)(version=99))\""));
        refused("evil 1.0.0 is no bundle: ", evil().with("Require-Capability", "a;filter:=\"((\""));
        refused("evil 1.0.0 is no bundle: ", evil().with("Import-Package", "a;;=,,\""));
        refused("evil 1.0.0 is no bundle: ", evil().with("Import-Package", "a,a"));
        refused("evil 1.0.0 is no bundle: ", evil().with("Export-Package", "java.lang"));
        refused("evil 1.0.0 is no bundle: ", evil().with("Bundle-ManifestVersion", "99"));
    }

    @Test
    void shouldTakeManifestsThatSayWhatOthersDo() throws IOException {
        taken(evil().with("Bundle-SymbolicName", "evil;singleton:=true"), "withdrew evil");
        taken(evil().with("Bundle-ActivationPolicy", "lazy"), "withdrew evil");
        taken(evil().with("DynamicImport-Package", "*").with("Import-Package", null), "withdrew evil");
        taken(evil().with("Bundle-ClassPath", ".,no.jar,another.jar").entry("another.jar", SwapBundle.jar(1)), "withdrew evil");
        taken(evil().with("Multi-Release", "true").entry("META-INF/versions/9/OSGI-INF/MANIFEST.MF",
                "Import-Package: org.jvisor.api.abi\n".getBytes(StandardCharsets.UTF_8)), "withdrew evil");
        taken(evil().with("Export-Package", "own;version=1").with("Import-Package", "own").entry("own/a", new byte[1]), "withdrew evil");
        taken(evil().with("Require-Bundle", "sentry-api").with("Import-Package", null), "withdrew evil");
        taken(evil().entry("META-INF/EVIL.SF", "Signature-Version: 1.0\n\n".getBytes(StandardCharsets.UTF_8))
                .entry("META-INF/EVIL.RSA", new byte[100]), "withdrew evil");
        taken(evil().with("Bundle-RequiredExecutionEnvironment", "JavaSE-1.8"), "withdrew evil");
        // A singleton takes its own place.
        for (String version : List.of("1.0.0", "2.0.0", "1.5.0")) {
            SandboxControl.Answer answer = control.install("some", evil().with("Bundle-SymbolicName", "evil;singleton:=true")
                    .with("Bundle-Version", version).jar());
            assertEquals("", answer.problem());
        }
        assertEquals("", control.uninstall("evil").problem());
    }

    // ---- what bundles can be called

    @Test
    void shouldRefuseNamesThatAreTaken() throws IOException {
        byte[] jar = evil().doing("nothing").jar();
        for (String name : List.of("fs-tmpfs", "boot:fs-tmpfs", "System Bundle", "sentry-core", "org.apache.felix.framework")) {
            String problem = control.install(name, jar).problem();
            assertTrue(problem.startsWith("the name " + name + " is taken by "), problem);
            assertOneLine(problem);
        }
        for (String name : List.of("", " ", "a\nb", "a\tb", "a".repeat(300))) {
            String problem = control.install(name, jar).problem();
            assertTrue(problem.startsWith("no name for a bundle: "), problem);
            assertOneLine(problem);
        }
        // The framework would read a file by such a location.
        for (String name : List.of("reference:file:/etc/passwd", "a#b", "boot:", "a:b", "evil")) {
            assertEquals("", control.install(name, jar).problem());
            assertTrue(control.bundles().contains("\t" + name + "#"), control.bundles());
            assertEquals("", control.uninstall(name).problem());
        }
        assertEquals("", control.install("fs-other", jar).problem());
        String problem = control.install("some", evil().with("Bundle-SymbolicName", "fs-other").jar()).problem();
        assertEquals("the name fs-other is taken by evil 1.0.0", problem);
        assertEquals("", control.uninstall("fs-other").problem());
        assertTrue(control.uninstall("a\nb").problem().startsWith("no bundle a?b"));
    }
}
