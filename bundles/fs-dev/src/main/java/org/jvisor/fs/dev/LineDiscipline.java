// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import static org.jvisor.api.abi.Termios.*;

import org.jvisor.api.abi.Signals;
import org.jvisor.api.state.StateRecord;

/**
 * What happens to each typed character: mapping, signals, flow control, editing of lines, echo (termios(3)). Guarded by the
 * terminal's lock; what it wants done outside of that, it asks of the {@link Effects}.
 */
final class LineDiscipline {

    private static final int DEL = 0x7f;
    private static final int PARITY_MARK = 0xff;
    private static final int TAB_WIDTH = 8;

    /** What typing causes beside input and echo. */
    interface Effects {
        /** To the foreground processes. */
        void signal(int signal);

        /** Output is stopped or goes on (IXON). */
        void stopOutput(boolean stop);

        /** A signal takes pending input and output away (NOFLSH). */
        void flush();
    }

    private final Settings settings;
    private final InputQueue input;
    private final OutputQueue output;
    private final Effects effects;

    private boolean stopped;
    private boolean nextIsLiteral;

    /** With ECHOPRT: between the backslash and the slash. */
    private boolean erasing;

    /** Where the line being edited begins on the screen. */
    private int lineColumn;

    LineDiscipline(Settings settings, InputQueue input, OutputQueue output, Effects effects) {
        this.settings = settings;
        this.input = input;
        this.output = output;
        this.effects = effects;
    }

    // ---- hand-over

    void save(StateRecord record) {
        record.put("stopped", stopped).put("nextIsLiteral", nextIsLiteral).put("erasing", erasing).put("lineColumn", lineColumn);
    }

    void adopt(StateRecord record) {
        stopped = record.getBoolean("stopped", false);
        nextIsLiteral = record.getBoolean("nextIsLiteral", false);
        erasing = record.getBoolean("erasing", false);
        lineColumn = record.getInt("lineColumn", 0);
    }

    boolean stopped() {
        return stopped;
    }

    void setStopped(boolean stop) {
        if (stopped != stop) {
            stopped = stop;
            output.hold(stop);
            effects.stopOutput(stop);
        }
    }

    /**
     * Whether a character can be taken. In canonical mode a line that is too long does not hold up what would end it: the rest of
     * it is dropped.
     */
    boolean accepts() {
        return !input.full() || settings.canonical() && input.complete() == 0;
    }

    void receive(int typed) {
        int c = settings.input(ISTRIP) ? typed & 0x7f : typed;
        if (nextIsLiteral) {
            nextIsLiteral = false;
            store(c);
            return;
        }
        if (settings.input(IUCLC) && settings.local(IEXTEN) && c >= 'A' && c <= 'Z') {
            c += 'a' - 'A';
        }
        if (flowControl(c) || signal(c)) {
            return;
        }
        if (stopped && settings.input(IXON) && settings.input(IXANY)) {
            setStopped(false);
        }
        if (c == '\r') {
            if (settings.input(IGNCR)) {
                return;
            }
            c = settings.input(ICRNL) ? '\n' : c;
        } else if (c == '\n' && settings.input(INLCR)) {
            c = '\r';
        }
        if (!settings.canonical() || !edit(c)) {
            store(c);
        }
    }

    private boolean flowControl(int c) {
        if (!settings.input(IXON)) {
            return false;
        }
        if (settings.is(VSTART, c)) {
            setStopped(false);
            return true;
        }
        if (settings.is(VSTOP, c)) {
            setStopped(true);
            return true;
        }
        return false;
    }

    private boolean signal(int c) {
        if (!settings.local(ISIG)) {
            return false;
        }
        int signal = settings.is(VINTR, c) ? Signals.SIGINT : settings.is(VQUIT, c) ? Signals.SIGQUIT
                : settings.is(VSUSP, c) ? Signals.SIGTSTP : 0;
        if (signal == 0) {
            return false;
        }
        effects.signal(signal);
        if (!settings.local(NOFLSH)) {
            input.clear();
            output.clear();
            effects.flush();
        }
        if (settings.input(IXON)) {
            setStopped(false);
        }
        if (settings.local(ECHO)) {
            echo(c);
        }
        return true;
    }

    // ---- canonical mode

    /** Whether {@code c} was a character that edits or ends a line. */
    private boolean edit(int c) {
        boolean extended = settings.local(IEXTEN);
        if (settings.is(VERASE, c)) {
            eraseOne();
        } else if (settings.is(VKILL, c)) {
            kill(c);
        } else if (extended && settings.is(VWERASE, c)) {
            eraseWord();
        } else if (extended && settings.is(VLNEXT, c)) {
            nextIsLiteral = true;
            if (settings.local(ECHO) && settings.local(ECHOCTL)) {
                finishErasing();
                output.add('^');
                output.add('\b');
            }
        } else if (extended && settings.local(ECHO) && settings.is(VREPRINT, c)) {
            reprint(c);
        } else if (c == '\n') {
            endLine(c, settings.local(ECHO) || settings.local(ECHONL));
        } else if (settings.is(VEOF, c)) {
            input.addFileEnd();
        } else if (settings.is(VEOL, c) || extended && settings.is(VEOL2, c)) {
            endLine(c, settings.local(ECHO));
        } else {
            return false;
        }
        return true;
    }

    private void endLine(int c, boolean echo) {
        if (echo) {
            finishErasing();
            noteLineColumn();
            if (c == '\n') {
                output.add('\n');
            } else {
                echo(c);
            }
        }
        input.addLineEnd(c);
    }

    private void eraseOne() {
        if (input.editing() == 0) {
            return;
        }
        eraseCharacter(settings.local(ECHO), !settings.local(ECHOE));
    }

    private void eraseWord() {
        boolean seenWord = false;
        while (input.editing() > 0) {
            boolean word = isWord(input.fromEnd(characterBytes() - 1));
            if (seenWord && !word) {
                return;
            }
            seenWord |= word;
            eraseCharacter(settings.local(ECHO), false);
        }
    }

    private static boolean isWord(int c) {
        return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80;
    }

    private void kill(int c) {
        boolean echo = settings.local(ECHO);
        if (echo && settings.local(ECHOK) && settings.local(ECHOKE) && settings.local(ECHOE)) {
            while (input.editing() > 0) {
                eraseCharacter(true, false);
            }
            return;
        }
        input.dropLast(input.editing());
        if (echo) {
            finishErasing();
            echo(c);
            if (settings.local(ECHOK)) {
                output.add('\n');
            }
        }
    }

    /** How many bytes the last character has: with IUTF8 those that continue one belong to it. */
    private int characterBytes() {
        int length = 1;
        if (settings.input(IUTF8)) {
            while (length < input.editing() && OutputQueue.isContinuation(input.fromEnd(length - 1))) {
                length++;
            }
        }
        return length;
    }

    /** @param showsErase whether the erase character is echoed in place of wiping the erased one out (no ECHOE) */
    private void eraseCharacter(boolean echo, boolean showsErase) {
        int length = characterBytes();
        int c = input.fromEnd(length - 1);
        if (!echo) {
            input.dropLast(length);
        } else if (settings.local(ECHOPRT)) {
            if (!erasing) {
                output.add('\\');
                erasing = true;
            }
            echo(c);
            for (int i = length - 2; i >= 0; i--) {
                output.add(input.fromEnd(i));
            }
            input.dropLast(length);
        } else if (showsErase) {
            input.dropLast(length);
            echo(settings.value(VERASE));
        } else if (c == '\t') {
            input.dropLast(length);
            wipeTab();
        } else {
            input.dropLast(length);
            boolean control = OutputQueue.isControl(c);
            if (control && settings.local(ECHOCTL)) {
                wipe();
            }
            if (!control || settings.local(ECHOCTL)) {
                wipe();
            }
        }
    }

    private void wipe() {
        output.add('\b');
        output.add(' ');
        output.add('\b');
    }

    /** Goes back over a tab, whose width follows from what is left of the line before it. */
    private void wipeTab() {
        int column = lineColumn;
        for (int i = 0; i < input.editing(); i++) {
            column += width(input.edited(i), column);
        }
        for (int back = TAB_WIDTH - (column & TAB_WIDTH - 1); back > 0; back--) {
            output.add('\b');
        }
    }

    private int width(int c, int column) {
        if (c == '\t') {
            return TAB_WIDTH - (column & TAB_WIDTH - 1);
        }
        if (OutputQueue.isControl(c)) {
            return settings.local(ECHOCTL) ? 2 : 0;
        }
        return settings.input(IUTF8) && OutputQueue.isContinuation(c) ? 0 : 1;
    }

    private void reprint(int c) {
        finishErasing();
        echo(c);
        output.add('\n');
        lineColumn = output.column();
        for (int i = 0; i < input.editing(); i++) {
            echo(input.edited(i));
        }
    }

    private void finishErasing() {
        if (erasing) {
            output.add('/');
            erasing = false;
        }
    }

    // ---- ordinary characters

    private void store(int c) {
        if (settings.local(ECHO)) {
            finishErasing();
            noteLineColumn();
            if (c == '\n') {
                output.add('\n');
            } else {
                echo(c);
            }
        }
        boolean marked = settings.input(PARMRK) && c == PARITY_MARK;
        if (!input.add(c)) {
            if (settings.input(IMAXBEL)) {
                output.add('\007');
            }
        } else if (marked) {
            input.add(c);
        }
    }

    private void noteLineColumn() {
        if (input.editing() == 0) {
            lineColumn = output.column();
        }
    }

    /** Control characters as ^X, with ECHOCTL. */
    private void echo(int c) {
        if (settings.local(ECHOCTL) && OutputQueue.isControl(c) && c != '\t' && c != '\n') {
            output.add('^');
            output.add(c == DEL ? '?' : c ^ 0x40);
        } else {
            output.add(c);
        }
    }
}
