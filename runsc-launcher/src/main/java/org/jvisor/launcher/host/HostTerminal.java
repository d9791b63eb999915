// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.host;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.abi.Termios;
import org.jvisor.api.abi.TermiosLayout;
import org.jvisor.api.abi.WinsizeLayout;
import org.jvisor.api.host.HostKernel;

/** The caller's terminal: raw while a container has it, as it was afterwards. */
public final class HostTerminal implements AutoCloseable {
    private final HostKernel host;
    private final int fd;
    private byte[] before;

    public HostTerminal(HostKernel host, int fd) {
        this.host = host;
        this.fd = fd;
    }

    public static boolean isTerminal(HostKernel host, int fd) {
        long at = host.allocate(TermiosLayout.SIZE);
        try {
            return host.syscall(SyscallNr.IOCTL, fd, Termios.TCGETS, at) == 0;
        } finally {
            host.free(at);
        }
    }

    public int descriptor() {
        return fd;
    }

    /** As cfmakeraw(3) does: every byte goes to the container's own terminal, whose discipline treats it. */
    public void makeRaw() {
        long at = host.allocate(TermiosLayout.SIZE);
        try {
            HostCalls.check(host.syscall(SyscallNr.IOCTL, fd, Termios.TCGETS, at), "reading the terminal's settings");
            byte[] settings = new byte[TermiosLayout.SIZE];
            host.copyIn(at, settings, 0, settings.length);
            before = settings.clone();
            TermiosLayout.iflag(settings, 0, TermiosLayout.iflag(settings, 0) & ~(Termios.IGNBRK | Termios.BRKINT
                | Termios.PARMRK | Termios.ISTRIP | Termios.INLCR | Termios.IGNCR | Termios.ICRNL | Termios.IXON));
            TermiosLayout.oflag(settings, 0, TermiosLayout.oflag(settings, 0) & ~Termios.OPOST);
            TermiosLayout.lflag(settings, 0, TermiosLayout.lflag(settings, 0) & ~(Termios.ECHO | Termios.ECHONL
                | Termios.ICANON | Termios.ISIG | Termios.IEXTEN));
            TermiosLayout.cflag(settings, 0,
                TermiosLayout.cflag(settings, 0) & ~(Termios.CSIZE | Termios.PARENB) | Termios.CS8);
            settings[TermiosLayout.CC + Termios.VMIN] = 1;
            settings[TermiosLayout.CC + Termios.VTIME] = 0;
            host.copyOut(settings, 0, settings.length, at);
            set(at);
        } finally {
            host.free(at);
        }
    }

    /** Rows and columns; zeros when the terminal does not tell. */
    public int[] window() {
        long at = host.allocate(WinsizeLayout.SIZE);
        try {
            if (host.syscall(SyscallNr.IOCTL, fd, Termios.TIOCGWINSZ, at) != 0) {
                return new int[2];
            }
            return new int[] {Short.toUnsignedInt(host.getShort(at + WinsizeLayout.ROW)),
                Short.toUnsignedInt(host.getShort(at + WinsizeLayout.COL))};
        } finally {
            host.free(at);
        }
    }

    private void set(long settings) {
        long result;
        do {
            result = host.syscall(SyscallNr.IOCTL, fd, Termios.TCSETSW, settings);
        } while (result == -Errno.EINTR);
    }

    /** Gives the terminal back as it was. */
    @Override
    public void close() {
        if (before != null) {
            long at = host.allocate(TermiosLayout.SIZE);
            host.copyOut(before, 0, before.length, at);
            set(at);
            host.free(at);
            before = null;
        }
    }
}
