// SPDX-License-Identifier: Apache-2.0
package org.jvisor.rules;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/**
 * A jar as the rules see it.
 *
 * @param imports the packages that its manifest imports
 */
record BundleFile(String name, List<ClassUses> classes, Set<String> packages, Set<String> imports) {

    static BundleFile read(Path jar) throws IOException {
        List<ClassUses> classes = new ArrayList<>();
        Set<String> packages = new TreeSet<>();
        Set<String> imports = new TreeSet<>();
        try (JarFile file = new JarFile(jar.toFile())) {
            for (JarEntry entry : Collections.list(file.entries())) {
                if (entry.getName().endsWith(".class") && !entry.getName().startsWith("META-INF/")
                    && !entry.getName().endsWith("module-info.class") && !entry.getName().startsWith("OSGI-OPT/")) {
                    ClassUses uses = ClassUses.of(file.getInputStream(entry).readAllBytes());
                    classes.add(uses);
                    packages.add(ClassUses.packageOf(uses.name()));
                }
            }
            if (file.getManifest() != null) {
                Attributes headers = file.getManifest().getMainAttributes();
                addPackages(headers.getValue("Import-Package"), imports);
                addPackages(headers.getValue("DynamicImport-Package"), imports);
            }
        }
        return new BundleFile(jar.getFileName().toString().replaceFirst("\\.jar$", ""), classes, packages, imports);
    }

    /** Clauses are separated by commas, a clause's paths and parameters by semicolons; both may be inside of quotes. */
    static void addPackages(String header, Set<String> packages) {
        if (header == null) {
            return;
        }
        for (String clause : header.split(",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)")) {
            for (String part : clause.split(";(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)")) {
                if (part.indexOf('=') < 0) {
                    packages.add(part.strip());
                }
            }
        }
    }
}
