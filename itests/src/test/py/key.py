# SPDX-License-Identifier: Apache-2.0
"""Presses a key once a command on a terminal of its own has said "ready": key.py HEX STATUS COMMAND…; "passed" if that ends it with STATUS."""
import os
import pty
import select
import sys
import time

LIMIT_SECONDS = 300

child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[3], sys.argv[3:])
seen = b""
pressed = False
deadline = time.monotonic() + LIMIT_SECONDS
while True:
    if not select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0]:
        sys.exit("waited in vain; came: %r" % seen)
    try:
        seen += os.read(terminal, 4096)
    except OSError:
        break
    if not pressed and b"ready" in seen:
        os.write(terminal, bytes.fromhex(sys.argv[1]))
        pressed = True
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
if status != int(sys.argv[2]):
    sys.exit("status %d; came: %r" % (status, seen))
print("passed")
