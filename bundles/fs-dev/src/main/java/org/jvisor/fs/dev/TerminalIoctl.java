// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import static org.jvisor.api.abi.Termios.*;

import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Termios2Layout;
import org.jvisor.api.abi.TermiosLayout;
import org.jvisor.api.abi.WinsizeLayout;
import org.jvisor.api.kernel.Session;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.Mutex;

/** What ioctl_tty(2) says of both ends of a pseudoterminal. */
final class TerminalIoctl {

    private TerminalIoctl() {
    }

    /** @param master whether it is asked of the master, which no job control holds back */
    static long call(Terminal terminal, Task task, int command, long argument, boolean master) {
        return switch (command) {
            case TCGETS -> getSettings(terminal, task, argument, TermiosLayout.SIZE);
            case TCGETS2 -> getSettings(terminal, task, argument, Termios2Layout.SIZE);
            case TCGETA -> getSettings(terminal, task, argument, Settings.TERMIO_SIZE);
            case TCSETS, TCSETSW -> setSettings(terminal, task, argument, TermiosLayout.SIZE, false, master);
            case TCSETSF -> setSettings(terminal, task, argument, TermiosLayout.SIZE, true, master);
            case TCSETS2, TCSETSW2 -> setSettings(terminal, task, argument, Termios2Layout.SIZE, false, master);
            case TCSETSF2 -> setSettings(terminal, task, argument, Termios2Layout.SIZE, true, master);
            case TCSETA, TCSETAW -> setSettings(terminal, task, argument, Settings.TERMIO_SIZE, false, master);
            case TCSETAF -> setSettings(terminal, task, argument, Settings.TERMIO_SIZE, true, master);
            case TIOCGWINSZ -> getWindow(terminal, task, argument);
            case TIOCSWINSZ -> setWindow(terminal, task, argument);
            case TIOCGPGRP -> getForeground(terminal, task, argument, master);
            case TIOCSPGRP -> JobControl.setForeground(terminal, task, task.memory().getInt(argument));
            case TIOCGSID -> getSession(terminal, task, argument, master);
            case TIOCSCTTY -> JobControl.acquire(terminal, task, argument == 1 && task.hasCapability(Capability.CAP_SYS_ADMIN));
            case TIOCNOTTY -> JobControl.disown(terminal, task);
            case TIOCEXCL -> setExclusive(terminal, true);
            case TIOCNXCL -> setExclusive(terminal, false);
            case TIOCGEXCL -> put(task, argument, terminal.isExclusive() ? 1 : 0);
            case TCFLSH -> flush(terminal, task, (int) argument, master);
            case TCXONC -> flowControl(terminal, task, (int) argument, master);
            case TCSBRK, TCSBRKP -> checkChange(terminal, task, master);
            case TIOCSBRK, TIOCCBRK -> 0;
            case TIOCGETD -> put(task, argument, N_TTY);
            case TIOCSETD -> task.memory().getInt(argument) == N_TTY ? 0 : -Errno.EINVAL;
            case TIOCGSOFTCAR -> put(task, argument, 1);
            case TIOCSSOFTCAR -> 0;
            case TIOCGDEV -> put(task, argument, (int) terminal.device());
            // Typing in another's name is what escapes from a container are made of: as with dev.tty.legacy_tiocsti=0.
            case TIOCSTI -> -Errno.EIO;
            case TIOCCONS, TIOCLINUX -> -Errno.EPERM;
            case TIOCVHANGUP -> hangUp(terminal, task);
            default -> -Errno.ENOTTY;
        };
    }

    private static long put(Task task, long address, int value) {
        task.memory().putInt(address, value);
        return 0;
    }

    private static long checkChange(Terminal terminal, Task task, boolean master) {
        return master ? 0 : JobControl.check(terminal, task, Signals.SIGTTOU);
    }

    // ---- settings

    private static long getSettings(Terminal terminal, Task task, long address, int size) {
        byte[] b = new byte[size];
        try (Mutex _ = terminal.lock.take()) {
            switch (size) {
                case TermiosLayout.SIZE -> terminal.settings.write(b);
                case Termios2Layout.SIZE -> terminal.settings.write2(b);
                default -> terminal.settings.writeOld(b);
            }
        }
        task.memory().copyOut(b, 0, size, address);
        return 0;
    }

    /** Output is with the master as soon as it is written, so there is nothing to wait for. */
    private static long setSettings(Terminal terminal, Task task, long address, int size, boolean flush, boolean master) {
        long refused = checkChange(terminal, task, master);
        if (refused != 0) {
            return refused;
        }
        byte[] b = new byte[size];
        task.memory().copyIn(address, b, 0, size);
        if (flush) {
            terminal.flush(true, false);
        }
        terminal.changeSettings(() -> {
            switch (size) {
                case TermiosLayout.SIZE -> terminal.settings.read(b);
                case Termios2Layout.SIZE -> terminal.settings.read2(b);
                default -> terminal.settings.readOld(b);
            }
        });
        return 0;
    }

    private static long getWindow(Terminal terminal, Task task, long address) {
        byte[] b = new byte[WinsizeLayout.SIZE];
        terminal.copyWindow(b);
        task.memory().copyOut(b, 0, b.length, address);
        return 0;
    }

    private static long setWindow(Terminal terminal, Task task, long address) {
        byte[] b = new byte[WinsizeLayout.SIZE];
        task.memory().copyIn(address, b, 0, b.length);
        terminal.setWindow(b);
        return 0;
    }

    // ---- whose it is

    private static long getForeground(Terminal terminal, Task task, long address, boolean master) {
        return !master && !JobControl.controls(terminal, task) ? -Errno.ENOTTY : put(task, address, terminal.foreground());
    }

    private static long getSession(Terminal terminal, Task task, long address, boolean master) {
        Session session = terminal.session();
        if (session == null || !master && !JobControl.controls(terminal, task)) {
            return -Errno.ENOTTY;
        }
        return put(task, address, session.id());
    }

    private static long setExclusive(Terminal terminal, boolean on) {
        terminal.setExclusive(on);
        return 0;
    }

    private static long hangUp(Terminal terminal, Task task) {
        if (!task.hasCapability(Capability.CAP_SYS_ADMIN)) {
            return -Errno.EPERM;
        }
        terminal.hangUp();
        return 0;
    }

    // ---- flow

    private static long flush(Terminal terminal, Task task, int which, boolean master) {
        long refused = checkChange(terminal, task, master);
        if (refused != 0) {
            return refused;
        }
        switch (which) {
            case TCIFLUSH -> terminal.flush(true, false);
            case TCOFLUSH -> terminal.flush(false, true);
            case TCIOFLUSH -> terminal.flush(true, true);
            default -> {
                return -Errno.EINVAL;
            }
        }
        return 0;
    }

    private static long flowControl(Terminal terminal, Task task, int action, boolean master) {
        long refused = checkChange(terminal, task, master);
        if (refused != 0) {
            return refused;
        }
        switch (action) {
            case TCOOFF -> terminal.stopOutput(true);
            case TCOON -> terminal.stopOutput(false);
            case TCIOFF -> terminal.sendCharacter(VSTOP);
            case TCION -> terminal.sendCharacter(VSTART);
            default -> {
                return -Errno.EINVAL;
            }
        }
        return 0;
    }
}
