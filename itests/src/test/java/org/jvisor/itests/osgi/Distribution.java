// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests.osgi;

import static org.ops4j.pax.exam.CoreOptions.bundle;
import static org.ops4j.pax.exam.CoreOptions.frameworkProperty;
import static org.ops4j.pax.exam.CoreOptions.junitBundles;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jvisor.itests.Programs;
import org.ops4j.pax.exam.Option;

/** The bundles of the distribution in a framework of a test's own, each with a class loader of its own. */
final class Distribution {

    private Distribution() {
    }

    static Option[] options() throws IOException {
        List<Option> options = new ArrayList<>(List.of(junitBundles(), frameworkProperty("org.osgi.framework.bsnversion").value("multiple"),
                frameworkProperty("org.osgi.framework.bootdelegation").value("sun.*,jdk.*,com.sun.*")));
        for (String program : ProgramRoot.PROGRAMS) {
            Programs.compile(Path.of("src/test/programs/" + program + ".c"));
        }
        for (String name : List.of("org.osgi.util.function", "org.osgi.util.promise", "org.osgi.service.component",
                "org.apache.felix.scr")) {
            options.add(bundle(folder().resolve("lib/" + name + ".jar").toUri().toString()));
        }
        try (Stream<Path> jars = Files.list(folder().resolve("bundles"))) {
            // The root file system of these tests is no gofer's.
            jars.filter(jar -> !jar.getFileName().toString().matches("(fs-gofer|host-jnr).*")).sorted()
                    .forEach(jar -> options.add(bundle(jar.toUri().toString())));
        }
        return options.toArray(new Option[0]);
    }

    /** A bundle's jar. */
    static Path jar(String symbolicName) {
        return folder().resolve("bundles/" + symbolicName + ".jar");
    }

    private static Path folder() {
        return Path.of(System.getProperty("runsc")).toAbsolutePath().normalize().getParent().getParent();
    }
}
