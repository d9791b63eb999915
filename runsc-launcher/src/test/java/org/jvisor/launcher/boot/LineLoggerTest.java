// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.System.Logger.Level;
import org.junit.jupiter.api.Test;

class LineLoggerTest {

    @Test
    void shouldWriteALineAMessageFromWarningsOn() {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        PrintStream before = System.err;
        System.setErr(new PrintStream(text, true));
        try {
            System.Logger logger = new LineLoggerFinder().getLogger("org.x", getClass().getModule());
            logger.log(Level.INFO, "quiet");
            logger.log(Level.WARNING, "{0} of {1}", 1, "two");
            logger.log(Level.ERROR, "braces {} stay", new IllegalStateException("why"));
        } finally {
            System.setErr(before);
        }
        String[] lines = text.toString().split("\n");
        assertTrue(lines[0].matches("W \\S+ org\\.x\\] 1 of two"), lines[0]);
        assertTrue(lines[1].endsWith("org.x] braces {} stay"), lines[1]);
        assertEquals("java.lang.IllegalStateException: why", lines[2]);
    }
}
