// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import static org.jvisor.api.abi.Termios.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.TermiosLayout;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.Memory;
import org.jvisor.host.ffm.FfmHostKernel;
import org.jvisor.mm.MemoryComponent;

class TerminalTest {

    private static final Memory MEMORY = new MemoryComponent(new FfmHostKernel());
    private static final String WIPE = "\b \b";

    private final Terminal terminal = new Terminal(0, null);

    TerminalTest() {
        terminal.setLocked(false);
        terminal.open(null, 0);
    }

    private static IoBuffer source(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        return MEMORY.kernelBuffer(bytes, 0, bytes.length);
    }

    private void type(String keys) {
        assertEquals(keys.length(), terminal.master().write(source(keys)));
    }

    private String shown() {
        byte[] bytes = new byte[1 << 15];
        long n = terminal.master().read(MEMORY.kernelBuffer(bytes, 0, bytes.length));
        return n < 0 ? Errno.name((int) -n) : new String(bytes, 0, (int) n, StandardCharsets.ISO_8859_1);
    }

    private String read(int most) {
        byte[] bytes = new byte[most];
        long n = terminal.slave().read(MEMORY.kernelBuffer(bytes, 0, most), 1);
        return n < 0 ? Errno.name((int) -n) : new String(bytes, 0, (int) n, StandardCharsets.ISO_8859_1);
    }

    private void change(Consumer<byte[]> change) {
        byte[] termios = new byte[TermiosLayout.SIZE];
        terminal.settings.write(termios);
        change.accept(termios);
        terminal.changeSettings(() -> terminal.settings.read(termios));
    }

    private void local(int on, int off) {
        change(t -> TermiosLayout.lflag(t, 0, TermiosLayout.lflag(t, 0) & ~off | on));
    }

    @Test
    void shouldGiveLines() {
        type("one\rtwo\nthr");
        assertEquals("one\r\ntwo\r\nthr", shown());
        assertEquals("one\n", read(100));
        assertEquals("tw", read(2));
        assertEquals("o\n", read(100));
        assertEquals("EAGAIN", read(100));
        type("\4");
        assertEquals("thr", read(100));
        type("\4");
        assertEquals("", read(100));
        assertEquals("EAGAIN", read(100));
    }

    @Test
    void shouldEatTheEndOfFileBehindAFullRead() {
        type("abc\4");
        assertEquals("abc", read(3));
        assertEquals("EAGAIN", read(3));
    }

    @Test
    void shouldEdit() {
        type("abX\u007fc\n");
        assertEquals("abX" + WIPE + "c\r\n", shown());
        assertEquals("abc\n", read(10));
        type("word two\u0017x\n");
        assertEquals("word x\n", read(10));
        shown();
        type("\u0001\u0015ok\n");
        assertEquals("^A" + WIPE + WIPE + "ok\r\n", shown());
        assertEquals("ok\n", read(10));
        type("\u007f\u0015\u0017\n");
        assertEquals("\n", read(10));
    }

    @Test
    void shouldDropWhatMakesALineTooLong() {
        type("x".repeat(5000));
        type("\n");
        String line = read(10_000);
        assertEquals(4096, line.length());
        assertTrue(line.endsWith("\n"));
    }

    @Test
    void shouldHoldWhatNobodyReads() {
        local(0, ECHO);
        int lines = 0;
        while (terminal.master().write(source("0123456789abcde\n")) == 16) {
            lines++;
        }
        assertEquals(0, terminal.pollMaster() & Poll.POLLOUT);
        assertTrue(lines > 200);
        read(100);
        assertEquals(Poll.POLLOUT, terminal.pollMaster() & Poll.POLLOUT);
    }

    @Test
    void shouldGiveBytesAsTheyCome() {
        local(0, ICANON | ECHO | ISIG);
        change(t -> t[TermiosLayout.CC + VMIN] = 3);
        type("a\3");
        assertEquals(0, terminal.pollSlave() & Poll.POLLIN);
        byte[] bytes = new byte[10];
        assertEquals(-Errno.EAGAIN, terminal.slave().read(MEMORY.kernelBuffer(bytes, 0, 10), 3));
        assertEquals(2, terminal.slave().read(MEMORY.kernelBuffer(bytes, 0, 2), 3), "no more can be had at once");
        type("123");
        assertEquals(Poll.POLLIN, terminal.pollSlave() & Poll.POLLIN);
        local(ICANON, 0);
        assertEquals("123", read(10));
    }

    @Test
    void shouldStopAndStartOutput() {
        assertEquals(3, terminal.slave().write(source("a\nb")));
        assertEquals("a\r\nb", shown());
        type("\u0013");
        assertEquals(-Errno.EAGAIN, terminal.slave().write(source("x")));
        type("\u0011");
        assertEquals(1, terminal.slave().write(source("x")));
    }

    /** Echo is output (termios(3), IXON). */
    @Test
    void shouldHoldEchoWhileOutputIsStopped() {
        terminal.slave().write(source("out"));
        type("\u0013typed\n");
        assertEquals("typed\n", read(100));
        assertEquals("out", shown());
        assertEquals("EAGAIN", shown());
        assertEquals(0, terminal.pollMaster() & Poll.POLLIN);
        assertEquals(0, terminal.pendingOutput());
        // What is sent past it is not held.
        terminal.sendCharacter(VSTOP);
        assertEquals("\u0013", shown());
        type("\u0011");
        assertEquals("typed\r\n", shown());
        type("\u0013lost");
        type("\3");
        assertEquals("^C", shown());
        type("\u0013more\u0011");
        assertEquals("more", shown());
        terminal.stopOutput(true);
        type("x");
        assertEquals("EAGAIN", shown());
        terminal.stopOutput(false);
        assertEquals("x", shown());
    }

    @Test
    void shouldKeepPlaceForWhatAWriterFetches() {
        type("\u0013");
        for (int i = 0; i < 8; i++) {
            type("0123456789".repeat(50) + "\n");
            read(4096);
        }
        type("\u0011");
        long echoed = 0;
        long written = 0;
        while (terminal.slave().write(source("w")) == 1) {
            written++;
        }
        for (String some = shown(); !some.equals("EAGAIN"); some = shown()) {
            echoed += some.length();
        }
        assertEquals(8 * 502 + written, echoed);
    }

    @Test
    void shouldBoundItsOutput() {
        String much = "\n".repeat(100_000);
        long taken = terminal.slave().write(source(much));
        assertTrue(taken > 1000 && taken < 20_000);
        assertEquals(-Errno.EAGAIN, terminal.slave().write(source(much)));
        long all = 0;
        for (String some = shown(); !some.equals("EAGAIN"); some = shown()) {
            all += some.length();
        }
        assertEquals(2 * taken, all);
    }

    @Test
    void shouldFlushOnSignals() {
        terminal.slave().write(source("pending"));
        type("typed\3");
        assertEquals("^C", shown());
        assertEquals("EAGAIN", read(10));
    }

    @Test
    void shouldEndWithItsEnds() {
        terminal.slave().write(source("bye"));
        terminal.slaveClosed();
        assertEquals(Poll.POLLHUP, terminal.pollMaster() & Poll.POLLHUP);
        assertEquals("bye", shown());
        assertEquals("EIO", shown());
        terminal.open(null, 0);
        assertEquals("EAGAIN", shown());
        terminal.hangUp();
        assertEquals("", read(10));
        assertEquals(-Errno.EIO, terminal.slave().write(source("x")));
    }
}
