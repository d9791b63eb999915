// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests.swap;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;
import org.jvisor.api.state.Driver;
import org.jvisor.api.vfs.FileSystemType;

/** Makes the jars of bundles that are no good. */
public final class EvilBundle {

    public static final String NAME = "evil";

    private static final String IMPORTS = "org.osgi.framework,org.jvisor.api.abi,org.jvisor.api.host,org.jvisor.api.kernel,org.jvisor.api.net,"
            + "org.jvisor.api.p9,org.jvisor.api.state,org.jvisor.api.syscall,org.jvisor.api.vfs";

    private final Map<String, String> headers = new TreeMap<>(Map.of("Bundle-ManifestVersion", "2", "Bundle-SymbolicName", NAME,
            "Bundle-Version", "1.0.0", "Import-Package", IMPORTS));
    private final Map<String, byte[]> entries = new TreeMap<>();

    /** With another header, or one left out (null). */
    public EvilBundle with(String header, String value) {
        if (value == null) {
            headers.remove(header);
        } else {
            headers.put(header, value);
        }
        return this;
    }

    public EvilBundle entry(String name, byte[] content) {
        entries.put(name, content);
        return this;
    }

    /**
     * With {@link Nonsense} as a service.
     *
     * @param answers a line a method
     */
    public EvilBundle offering(Class<?> service, String answers) {
        entries.put("OSGI-INF/nonsense.xml", """
                <scr:component xmlns:scr="http://www.osgi.org/xmlns/scr/v1.3.0" name="nonsense">
                  <property name="service.ranking" type="Integer" value="1000"/>
                  <service><provide interface="%s"/></service>
                  <implementation class="%s"/>
                </scr:component>
                """.formatted(service.getName(), Nonsense.class.getName()).getBytes(StandardCharsets.UTF_8));
        entries.put("nonsense", answers.getBytes(StandardCharsets.UTF_8));
        add(Nonsense.class);
        return with("Service-Component", "OSGI-INF/nonsense.xml");
    }

    /** In the place of fs-tmpfs, which does the work for mounts and files, with {@link EvilDriver}. */
    public static EvilBundle driving(String deed) {
        EvilBundle bundle = new EvilBundle().with("Bundle-SymbolicName", "fs-tmpfs").offering(FileSystemType.class, "");
        bundle.entries.put("OSGI-INF/again.xml", new String(bundle.entries.get("OSGI-INF/nonsense.xml"), StandardCharsets.UTF_8)
                .replace("name=\"nonsense\"", "name=\"again\"").getBytes(StandardCharsets.UTF_8));
        bundle.entries.put("OSGI-INF/driver.xml", """
                <scr:component xmlns:scr="http://www.osgi.org/xmlns/scr/v1.3.0" name="driver">
                  <service><provide interface="%s"/></service>
                  <implementation class="%s"/>
                </scr:component>
                """.formatted(Driver.class.getName(), EvilDriver.class.getName()).getBytes(StandardCharsets.UTF_8));
        bundle.entries.put("driver", deed.getBytes(StandardCharsets.UTF_8));
        bundle.add(EvilDriver.class);
        return bundle.with("Service-Component", "OSGI-INF/*.xml");
    }

    /** With {@link EvilActivator}. */
    public EvilBundle doing(String deed) {
        entries.put("evil", deed.getBytes(StandardCharsets.UTF_8));
        add(EvilActivator.class);
        return with("Bundle-Activator", EvilActivator.class.getName());
    }

    /** A class with those that stand in it. */
    private void add(Class<?> type) {
        String base = type.getName().replace('.', '/');
        try {
            add(base + ".class");
            for (Class<?> inner : type.getDeclaredClasses()) {
                add(inner.getName().replace('.', '/') + ".class");
            }
            for (int i = 1; EvilBundle.class.getClassLoader().getResource(base + "$" + i + ".class") != null; i++) {
                add(base + "$" + i + ".class");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void add(String path) throws IOException {
        try (InputStream in = EvilBundle.class.getClassLoader().getResourceAsStream(path)) {
            entries.put(path, in.readAllBytes());
        }
    }

    public byte[] jar() {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        headers.forEach(manifest.getMainAttributes()::putValue);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JarOutputStream jar = new JarOutputStream(bytes, manifest)) {
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                jar.putNextEntry(new ZipEntry(entry.getKey()));
                jar.write(entry.getValue());
                jar.closeEntry();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
