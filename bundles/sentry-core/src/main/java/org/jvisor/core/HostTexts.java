// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Files of the host that were read before the Sentry was sealed. Any thread. */
final class HostTexts {

    /** By path; empty where one cannot be read. */
    private final Map<String, Optional<String>> texts = new ConcurrentHashMap<>();

    String get(String path) {
        return texts.computeIfAbsent(path, unread -> read(Path.of(unread))).orElse(null);
    }

    private static Optional<String> read(Path path) {
        try {
            return Optional.of(Files.readString(path, StandardCharsets.ISO_8859_1));
        } catch (IOException absent) {
            return Optional.empty();
        }
    }
}
