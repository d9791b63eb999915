// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import static org.jvisor.api.abi.Termios.*;

import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Termios2Layout;
import org.jvisor.api.abi.TermiosLayout;
import org.jvisor.api.state.StateRecord;

/** A terminal's settings (termios(3)), as a new terminal has them. Guarded by the terminal's lock. */
final class Settings {

    /** struct termio of the old TCGETA, ioctl_tty(2): four flags of 16 bits, the line discipline and 8 characters. */
    static final int TERMIO_SIZE = 18;
    private static final int TERMIO_LINE = 8;
    private static final int TERMIO_CC = 9;
    private static final int TERMIO_NCC = 8;
    private static final int LOW_HALF = 0xffff;
    private static final int DEFAULT_BAUD = 38_400;
    private static final char DEL = 0x7f;

    private int iflag = ICRNL | IXON;
    private int oflag = OPOST | ONLCR;
    private int cflag = B38400 | CS8 | CREAD;
    private int lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
    private int line;
    private int inputSpeed = DEFAULT_BAUD;
    private int outputSpeed = DEFAULT_BAUD;
    private final byte[] characters = new byte[NCCS];

    Settings() {
        set(VINTR, control('C'));
        set(VQUIT, control('\\'));
        set(VERASE, DEL);
        set(VKILL, control('U'));
        set(VEOF, control('D'));
        set(VMIN, 1);
        set(VSTART, control('Q'));
        set(VSTOP, control('S'));
        set(VSUSP, control('Z'));
        set(VREPRINT, control('R'));
        set(VDISCARD, control('O'));
        set(VWERASE, control('W'));
        set(VLNEXT, control('V'));
    }

    // ---- hand-over

    void save(StateRecord record) {
        record.put("iflag", iflag).put("oflag", oflag).put("cflag", cflag).put("lflag", lflag).put("line", line)
                .put("inputSpeed", inputSpeed).put("outputSpeed", outputSpeed).put("characters", characters.clone());
    }

    void adopt(StateRecord record) {
        iflag = record.getInt("iflag", iflag);
        oflag = record.getInt("oflag", oflag);
        cflag = record.getInt("cflag", cflag);
        lflag = record.getInt("lflag", lflag);
        line = record.getInt("line", line);
        inputSpeed = record.getInt("inputSpeed", inputSpeed);
        outputSpeed = record.getInt("outputSpeed", outputSpeed);
        byte[] saved = record.getBytes("characters");
        if (saved != null) {
            System.arraycopy(saved, 0, characters, 0, Math.min(saved.length, characters.length));
        }
    }

    private static int control(char letter) {
        return letter & 0x1f;
    }

    private void set(int which, int c) {
        characters[which] = (byte) c;
    }

    boolean input(int flag) {
        return (iflag & flag) != 0;
    }

    boolean output(int flag) {
        return (oflag & flag) != 0;
    }

    boolean local(int flag) {
        return (lflag & flag) != 0;
    }

    boolean canonical() {
        return local(ICANON);
    }

    boolean expandsTabs() {
        return (oflag & TABDLY) == TAB3;
    }

    /** A count, as VMIN and VTIME are. */
    int value(int which) {
        return characters[which] & 0xff;
    }

    /** Whether {@code c} is this special character; one that is VDISABLE never is. */
    boolean is(int which, int c) {
        int special = value(which);
        return special != VDISABLE && special == c;
    }

    /** Whether ^S and ^Q stop and start output: what packet mode tells of (ioctl_tty(2), TIOCPKT). */
    boolean usualFlowControl() {
        return input(IXON) && value(VSTOP) == control('S') && value(VSTART) == control('Q');
    }

    void write(byte[] termios) {
        TermiosLayout.iflag(termios, 0, iflag);
        TermiosLayout.oflag(termios, 0, oflag);
        TermiosLayout.cflag(termios, 0, cflag);
        TermiosLayout.lflag(termios, 0, lflag);
        TermiosLayout.line(termios, 0, line);
        System.arraycopy(characters, 0, termios, TermiosLayout.CC, NCCS);
    }

    void write2(byte[] termios2) {
        write(termios2);
        Termios2Layout.ispeed(termios2, 0, inputSpeed);
        Termios2Layout.ospeed(termios2, 0, outputSpeed);
    }

    void read(byte[] termios) {
        iflag = TermiosLayout.iflag(termios, 0);
        oflag = TermiosLayout.oflag(termios, 0);
        cflag = TermiosLayout.cflag(termios, 0);
        lflag = TermiosLayout.lflag(termios, 0);
        line = TermiosLayout.line(termios, 0);
        System.arraycopy(termios, TermiosLayout.CC, characters, 0, NCCS);
        // A pseudoterminal has neither: what is set is always this.
        cflag = cflag & ~(CSIZE | PARENB) | CS8 | CREAD;
    }

    void read2(byte[] termios2) {
        read(termios2);
        inputSpeed = Termios2Layout.ispeed(termios2, 0);
        outputSpeed = Termios2Layout.ospeed(termios2, 0);
    }

    void writeOld(byte[] termio) {
        Bytes.putShort(termio, 0, iflag);
        Bytes.putShort(termio, 2, oflag);
        Bytes.putShort(termio, 4, cflag);
        Bytes.putShort(termio, 6, lflag);
        Bytes.putByte(termio, TERMIO_LINE, line);
        System.arraycopy(characters, 0, termio, TERMIO_CC, TERMIO_NCC);
    }

    void readOld(byte[] termio) {
        iflag = iflag & ~LOW_HALF | Bytes.getUnsignedShort(termio, 0);
        oflag = oflag & ~LOW_HALF | Bytes.getUnsignedShort(termio, 2);
        cflag = cflag & ~LOW_HALF | Bytes.getUnsignedShort(termio, 4);
        lflag = lflag & ~LOW_HALF | Bytes.getUnsignedShort(termio, 6);
        line = Bytes.getUnsignedByte(termio, TERMIO_LINE);
        System.arraycopy(termio, TERMIO_CC, characters, 0, TERMIO_NCC);
    }
}
