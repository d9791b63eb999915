// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.text.MessageFormat;
import java.time.Instant;
import java.util.ResourceBundle;

/**
 * The log of the Sentry and the gofer: a line a message on standard error, without the start-up time of java.util.logging. {@code -Djvisor.log=LEVEL}
 * says from which level on.
 */
public final class LineLoggerFinder extends System.LoggerFinder {
    /** Without buffers and encodings: writing to it takes no memory. */
    private static final FileOutputStream ERROR_STREAM = new FileOutputStream(FileDescriptor.err);
    private static final byte[] LOST = "W a message is lost, as there is no memory for it\n".getBytes(StandardCharsets.US_ASCII);
    private static final Level LEAST = Level.valueOf(System.getProperty("jvisor.log", "WARNING"));

    @Override
    public System.Logger getLogger(String name, Module module) {
        return new LineLogger(name);
    }

    private record LineLogger(String name) implements System.Logger {

        @Override
        public String getName() {
            return name;
        }

        @Override
        public boolean isLoggable(Level level) {
            return level.getSeverity() >= LEAST.getSeverity() && level != Level.OFF;
        }

        @Override
        public void log(Level level, ResourceBundle bundle, String message, Throwable thrown) {
            if (isLoggable(level)) {
                print(level, message, thrown);
            }
        }

        @Override
        public void log(Level level, ResourceBundle bundle, String format, Object... parameters) {
            if (isLoggable(level)) {
                print(level, text(format, parameters), null);
            }
        }

        private static String text(String format, Object... parameters) {
            try {
                return parameters == null || parameters.length == 0 ? format : MessageFormat.format(format, parameters);
            } catch (OutOfMemoryError | StackOverflowError e) {
                return format;
            }
        }

        private void print(Level level, String message, Throwable thrown) {
            // One piece, so that no other line comes in between.
            try (StringWriter text = new StringWriter(); PrintWriter out = new PrintWriter(text)) {
                out.println(level.getName().charAt(0) + " " + Instant.now() + " " + name + "] " + message);
                if (thrown != null) {
                    thrown.printStackTrace(out);
                }
                System.err.print(text);
            } catch (IOException | OutOfMemoryError | StackOverflowError e) {
                printLost();
            }
        }

        /** Who logs something has something more important to do next. */
        private static void printLost() {
            try {
                ERROR_STREAM.write(LOST);
            } catch (IOException | OutOfMemoryError | StackOverflowError e) {
                return;
            }
        }
    }
}
