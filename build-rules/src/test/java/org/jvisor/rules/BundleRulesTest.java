// SPDX-License-Identifier: Apache-2.0
package org.jvisor.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Node;

class BundleRulesTest {

    @TempDir
    Path folder;

    static final class Harmless {
        String text() {
            LockSupport.unpark(null);
            return "java.lang.foreign.Arena " + List.of();
        }
    }

    static final class ByForeign {
        MemorySegment segment() {
            return Arena.global().allocate(1);
        }
    }

    static final class ByLibrary {
        @SuppressWarnings("restricted")
        void load() {
            System.loadLibrary("c");
        }
    }

    static final class ByNativeMethod {
        @SuppressWarnings("restricted")
        native void call();
    }

    static final class BySynchronizedMethod {
        synchronized int number() {
            return 1;
        }
    }

    static final class BySynchronizedBlock {
        int number() {
            synchronized (this) {
                return 1;
            }
        }
    }

    static final class ByReentrantLock {
        final ReentrantLock lock = new ReentrantLock();
    }

    static final class ByThreadLocal {
        static final ThreadLocal<int[]> INTS = ThreadLocal.withInitial(() -> new int[1]);
    }

    /** The package is seen in the type of a member only. */
    static final class OfAnotherPackage {
        Node[] nodes;
    }

    private BundleFile bundle(String name, String imports, Class<?>... classes) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().putValue("Import-Package", imports);
        Path jar = folder.resolve(name + ".jar");
        try (OutputStream file = Files.newOutputStream(jar); JarOutputStream out = new JarOutputStream(file, manifest)) {
            for (Class<?> type : classes) {
                String path = type.getName().replace('.', '/') + ".class";
                out.putNextEntry(new JarEntry(path));
                out.write(type.getClassLoader().getResourceAsStream(path).readAllBytes());
                out.closeEntry();
            }
        }
        return BundleFile.read(jar);
    }

    private void assertNative(String reason, Class<?> type) throws IOException {
        List<String> broken = BundleRules.nativeCode(List.of(bundle("some", "a", type)));
        assertTrue(broken.contains("some: " + type.getName() + " " + reason), broken.toString());
        assertEquals(List.of(), BundleRules.nativeCode(List.of(bundle("host-ffm", "a", type))));
    }

    @Test
    void shouldFindNativeCode() throws IOException {
        assertNative("reaches native code by java.lang.foreign.Arena", ByForeign.class);
        assertNative("reaches native code by java.lang.System.loadLibrary", ByLibrary.class);
        assertNative("has native methods", ByNativeMethod.class);
        assertEquals(List.of(), BundleRules.nativeCode(List.of(bundle("some", "a", Harmless.class))));
    }

    @Test
    void shouldFindLocksWithoutARank() throws IOException {
        List<String> broken = BundleRules.locks(List.of(bundle("some", "a", BySynchronizedMethod.class, BySynchronizedBlock.class,
            ByReentrantLock.class, Harmless.class)));
        assertEquals(List.of("some: " + BySynchronizedMethod.class.getName() + " uses a monitor, which has no rank",
            "some: " + BySynchronizedBlock.class.getName() + " uses a monitor, which has no rank",
            "some: " + ByReentrantLock.class.getName() + " uses java.util.concurrent.locks.ReentrantLock, which has no rank"), broken);
    }

    @Test
    void shouldFindWhatEachBuildLeavesInThreads() throws IOException {
        assertEquals(List.of("some: " + ByThreadLocal.class.getName() + " uses java.lang.ThreadLocal, of which each build leaves something"),
            BundleRules.threads(List.of(bundle("some", "a", ByThreadLocal.class, Harmless.class))));
        assertEquals(List.of(), BundleRules.threads(List.of(bundle("sentry-vfs", "a", ByThreadLocal.class))));
    }

    @Test
    void shouldFindWhatIsNotImported() throws IOException {
        String name = OfAnotherPackage.class.getName();
        assertEquals(List.of("some: " + name + " uses org.w3c.dom.Node, which the bundle does not import"),
            BundleRules.wiring(List.of(bundle("some", "org.x;version=\"[1.0,2)\"", OfAnotherPackage.class))));
        assertEquals(List.of(),
            BundleRules.wiring(List.of(bundle("some", "a;version=\"[1.0,2)\",org.w3c.dom;b=c", OfAnotherPackage.class))));
    }

    @Test
    void shouldFindAPackageInTwoBundles() throws IOException {
        assertEquals(List.of("package org.jvisor.rules is in one and in two"),
            BundleRules.wiring(List.of(bundle("one", "a", Harmless.class), bundle("two", "a", ByLibrary.class))));
    }
}
