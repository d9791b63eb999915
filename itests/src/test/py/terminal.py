# SPDX-License-Identifier: Apache-2.0
"""Drives a shell on a terminal of its own: terminal.py COMMAND…; says what went wrong, or "passed"."""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

LIMIT_SECONDS = 300
seen = b""


def window(rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def expect(text):
    """Reads on until this text comes; what is before it and itself are done with."""
    global seen
    deadline = time.monotonic() + LIMIT_SECONDS
    while text not in seen:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([terminal], [], [], left)[0]:
            sys.exit("waited in vain for %r; last came %r" % (text, seen[-500:]))
        try:
            seen += os.read(terminal, 4096)
        except OSError:
            sys.exit("the terminal was closed; waited for %r, last came %r" % (text, seen[-500:]))
    seen = seen[seen.index(text) + len(text):]


def send(text):
    os.write(terminal, text)


def press(key):
    """Until there is a prompt: on a busy machine bash may miss the first, on the host, too."""
    global seen
    while b"prompt> " not in seen:
        send(key)
        ready = select.select([terminal], [], [], 20)[0]
        while ready and b"prompt> " not in seen:
            seen += os.read(terminal, 4096)
            ready = select.select([terminal], [], [], 20)[0]
    expect(b"prompt> ")


# The shell begins when its terminal has been looked at: it changes the settings at once.
gate = os.pipe()
child, terminal = pty.fork()
if child == 0:
    os.read(gate[0], 1)
    os.execvp(sys.argv[1], sys.argv[1:])
window(30, 100)
before = termios.tcgetattr(terminal)
os.write(gate[1], b"x")
# The prompt is what no command's echo holds.
send(b"PS1='pro''mpt> '\n")
expect(b"prompt> ")
send(b"stty size\n")
expect(b"30 100")
expect(b"prompt> ")
send(b"tty; test -t 0 && test -t 1 && test -t 2 && echo all''three\n")
expect(b"/dev/pts/")
expect(b"allthree")
# A program that speaks has the terminal, so that what is typed then is for it.
send(b"sh -c 'echo slee\"\"ping; exec sleep 1000'\n")
expect(b"sleeping")
press(b"\x03")
send(b"sh -c 'echo read\"\"ing; exec cat'\n")
expect(b"reading")
send(b"hey\n")
expect(b"hey\r\nhey\r\n")
send(b"\x04")
expect(b"prompt> ")
send(b"sh -c 'echo slee\"\"ping; exec sleep 1000'\n")
expect(b"sleeping")
send(b"\x1a")
expect(b"Stopped")
expect(b"prompt> ")
send(b"jobs; kill %1; wait; echo wai''ted\n")
expect(b"Stopped")
expect(b"waited")
expect(b"prompt> ")
window(40, 120)
os.kill(child, signal.SIGWINCH)
send(b"while test \"$(stty size)\" != '40 120'; do sleep 0.1; done; echo resi''zed\n")
expect(b"resized")
send(b"exit 5\n")
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
if status != 5:
    sys.exit("status %d" % status)
after = termios.tcgetattr(terminal)
if after != before:
    sys.exit("the terminal's settings were %r and are %r" % (before, after))
print("passed")
