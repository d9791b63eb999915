// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.exec;

import java.util.Arrays;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;

/** The first line of a script (execve(2)): {@code #!interpreter}, or {@code #!interpreter argument}. */
final class ScriptLine {

    /** So much of a file is looked at. */
    static final int HEAD = 256;

    /** Words start behind these. */
    private static final int MARK = 2;
    /** Nothing from here on counts, but for the end of the line. */
    private static final int LAST = HEAD - 1;

    private final byte[] interpreter;
    private final byte[] argument;

    /**
     * @param head the file's first bytes, with zeros behind its end
     * @throws ErrnoException ENOEXEC when no whole name of an interpreter is there, EACCES when it is empty; an argument may be cut, since an interpreter can
     *     read the script itself
     */
    ScriptLine(byte[] head) {
        int from = skipBlanks(head, MARK, LAST);
        int end = MARK;
        while (end < HEAD && head[end] != '\n') {
            end++;
        }
        if (end == HEAD) {
            end = LAST;
            if (from == LAST || word(head, from, HEAD) == HEAD) {
                // A name that these bytes do not end might be another's beginning.
                throw ErrnoException.of(Errno.ENOEXEC);
            }
        }
        while (end > MARK && isBlank(head[end - 1])) {
            end--;
        }
        if (from >= end) {
            throw ErrnoException.of(Errno.ENOEXEC);
        }
        int to = word(head, from, end);
        if (from == to) {
            // A zero: the name is empty, which Linux takes for the working directory, and no program.
            throw ErrnoException.of(Errno.EACCES);
        }
        interpreter = Arrays.copyOfRange(head, from, to);
        int at = to < end && head[to] != 0 ? skipBlanks(head, to, end) : end;
        argument = at < end ? Arrays.copyOfRange(head, at, ended(head, at, end)) : null;
    }

    private static int skipBlanks(byte[] head, int from, int end) {
        int at = from;
        while (at < end && isBlank(head[at])) {
            at++;
        }
        return at;
    }

    /** Where the word that begins at {@code from} ends: at a blank, a zero, or {@code end}. */
    private static int word(byte[] head, int from, int end) {
        int at = from;
        while (at < end && head[at] != 0 && !isBlank(head[at])) {
            at++;
        }
        return at;
    }

    /** Where the string that begins at {@code from} ends: at a zero, or {@code end}. */
    private static int ended(byte[] head, int from, int end) {
        int at = from;
        while (at < end && head[at] != 0) {
            at++;
        }
        return at;
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t';
    }

    byte[] interpreter() {
        return interpreter;
    }

    /** Null for none. */
    byte[] argument() {
        return argument;
    }
}
