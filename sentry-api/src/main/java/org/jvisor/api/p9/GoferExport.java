// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.p9;

import java.util.ArrayList;
import java.util.List;

/**
 * A tree of host files that a gofer serves, and the line that tells a gofer of it: {@code ro} or {@code rw}, a space, the path.
 * A backslash and a line feed in the path are written as {@code \\} and {@code \n}. The n-th line is for the n-th connection.
 *
 * @param hostPath absolute, one char a byte, in the mount namespace that the gofer is started in
 */
public record GoferExport(String hostPath, boolean readOnly) {

    public GoferExport {
        if (!hostPath.startsWith("/")) {
            throw new IllegalArgumentException("an export's path is absolute: " + hostPath);
        }
    }

    /** The line, with its line feed. */
    public String toLine() {
        return (readOnly ? "ro " : "rw ") + hostPath.replace("\\", "\\\\").replace("\n", "\\n") + "\n";
    }

    /** @throws IllegalArgumentException when a line is not of that form */
    public static List<GoferExport> parse(String lines) {
        List<GoferExport> exports = new ArrayList<>();
        int begin = 0;
        while (begin < lines.length()) {
            int end = lines.indexOf('\n', begin);
            if (end < 0) {
                throw new IllegalArgumentException("a line without its end");
            }
            exports.add(parseLine(lines.substring(begin, end)));
            begin = end + 1;
        }
        return exports;
    }

    private static GoferExport parseLine(String line) {
        boolean readOnly = line.startsWith("ro ");
        if (!readOnly && !line.startsWith("rw ")) {
            throw new IllegalArgumentException("neither ro nor rw: " + line);
        }
        StringBuilder path = new StringBuilder();
        for (int i = 3; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c != '\\') {
                path.append(c);
            } else if (line.startsWith("\\n", i)) {
                path.append('\n');
                i++;
            } else if (line.startsWith("\\\\", i)) {
                path.append('\\');
                i++;
            } else {
                throw new IllegalArgumentException("an unknown escape: " + line);
            }
        }
        return new GoferExport(path.toString(), readOnly);
    }
}
