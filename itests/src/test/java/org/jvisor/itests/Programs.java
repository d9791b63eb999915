// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/** Compiles the tests' C programs, once each, as static programs. */
public final class Programs {

    private static final Set<Path> COMPILED = new HashSet<>();

    private Programs() {
    }

    /** @param source relative to this module, like src/test/c/threads.c */
    public static synchronized Path compile(Path source) {
        String name = source.getFileName().toString().replace(".c", "");
        Path binary = Path.of("target/programs").resolve(name).toAbsolutePath();
        if (COMPILED.contains(source)) {
            return binary;
        }
        try {
            Files.createDirectories(binary.getParent());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Runsc.Result result = Runsc.onHost(Path.of("").toAbsolutePath(), "gcc", "-O1", "-Wall", "-Werror", "-static", "-pthread", "-o",
                binary.toString(), source.toString());
        if (result.status() != 0) {
            throw new AssertionError(result.err());
        }
        COMPILED.add(source);
        return binary;
    }
}
