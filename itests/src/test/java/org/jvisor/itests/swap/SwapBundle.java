// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests.swap;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;

/** Makes the jars of bundles with a family each: {@link Swap} in several, which differ in their answer and version. */
public final class SwapBundle {

    private static final String COMPONENT = """
            <?xml version="1.0" encoding="UTF-8"?>
            <scr:component xmlns:scr="http://www.osgi.org/xmlns/scr/v1.3.0" name="%1$s">
              <property name="service.ranking" type="Integer" value="1000"/>
              <service><provide interface="org.jvisor.api.syscall.SyscallFamily"/></service>
              <implementation class="%1$s"/>
            </scr:component>
            """;

    private SwapBundle() {
    }

    public static byte[] jar(int answer) {
        return jar(Swap.class, "org.jvisor.itests.swap", answer);
    }

    /** The bundle that holds {@link Hoard}. */
    public static byte[] hoard() {
        return jar(Hoard.class, "org.jvisor.itests.hoard", 1);
    }

    private static byte[] jar(Class<?> family, String symbolicName, int version) {
        Manifest manifest = new Manifest();
        Attributes headers = manifest.getMainAttributes();
        headers.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        headers.putValue("Bundle-ManifestVersion", "2");
        headers.putValue("Bundle-SymbolicName", symbolicName);
        headers.putValue("Bundle-Version", version + ".0.0");
        headers.putValue("Import-Package", "org.jvisor.api.abi,org.jvisor.api.kernel,org.jvisor.api.mm,org.jvisor.api.syscall,"
                + "org.jvisor.api.vfs,org.jvisor.api.wait");
        headers.putValue("Service-Component", "OSGI-INF/family.xml");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JarOutputStream jar = new JarOutputStream(bytes, manifest)) {
            put(jar, "OSGI-INF/family.xml", COMPONENT.formatted(family.getName()).getBytes(StandardCharsets.UTF_8));
            put(jar, "answer", Integer.toString(version).getBytes(StandardCharsets.UTF_8));
            put(jar, family);
            for (Class<?> part : family.getDeclaredClasses()) {
                put(jar, part);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static void put(JarOutputStream jar, Class<?> type) throws IOException {
        String file = type.getName().replace('.', '/') + ".class";
        try (InputStream in = SwapBundle.class.getClassLoader().getResourceAsStream(file)) {
            put(jar, file, in.readAllBytes());
        }
    }

    private static void put(JarOutputStream jar, String name, byte[] content) throws IOException {
        jar.putNextEntry(new ZipEntry(name));
        jar.write(content);
        jar.closeEntry();
    }
}
