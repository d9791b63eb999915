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

/** Makes the jars of bundles that hold {@link Swap} and differ in their answer and version. */
public final class SwapBundle {

    private static final String COMPONENT = """
            <?xml version="1.0" encoding="UTF-8"?>
            <scr:component xmlns:scr="http://www.osgi.org/xmlns/scr/v1.3.0" name="org.jvisor.itests.swap.Swap">
              <property name="service.ranking" type="Integer" value="1000"/>
              <service><provide interface="org.jvisor.api.syscall.SyscallFamily"/></service>
              <implementation class="org.jvisor.itests.swap.Swap"/>
            </scr:component>
            """;

    private SwapBundle() {
    }

    public static byte[] jar(int answer) {
        Manifest manifest = new Manifest();
        Attributes headers = manifest.getMainAttributes();
        headers.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        headers.putValue("Bundle-ManifestVersion", "2");
        headers.putValue("Bundle-SymbolicName", "org.jvisor.itests.swap");
        headers.putValue("Bundle-Version", answer + ".0.0");
        headers.putValue("Import-Package", "org.jvisor.api.abi,org.jvisor.api.kernel,org.jvisor.api.mm,org.jvisor.api.syscall,"
                + "org.jvisor.api.vfs");
        headers.putValue("Service-Component", "OSGI-INF/swap.xml");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JarOutputStream jar = new JarOutputStream(bytes, manifest)) {
            put(jar, "OSGI-INF/swap.xml", COMPONENT.getBytes(StandardCharsets.UTF_8));
            put(jar, "answer", Integer.toString(answer).getBytes(StandardCharsets.UTF_8));
            try (InputStream in = SwapBundle.class.getResourceAsStream("Swap.class")) {
                put(jar, "org/jvisor/itests/swap/Swap.class", in.readAllBytes());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static void put(JarOutputStream jar, String name, byte[] content) throws IOException {
        jar.putNextEntry(new ZipEntry(name));
        jar.write(content);
        jar.closeEntry();
    }
}
