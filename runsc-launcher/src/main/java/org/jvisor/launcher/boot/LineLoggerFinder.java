// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.System.Logger.Level;
import java.text.MessageFormat;
import java.time.Instant;
import java.util.ResourceBundle;

/**
 * The log of the Sentry and the gofer: a line a message on standard error, without the start-up time of java.util.logging. {@code -Djvisor.log=LEVEL}
 * says from which level on.
 */
public final class LineLoggerFinder extends System.LoggerFinder {
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
                boolean plain = parameters == null || parameters.length == 0;
                print(level, plain ? format : MessageFormat.format(format, parameters), null);
            }
        }

        private void print(Level level, String message, Throwable thrown) {
            StringWriter text = new StringWriter();
            // One piece, so that no other line comes in between.
            try (PrintWriter out = new PrintWriter(text)) {
                out.println(level.getName().charAt(0) + " " + Instant.now() + " " + name + "] " + message);
                if (thrown != null) {
                    thrown.printStackTrace(out);
                }
            }
            System.err.print(text);
        }
    }
}
