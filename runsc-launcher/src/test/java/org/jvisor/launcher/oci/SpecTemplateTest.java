// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.oci;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.jvisor.launcher.ByteStrings;

class SpecTemplateTest {

    @Test
    void shouldWriteWhatTheReaderReads() {
        String argument = "\u00c3\u00a4 \"quoted\"";
        OciConfig config = ConfigReader.read(ByteStrings.bytes(SpecTemplate.json(List.of("/bin/x", argument), "/w", "/run/netns/n")));
        assertEquals(List.of("/bin/x", argument), config.process().arguments());
        assertEquals("/w", config.process().workingDirectory());
        assertTrue(config.root().readOnly());
        assertEquals(3, config.mounts().size());
    }
}
