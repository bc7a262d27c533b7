#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plants each bug of planted.txt in a copy of its file, links the simulator with it, and shows
that one of the first 4,000 seeds finds it. The sources stay as they are; only what is changed is
compiled. An argument: only the bugs whose names contain it."""
import concurrent.futures
import os
import re
import shlex
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD", "build")
SEEDS = "1-4000"
AT_A_TIME = 2


class Bug:
    """One bug: its name, the file, and what takes the place of what."""

    def __init__(self, line):
        words = line.split()
        self.name, self.file, self.kind = words[1], words[-1], " ".join(words[2:-1])
        self.pairs = []

    def plant(self):
        """The file's text with the bug in it."""
        with open(self.file, encoding="utf-8") as source:
            text = source.read()
        for old, new in self.pairs:
            if text.count(old) != 1:
                raise ValueError(f"{self.file} has {text.count(old)} times: {old}")
        # Through marks, so that what one pair has put there is not the next one's.
        for number, (old, _) in enumerate(self.pairs):
            text = text.replace(old, f"\0{number}\0")
        for number, (_, new) in enumerate(self.pairs):
            text = text.replace(f"\0{number}\0", new)
        return text


def read_bugs():
    bugs = []
    with open("test/sim/planted.txt", encoding="utf-8") as table:
        for line in table.read().splitlines():
            if line.startswith("plant "):
                bugs.append(Bug(line))
            elif line.startswith("- "):
                bugs[-1].pairs.append([line[2:], ""])
            elif line.startswith("+"):
                bugs[-1].pairs[-1][1] = line[2:]
    return bugs


def build(bug, flags):
    """The program with the bug."""
    compiler, linker, objects, libraries = (shlex.split(line) for line in flags)
    directory = f"{BUILD}/planted/{bug.name}"
    source, made = f"{directory}/{os.path.basename(bug.file)}", f"{directory}/bug.o"
    os.makedirs(directory, exist_ok=True)
    with open(source, "w", encoding="utf-8") as out:
        out.write(bug.plant())
    # A warning is no concern of a bug's.
    compiler = [word for word in compiler if word != "-Werror"] + ["-w", "-MF", f"{made}.d"]
    subprocess.run(compiler + ["-c", "-o", made, source], check=True)
    planted = f"/{re.sub(r'[.]c$', '.o', bug.file)}"
    rest = [o for o in objects if not o.endswith(planted)]
    program = f"{directory}/sim"
    subprocess.run(linker + ["-o", program, made] + rest + libraries, check=True)
    return program


def look_for(program):
    """What the seeds find, as text; None: nothing."""
    run = subprocess.run([program, "--seeds", SEEDS, "--no-shrink"],
                         stdout=subprocess.PIPE, text=True, timeout=200, check=False)
    found = re.search(r"^FAIL (seed \d+) .*?: (.*)", run.stdout, re.M)
    return f"{found.group(1)}: {found.group(2)[:120]}" if found else None


def one(bug, flags):
    """With the bug something is found, without it nothing."""
    began = time.monotonic()
    try:
        found = look_for(build(bug, flags))
    except (ValueError, OSError, subprocess.SubprocessError) as error:
        found, reason = None, str(error)
    else:
        reason = "no seed finds it"
    took = time.monotonic() - began
    word = "ok" if found else "not ok"
    print(f"{word} - {bug.name} {bug.kind}: {found or reason} ({took:.1f} s)", flush=True)
    return bool(found)


def main():
    os.chdir(TOP)
    with open(f"{BUILD}/test/sim.flags", encoding="utf-8") as lines:
        flags = lines.read().splitlines()
    found = look_for(f"{BUILD}/test/sim")
    print(f"not ok - found without any bug: {found}" if found else "ok - nothing without a bug")
    if found:
        return 1
    bugs = [b for b in read_bugs() if all(word in b.name for word in sys.argv[1:])]
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        found = list(pool.map(lambda bug: one(bug, flags), bugs))
    print(f"{sum(found)} passed, {len(found) - sum(found)} failed")
    return 0 if found and all(found) else 1


sys.exit(main())
