# SPDX-License-Identifier: MIT
"""A terminal of 80 columns and 24 rows for what prints otherwise there."""

import fcntl
import os
import pty
import struct
import subprocess
import termios


def on_terminal(home, *words, **env):
    """What homek8sctl prints on it; lines end in one line feed."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    env = {"LC_ALL": "C.UTF-8", "TERM": "xterm", **env}
    child = home.spawn(home.ctl_program, *words, env=env, stdin=theirs, stdout=theirs,
                       stderr=subprocess.STDOUT)
    os.close(theirs)
    text = b""
    try:
        while part := os.read(ours, 65536):
            text += part
    except OSError:  # how Linux says that the other side has gone
        pass
    os.close(ours)
    home.end(child, seconds=5)
    text = text.decode("utf-8", "replace").replace("\r\n", "\n")
    home.report.saw("terminal", text)
    return text
