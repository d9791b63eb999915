// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import org.xml.sax.SAXException;

/**
 * What the framework asks of the bundles that the sandbox boots with, in one file made when the distribution is built: manifest
 * headers and the entries that are no classes. So no jar is opened at start, and the classes themselves come from the class path,
 * where the AOT cache has them.
 */
public final class BundleIndex {
    /** Headers that only build tools and people read. */
    private static final List<String> LEFT_OUT = List.of("Manifest-Version", "Created-By", "Build-Jdk-Spec", "Build-Jdk", "Built-By",
        "Archiver-Version", "Bnd-LastModified", "Tool", "Bundle-Description", "Bundle-DocURL", "Bundle-License", "Bundle-Vendor",
        "Bundle-Developers", "Bundle-SCM", "Bundle-Name", "Originally-Created-By");

    /**
     * Which package uses which: makes the resolver keep versions apart, of which there is one each (a rule of the build), and take
     * its time.
     */
    private static final Pattern USES = Pattern.compile(";uses:=(\"[^\"]*\"|[\\w.]+)");

    private BundleIndex() {
    }

    /**
     * @param digest of the jar
     * @param entries content by name
     */
    public record Entry(String symbolicName, String digest, Map<String, String> headers, Map<String, byte[]> entries) {}

    public static List<Entry> read(String file) throws IOException {
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(new FileInputStream(file), 1 << 16))) {
            List<Entry> bundles = new ArrayList<>();
            int count = in.readInt();
            for (int i = 0; i < count; i++) {
                String symbolicName = in.readUTF();
                String digest = in.readUTF();
                int headerCount = in.readInt();
                Map<String, String> headers = new LinkedHashMap<>();
                for (int j = 0; j < headerCount; j++) {
                    headers.put(in.readUTF(), in.readUTF());
                }
                int entryCount = in.readInt();
                Map<String, byte[]> entries = new LinkedHashMap<>();
                for (int j = 0; j < entryCount; j++) {
                    entries.put(in.readUTF(), in.readNBytes(in.readInt()));
                }
                bundles.add(new Entry(symbolicName, digest, Collections.unmodifiableMap(headers), entries));
            }
            return bundles;
        }
    }

    /** Writes the index of bundles: the index, then the jars in the order in which to install them. */
    public static void main(String[] arguments) throws IOException {
        try (OutputStream out = new BufferedOutputStream(new FileOutputStream(arguments[0]))) {
            write(Arrays.asList(arguments).subList(1, arguments.length), out);
        }
    }

    static void write(List<String> jars, OutputStream target) throws IOException {
        DataOutputStream out = new DataOutputStream(target);
        out.writeInt(jars.size());
        for (String jar : jars) {
            write(jar, out);
        }
        out.flush();
    }

    private static void write(String jar, DataOutputStream out) throws IOException {
        try (JarFile file = new JarFile(jar)) {
            Map<String, String> headers = new TreeMap<>();
            file.getManifest().getMainAttributes().forEach((name, value) -> headers.put(name.toString(), value.toString()));
            String symbolicName = headers.get("Bundle-SymbolicName");
            if (symbolicName == null) {
                throw new IOException(jar + " is no bundle");
            }
            headers.keySet().removeAll(LEFT_OUT);
            headers.replaceAll((name, value) -> USES.matcher(value).replaceAll(""));
            out.writeUTF(symbolicName.split(";")[0].strip());
            out.writeUTF(digest(Files.readAllBytes(Path.of(jar))));
            out.writeInt(headers.size());
            for (Map.Entry<String, String> header : headers.entrySet()) {
                out.writeUTF(header.getKey());
                out.writeUTF(header.getValue());
            }
            List<JarEntry> entries = file.stream().filter(BundleIndex::isWanted).toList();
            out.writeInt(entries.size());
            for (JarEntry entry : entries) {
                try (InputStream in = file.getInputStream(entry)) {
                    byte[] content = content(entry.getName(), in.readAllBytes());
                    out.writeUTF(entry.getName());
                    out.writeInt(content.length);
                    out.write(content);
                }
            }
        }
    }

    /** Component descriptions are recorded. */
    private static byte[] content(String name, byte[] content) throws IOException {
        try {
            return name.matches("OSGI-INF/[^/]*\\.xml") ? RecordedDescription.of(content) : content;
        } catch (SAXException e) {
            throw new IOException(name + ": " + e.getMessage(), e);
        }
    }

    static String digest(byte[] jar) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(jar));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static boolean isWanted(JarEntry entry) {
        String name = entry.getName();
        return !entry.isDirectory() && !name.endsWith(".class") && (name.startsWith("OSGI-INF/") || !name.contains("META-INF/"))
            && !name.startsWith("OSGI-OPT/");
    }
}
