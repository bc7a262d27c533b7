#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make run` as a newcomer meets it: on a terminal of 80 columns, its hints typed in elsewhere,
Ctrl-C at any moment. Nothing stays behind: no process, no directory."""

import fcntl
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD") or TOP / "build").resolve()
sys.path.insert(0, str(TOP / "test" / "daemon"))
from report import Report  # noqa: E402

READY = "leaves nothing behind."


class Run:
    """run.sh behind a terminal, with a directory for temporary files of its own."""

    def __init__(self, temporary):
        self.temporary = temporary
        self.out = ""
        self.status = None
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            environment = {**os.environ, "TMPDIR": temporary, "BUILD": str(BUILD)}
            environment.pop("EDITOR", None)
            # As from a terminal, whatever this test was itself started with.
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            os.execve(TOP / "test" / "run" / "run.sh", ["run.sh"], environment)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def read(self, seconds):
        """Reads for so long; false when the other side has closed."""
        ready, _, _ = select.select([self.terminal], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self.terminal, 65536)
        except OSError:
            data = b""
        self.out += data.decode(errors="replace")
        return bool(data)

    def read_until(self, text, seconds):
        end = time.monotonic() + seconds
        while text not in self.out and time.monotonic() < end:
            if not self.read(0.05):
                return False
        return text in self.out

    def end(self, how, seconds=15):
        """Ctrl-C, or a signal to it alone; returns its exit status, None for a hang."""
        if how is None:
            os.write(self.terminal, b"\x03")
        else:
            os.kill(self.pid, how)
        end = time.monotonic() + seconds
        while self.read(0.05) and time.monotonic() < end:
            pass
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.terminal)
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return None

    def left(self):
        """What it has left: directories, and processes that know its directory."""
        found = [str(path) for path in pathlib.Path(self.temporary).iterdir()]
        for process in pathlib.Path("/proc").iterdir():
            if not process.name.isdigit() or int(process.name) == os.getpid():
                continue
            try:
                words = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            except OSError:
                continue
            if self.temporary.encode() in words:
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        return found


def says_no_error(out):
    return not re.search(r"\*\*\*|error|No such file|command not found|Terminated|Killed", out)


def hints(report, run):
    """The lines that it says to type, typed from another directory, without $EDITOR."""
    shell = re.search(r"^  (sh \S+/shell)\r?$", run.out, re.MULTILINE).group(1).split()
    lines = re.findall(r"^  ((?:virsh|curl|sed|homek8sctl) .*?)\r?$", run.out, re.MULTILINE)
    # What holds the name of a directory is as long as that is.
    wide = [line for line in run.out.splitlines()
            if len(line) > 80 and "\x1b" not in line and run.temporary not in line]
    report.saw("wide lines", "\n".join(wide))
    report.check("every line fits 80 columns", lambda: not wide)
    report.check("there are hints", lambda: len(lines) >= 6)
    environment = {"PATH": "/usr/bin:/bin", "TERM": "dumb"}
    for line in lines:
        done = subprocess.run([*shell, "-c", line], cwd="/", env=environment, text=True,
                              capture_output=True, timeout=30, check=False)
        report.saw(line, done.stdout + done.stderr)
        report.check(f"works as printed: {line}", lambda: done.returncode == 0)
        healed = subprocess.run([*shell, "-c", "homek8sctl wait --for=converged --timeout=30s"],
                                cwd="/", env=environment, capture_output=True, check=False)
        report.check("and the home is as written again", lambda: healed.returncode == 0)
    run.read_until("pool/default-pool: done: create pool", 10)
    report.check("it showed what was healed",
                 lambda: "vm/worker-1: done: start domain worker-1" in run.out)


def once(report, what, seconds, how=None, with_hints=False):
    """Ends it SECONDS after the start, or when it is ready for None."""
    with tempfile.TemporaryDirectory(prefix="homek8s-run.") as temporary:
        os.chmod(temporary, 0o755)
        run = Run(temporary)
        if seconds is None:
            report.check(f"{what}: ready", lambda: run.read_until(READY, 60))
        else:
            run.read_until("never", seconds)
        if with_hints:
            hints(report, run)
        status = run.end(how)
        report.saw("run.sh", run.out[-2000:])
        # Before it has said that it starts it is a script like any other.
        if "Starting" in run.out:
            report.check(f"{what}: ends, {status}", lambda: status == (143 if how else 0))
            report.check(f"{what}: nothing that looks like an error",
                         lambda: says_no_error(run.out))
        report.check(f"{what}: ends", lambda: status is not None)
        report.check(f"{what}: nothing stays", lambda: not run.left(), 2)


def main():
    for program in ("virsh", "curl", "setpriv"):
        if not shutil.which(program):
            print(f"needs {program}")
            sys.exit(77)
    report = Report()
    once(report, "Ctrl-C, after the hints", None, with_hints=True)
    for seconds in (0.1, 0.3, 0.6, 1, 1.5):
        once(report, f"Ctrl-C after {seconds} s", seconds)
    for number in range(3):
        once(report, f"Ctrl-C when it is ready, {number + 1}", None)
    once(report, "SIGTERM", None, signal.SIGTERM)
    once(report, "SIGHUP", 0.6, signal.SIGHUP)
    sys.exit(0 if report.summary() else 1)


main()
