// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.osgi.framework.BundleException;

/** Whatever a jar is, the answer is its name or one line, soon. */
class BundleJarTest {
    private static final String MANIFEST = "META-INF/MANIFEST.MF";
    private static final String NAME = "Bundle-SymbolicName: some\n";
    private static final String DESCRIPTION = """
        <scr:component xmlns:scr="http://www.osgi.org/xmlns/scr/v1.3.0" name="some"><implementation class="some"/></scr:component>
        """;

    private static byte[] manifest(String headers) {
        return ("Manifest-Version: 1.0\nBundle-ManifestVersion: 2\n" + headers + "\n").getBytes(StandardCharsets.UTF_8);
    }

    /** @param content of further entries, by name */
    private static byte[] jar(String headers, Map<String, byte[]> content) {
        return zip(out -> {
            put(out, MANIFEST, manifest(headers));
            new TreeMap<>(content).forEach((name, bytes) -> put(out, name, bytes));
        });
    }

    private static byte[] jar(String headers) {
        return jar(headers, Map.of());
    }

    private static byte[] zip(Consumer<ZipOutputStream> content) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream out = new ZipOutputStream(bytes)) {
            content.accept(out);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return bytes.toByteArray();
    }

    private static void put(ZipOutputStream out, String name, byte[] content) {
        try {
            out.putNextEntry(new ZipEntry(name));
            out.write(content);
            out.closeEntry();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static BundleJar read(byte[] jar) {
        try {
            return BundleJar.read(jar);
        } catch (BundleException e) {
            throw new AssertionError(e);
        }
    }

    private static void assertRefused(String text, byte[] jar) {
        String message = assertThrows(BundleException.class, () -> BundleJar.read(jar)).getMessage();
        assertTrue(message.contains(text), message);
        assertEquals(1, message.lines().count(), message);
        assertTrue(message.length() < 300, message);
    }

    /** Puts something in place of what is in a jar. */
    private static byte[] changed(byte[] jar, Consumer<ByteBuffer> change) {
        byte[] copy = jar.clone();
        change.accept(ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN));
        return copy;
    }

    private static int directory(ByteBuffer jar) {
        return jar.getInt(jar.capacity() - 22 + 16);
    }

    @Test
    void shouldKnowABundle() {
        BundleJar bundle = read(jar("Bundle-SymbolicName: a.b-c_1;singleton:=true\nBundle-Version: 1.2.3\n"));
        assertEquals("a.b-c_1", bundle.symbolicName());
        assertEquals("1.2.3", bundle.version().toString());
        assertEquals(0, bundle.components());
        // What is exactly as long as a part that is unpacked at a time.
        read(jar(NAME, Map.of("a", new byte[1 << 16], "b", new byte[1 << 17], "c", new byte[0])));
        // A class for a newer Java, a signature that says nothing.
        read(jar(NAME + "Multi-Release: true\n", Map.of("META-INF/versions/99/a.class", new byte[1], "META-INF/A.SF", new byte[3])));
    }

    @Test
    void shouldRefuseWhatIsNoBundle() {
        String none = "has no Bundle-SymbolicName";
        assertRefused(none, jar(""));
        assertRefused(none, jar("Bundle-SymbolicName: ;\n"));
        assertRefused(none, jar("Bundle-SymbolicName: ;a:=b\n"));
        assertRefused(none, jar("Bundle-SymbolicName: \n"));
        for (String name : new String[] {"a b", "a..b", ".a", "a/b", "a,b", "\u00e4", "a\\E.*", "a".repeat(300)}) {
            assertRefused("its manifest is broken: Bundle-SymbolicName", jar("Bundle-SymbolicName: " + wrapped(name) + "\n"));
        }
        assertRefused("its manifest is broken: ", jar(NAME + "Bundle-Version: a.b\n"));
        assertRefused("its manifest is broken: ", jar(NAME + "Bundle-Version: 1.2.3.4.5\n"));
        assertRefused("its manifest is broken: ", jar(NAME + "Bundle-Version: -1\n"));
        assertRefused("its manifest is broken: ", zip(out -> put(out, MANIFEST, "no header\n".getBytes(StandardCharsets.UTF_8))));
        assertRefused("has no META-INF/MANIFEST.MF", zip(out -> put(out, "a", new byte[1])));
        assertRefused("it is no jar", new byte[0]);
        assertRefused("it is no jar", new byte[100_000]);
    }

    /** Lines of a manifest have 72 bytes. */
    private static String wrapped(String value) {
        return value.replaceAll("(.{40})", "$1\n ");
    }

    @Test
    void shouldRefuseWhatWouldBePartOfOthers() {
        assertRefused("it is a fragment of another bundle", jar(NAME + "Fragment-Host: system.bundle; extension:=framework\n"));
        assertRefused("it is a fragment of another bundle", jar(NAME + "Fragment-Host: fs-tmpfs\n"));
        assertRefused("it brings native code", jar(NAME + "Bundle-NativeCode: lib.so; osname=Linux\n"));
    }

    @Test
    void shouldCountComponents() {
        Map<String, byte[]> descriptions = Map.of("OSGI-INF/a.xml", DESCRIPTION.getBytes(StandardCharsets.UTF_8),
            "OSGI-INF/b.xml", DESCRIPTION.getBytes(StandardCharsets.UTF_8), "OSGI-INF/c/d.xml", DESCRIPTION.getBytes(StandardCharsets.UTF_8));
        assertEquals(1, read(jar(NAME + "Service-Component: OSGI-INF/a.xml\n", descriptions)).components());
        assertEquals(2, read(jar(NAME + "Service-Component: OSGI-INF/*.xml\n", descriptions)).components());
        assertEquals(2, read(jar(NAME + "Service-Component: OSGI-INF/a*l, OSGI-INF/*b*\n", descriptions)).components());
        assertEquals(3, read(jar(NAME + "Service-Component: OSGI-INF/*,OSGI-INF/c/d.xml\n", descriptions)).components());
        assertEquals(0, read(jar(NAME + "Service-Component: OSGI-INF/*.txt\n", descriptions)).components());
        assertRefused("the description of a component is missing: none.xml", jar(NAME + "Service-Component: none.xml\n", descriptions));
        for (String pattern : new String[] {"\\E[", "OSGI-INF/a.xml\\", "(", "\\Q", "OSGI-INF/?.xml", "[a", "{1", "+"}) {
            assertRefused("the description of a component is missing: ", jar(NAME + "Service-Component: " + pattern + "\n", descriptions));
            assertEquals(0, read(jar(NAME + "Service-Component: " + pattern + "*\n", descriptions)).components());
        }
    }

    @Test
    void shouldMatchNamesAsTheComponentRuntimeDoes() {
        assertTrue(ComponentDescriptions.matches("a/bcd.xml", "a/b*d.xml"));
        assertTrue(ComponentDescriptions.matches("a/b.xml", "a/**.xml"));
        assertTrue(ComponentDescriptions.matches("a/abab.xml", "a/*ab.xml"));
        assertEquals(false, ComponentDescriptions.matches("a/ab.xml", "a/ab*b.xml"));
        assertEquals(false, ComponentDescriptions.matches("a/b/c.xml", "a/*.xml"));
        assertEquals(false, ComponentDescriptions.matches("b.xml", "a/*.xml"));
    }

    @Test
    void shouldRefuseBrokenDescriptions() {
        String header = NAME + "Service-Component: a.xml\n";
        for (String text : new String[] {"", "<a>", "<a><b></a>", "\u0000", "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>",
            "<!DOCTYPE a [<!ENTITY b \"c\"><!ENTITY d \"&b;&b;\">]><a>&d;</a>"}) {
            assertRefused("the description of a component is broken: a.xml: ", jar(header, Map.of("a.xml", text.getBytes(StandardCharsets.UTF_8))));
        }
        String deep = "<a>".repeat(100_000) + "</a>".repeat(100_000);
        assertRefused("a.xml", jar(header, Map.of("a.xml", (deep + "<").getBytes(StandardCharsets.UTF_8))));
        String many = "<a>" + "<component/>".repeat(2000) + "</a>";
        assertRefused("more than 1000 components", jar(header, Map.of("a.xml", many.getBytes(StandardCharsets.UTF_8))));
    }

    // ---- jars that are more than they look

    @Test
    void shouldRefuseWhatGetsTooLargeWhenItIsUnpacked() {
        byte[] mebibyte = new byte[1 << 20];
        byte[] bomb = zip(out -> {
            put(out, MANIFEST, manifest(NAME + "Service-Component: *.xml\n"));
            for (int i = 0; i < 200; i++) {
                put(out, i + ".xml", mebibyte);
            }
        });
        assertTrue(bomb.length < 1 << 20);
        assertRefused("more than 128 MiB when it is unpacked", bomb);
        assertRefused("5.xml is longer than", jar(NAME + "Service-Component: 5.xml\n", Map.of("5.xml", new byte[2 << 20])));
        String padding = DESCRIPTION + " ".repeat((1 << 20) - DESCRIPTION.length());
        Map<String, byte[]> many = new TreeMap<>();
        for (int i = 0; i < 6; i++) {
            many.put(i + ".xml", padding.getBytes(StandardCharsets.UTF_8));
        }
        assertRefused("the descriptions of its components are longer than", jar(NAME + "Service-Component: *.xml\n", many));
        assertRefused("MANIFEST.MF is longer than", jar(NAME + "A: b\n".repeat(300_000)));
    }

    @Test
    void shouldRefuseTooManyEntriesAndTooLongNames() {
        assertRefused("10,000".replace(",", "") + " are the most", zip(out -> {
            put(out, MANIFEST, manifest(NAME));
            for (int i = 0; i < 10_000; i++) {
                put(out, "a" + i, new byte[0]);
            }
        }));
        assertRefused("an entry's name has 2000 bytes", jar(NAME, Map.of("a".repeat(2000), new byte[0])));
        for (String name : new String[] {"../a", "a/../../b", "/a", "a\u0000b"}) {
            assertRefused("leads out of it", jar(NAME, Map.of(name, new byte[0])));
        }
    }

    /** Sizes that are not what there is: whoever believed them would unpack without end, or too little. */
    @Test
    void shouldRefuseEntriesThatAreNotWhatTheDirectorySays() {
        byte[] whole = jar(NAME, Map.of("a", new byte[1 << 20]));
        assertRefused("its entry META-INF/MANIFEST.MF is damaged", changed(whole, jar -> jar.putInt(directory(jar) + 24, 10)));
        assertRefused("its entry META-INF/MANIFEST.MF is damaged", changed(whole, jar -> jar.putInt(directory(jar) + 24, 1 << 16)));
        assertRefused("its entry META-INF/MANIFEST.MF is damaged", changed(whole, jar -> jar.putInt(directory(jar) + 16, 0)));
        assertRefused("when it is unpacked", changed(whole, jar -> jar.putInt(directory(jar) + 24, -1)));
        assertRefused("it ends too early", changed(whole, jar -> jar.putInt(directory(jar) + 20, Integer.MAX_VALUE)));
        assertRefused("is packed in a way that is not known", changed(whole, jar -> jar.putShort(directory(jar) + 10, (short) 12)));
        assertRefused("is packed in a way that is not known", changed(whole, jar -> jar.putShort(directory(jar) + 10, (short) 0)));
        assertRefused("is encrypted", changed(whole, jar -> jar.putShort(directory(jar) + 8, (short) 1)));
        assertRefused("is not where it should be", changed(whole, jar -> jar.putInt(directory(jar) + 42, 7)));
        assertRefused("is not where it should be", changed(whole, jar -> jar.putInt(directory(jar) + 42, -1)));
        assertRefused("has two names", changed(whole, jar -> jar.put(30, (byte) 'X')));
    }

    @Test
    void shouldRefuseDirectoriesThatAreNotWhatTheirEndSays() {
        byte[] whole = jar(NAME, Map.of("a", new byte[10]));
        int end = whole.length - 22;
        assertRefused("fewer entries", changed(whole, jar -> jar.putShort(end + 8, (short) 9).putShort(end + 10, (short) 9)));
        assertRefused("more entries", changed(whole, jar -> jar.putShort(end + 8, (short) 1).putShort(end + 10, (short) 1)));
        assertRefused("one of several parts", changed(whole, jar -> jar.putShort(end + 8, (short) 1)));
        assertRefused("its directory is not where it should be", changed(whole, jar -> jar.putInt(end + 16, 0)));
        byte[] behind = new byte[whole.length + 5];
        System.arraycopy(whole, 0, behind, 5, whole.length);
        assertRefused("its directory is not where it should be", behind);
        assertRefused("beyond 4 GiB", changed(zipWithRoom(whole), jar -> jar.putInt(end, 0x07064b50)));
    }

    /** With 20 bytes between the directory and its end. */
    private static byte[] zipWithRoom(byte[] jar) {
        byte[] room = Arrays.copyOf(jar, jar.length + 20);
        System.arraycopy(jar, jar.length - 22, room, room.length - 22, 22);
        return room;
    }

    /** The framework would take the one, whoever looks through it the other. */
    @Test
    void shouldRefuseTwoEntriesOfOneName() {
        byte[] whole = jar(NAME, Map.of("a1", new byte[1], "a2", new byte[1]));
        byte[] twice = new String(whole, StandardCharsets.ISO_8859_1).replace("a2", "a1").getBytes(StandardCharsets.ISO_8859_1);
        assertRefused("it has two entries a1", twice);
        // Manifests, too.
        byte[] manifests = jar(NAME, Map.of("META-INF/MANIFEST.MG", manifest("Fragment-Host: system.bundle\n")));
        assertRefused("it has two entries META-INF/MANIFEST.MF",
            new String(manifests, StandardCharsets.ISO_8859_1).replace("MANIFEST.MG", "MANIFEST.MF").getBytes(StandardCharsets.ISO_8859_1));
    }

    /** One kernel of bytes that all entries are made of: small for its size, and large for its directory's. */
    @Test
    void shouldRefuseEntriesThatOverlap() {
        byte[] whole = jar(NAME, Map.of("a", new byte[1000], "b", new byte[1000]));
        byte[] same = changed(whole, jar -> {
            int first = directory(jar) + 46 + MANIFEST.length() + jar.getShort(directory(jar) + 30);
            int second = first + 46 + 1;
            int at = jar.getInt(first + 42);
            jar.putInt(second + 42, at).put(second + 46, (byte) 'a').put(at + 30, (byte) 'a');
            jar.put(first + 46, (byte) 'a');
        });
        assertRefused("two entries a", same);
        byte[] within = changed(whole, jar -> {
            int first = directory(jar) + 46 + MANIFEST.length() + jar.getShort(directory(jar) + 30);
            jar.putInt(first + 20, jar.getInt(first + 20) + 100);
        });
        assertRefused("begins within another", within);
    }

    @Test
    void shouldSurviveWhateverIsCutOrChanged() {
        byte[] whole = jar(NAME + "Service-Component: *.xml\n", Map.of("a.xml", DESCRIPTION.getBytes(StandardCharsets.UTF_8),
            "b", new byte[5000]));
        Random random = new Random(1);
        for (int i = 0; i < 3000; i++) {
            byte[] cut = Arrays.copyOf(whole, random.nextInt(whole.length));
            assertThrows(BundleException.class, () -> BundleJar.read(cut));
            byte[] damaged = whole.clone();
            for (int n = random.nextInt(4); n >= 0; n--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            try {
                BundleJar.read(damaged);
            } catch (BundleException e) {
                assertEquals(1, e.getMessage().lines().count(), e.getMessage());
            }
        }
    }

    @Test
    void shouldReadWhatIsStored() throws IOException {
        byte[] text = manifest(NAME);
        CRC32 sum = new CRC32();
        sum.update(text);
        byte[] stored = zip(out -> {
            out.setMethod(ZipOutputStream.STORED);
            ZipEntry entry = new ZipEntry(MANIFEST);
            entry.setSize(text.length);
            entry.setCrc(sum.getValue());
            try {
                out.putNextEntry(entry);
                out.write(text);
                out.closeEntry();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        assertEquals("some", read(stored).symbolicName());
    }
}
