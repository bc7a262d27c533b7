# SPDX-License-Identifier: MIT
"""Checks of the whole-daemon tests: waiting for conditions, one line each, and the counts.

A condition is a function without arguments. It holds when it returns something true; what it
returns otherwise, or the error it raises because something is not there yet, is shown when the
time is over, together with everything that was read for it (`saw`).
"""

import inspect
import sys
import time

POLL = 0.05
MOST_SLOWER = 5

# An error of these kinds means "not so yet". Any other is a mistake in the test and ends it.
NOT_YET = (AssertionError, LookupError, OSError, ValueError, EOFError)


def starved():
    """For how long somebody had to wait for a processor so far, in seconds; 0: not known."""
    try:
        with open("/proc/pressure/cpu", encoding="ascii") as file:
            return int(file.readline().rsplit("total=", 1)[1]) / 1e6
    except OSError:
        return 0.0


class Report:
    """Counts checks and prints a line for each: `ok N - what (ms)` or `not ok N - what`."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.readings = []
        self.why = ""
        self.ended = lambda: None  # why it is of no use to wait any longer, if so
        self.beside = lambda: ""  # what is printed beside every failure

    def saw(self, what, text):
        """Notes what has been read, for the case that the condition does not come true."""
        self.readings.append(f"{what}: {str(text).strip()}")

    def ok(self, what, ms=None):
        self.passed += 1
        took = "" if ms is None else f" ({ms} ms)"
        print(f"ok {self.passed + self.failed} - {what}{took}", flush=True)
        return True

    def no(self, what, why=""):
        self.failed += 1
        print(f"not ok {self.passed + self.failed} - {what}")
        self._lines(why, 30)
        self._lines(self.beside(), 40)
        sys.stdout.flush()
        return False

    @staticmethod
    def _lines(text, most):
        for line in text.rstrip().splitlines()[:most]:
            print(f"#   {line[:400]}")

    def holds(self, condition):
        """Asks once. What was read and why it is not so are kept for the report."""
        self.readings.clear()
        try:
            value = condition()
        except NOT_YET as error:
            self.why = f"{type(error).__name__}: {error}"
            return False
        self.why = "" if value else f"it is {value!r}"
        return bool(value)

    def wait_until(self, condition, seconds):
        """Polls until the condition holds. Returns the ms it took, or None.

        While somebody has to wait for a processor time is up later, by MOST_SLOWER at most:
        what a busy machine takes longer for is no fault.
        """
        begun, before = time.monotonic(), starved()
        while not self.holds(condition):
            ended = self.ended()
            if ended:
                self.why += f"\n{ended}"
            passed = time.monotonic() - begun
            if ended or (passed >= seconds and max(
                    passed - (starved() - before), passed / MOST_SLOWER) >= seconds):
                return None
            time.sleep(POLL)
        return round((time.monotonic() - begun) * 1000)

    def explain(self, condition):
        """Why the last condition asked did not hold."""
        saw = [line for entry in self.readings[-4:] for line in entry.splitlines()[:8]]
        return "\n".join([f"not so: {source_of(condition)}", self.why, *saw])

    def check(self, what, condition, seconds=0):
        """The condition holds now, or within the seconds given."""
        ms = self.wait_until(condition, seconds)
        if ms is None:
            return self.no(what, self.explain(condition))
        return self.ok(what, ms)

    def heals(self, what, break_it, condition, seconds):
        """Does something and waits; the ms are counted from before it."""
        begun = time.monotonic()
        if break_it:
            break_it()
        if self.wait_until(condition, seconds) is None:
            return self.no(what, self.explain(condition))
        return self.ok(what, round((time.monotonic() - begun) * 1000))

    def stays(self, what, condition, seconds):
        """Holds all that time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not self.holds(condition):
                return self.no(what, self.explain(condition))
            time.sleep(2 * POLL)
        return self.ok(what)

    def summary(self):
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return self.failed == 0


def none_of(found):
    """True when nothing was found; what was is shown."""
    assert not found, found
    return True


def source_of(condition):
    """The text of a condition, to be shown."""
    name = getattr(condition, "__name__", str(condition))
    if name != "<lambda>":
        return name
    try:
        lines = inspect.getsource(condition).split()
    except OSError:
        return name
    return " ".join(lines)[:300]
