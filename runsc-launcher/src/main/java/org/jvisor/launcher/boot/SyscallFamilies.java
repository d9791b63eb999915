// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.jvisor.api.syscall.SyscallFamily;
import org.jvisor.launcher.RunscException;
import org.xml.sax.Attributes;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;
import org.xml.sax.helpers.DefaultHandler;

/** The families of system calls in a folder of bundles, found by their components' descriptions; no framework runs. */
public final class SyscallFamilies {
    private static final String DESCRIPTIONS = "Service-Component";

    private SyscallFamilies() {
    }

    public static List<SyscallFamily> in(Path folder) {
        List<SyscallFamily> families = new ArrayList<>();
        try (Stream<Path> jars = Files.list(folder)) {
            for (Path jar : jars.filter(file -> file.toString().endsWith(".jar")).sorted().toList()) {
                for (String component : components(jar)) {
                    families.add(make(jar, component));
                }
            }
        } catch (IOException | SAXException e) {
            throw new RunscException("reading the bundles in " + folder + ": " + e.getMessage());
        }
        return families;
    }

    /** The names of the classes that are offered as families. */
    private static List<String> components(Path jar) throws IOException, SAXException {
        List<String> found = new ArrayList<>();
        try (JarFile file = new JarFile(jar.toFile())) {
            String paths = file.getManifest() == null ? null : file.getManifest().getMainAttributes().getValue(DESCRIPTIONS);
            for (String path : paths == null ? new String[0] : paths.split(",")) {
                try (InputStream in = file.getInputStream(file.getEntry(path.strip()))) {
                    Description description = new Description();
                    DescriptionParser.ofTheRuntime().parse(new InputSource(new ByteArrayInputStream(in.readAllBytes())), description);
                    if (description.isFamily) {
                        found.add(description.implementation);
                    }
                }
            }
        }
        return found;
    }

    private static SyscallFamily make(Path jar, String component) throws IOException {
        // Left open: the family's classes may be needed as long as it is.
        URLClassLoader loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, SyscallFamily.class.getClassLoader());
        try {
            return (SyscallFamily) loader.loadClass(component).getConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new RunscException(jar.getFileName() + ": " + component + " cannot be made: " + e);
        }
    }

    private static final class Description extends DefaultHandler {
        private String implementation;
        private boolean isFamily;

        @Override
        public void startElement(String uri, String local, String name, Attributes attributes) {
            if (local.equals("implementation")) {
                implementation = attributes.getValue("class");
            } else if (local.equals("provide")) {
                isFamily |= SyscallFamily.class.getName().equals(attributes.getValue("interface"));
            }
        }
    }
}
