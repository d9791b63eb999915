// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** Files of the host that were read before the Sentry was sealed. Any thread. */
final class HostTexts {

    /** By path; null where one cannot be read. Guarded by this. */
    private final Map<String, String> texts = new HashMap<>();

    synchronized String get(String path) {
        if (!texts.containsKey(path)) {
            texts.put(path, read(Path.of(path)));
        }
        return texts.get(path);
    }

    private static String read(Path path) {
        try {
            return Files.readString(path, StandardCharsets.ISO_8859_1);
        } catch (IOException absent) {
            return null;
        }
    }
}
