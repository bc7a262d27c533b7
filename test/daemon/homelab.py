# SPDX-License-Identifier: MIT
"""A private home for whole-daemon tests, as test/run/home.sh makes one for people.

A libvirtd with libvirt's test driver, the project's own API server and homek8sd, all in one
temporary directory. Whatever way the test ends, no process and no directory stays behind.

A test is a script: functions that take a Home, and run(...) with them in order. Names of such
functions on its command line run these alone, behind the first one.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

from clients import FakeApi
from observe import Ended, Observer
from proxy import Proxy
from report import Report

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD") or TOP / "build").resolve()
EXAMPLE = TOP / "conf" / "example" / "desired.d" / "home.yaml"

os.environ["PATH"] += ":/usr/sbin:/sbin"  # where libvirtd lies, which is not in every user's path

# libvirtd runs for a user who may do nothing here and keeps to the directories that XDG names: it
# neither finds nor starts anything of this machine.
AS_NOBODY = "setpriv --reuid nobody --regid nogroup --clear-groups".split()
if os.getuid() != 0:
    AS_NOBODY = []


class Home(Observer):
    """The home: its parts can be started, stopped, killed and hung one by one."""

    def __init__(self, report):
        self.report = report
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="homek8s."))
        self.etc = self.work / "etc"
        self.state_dir = self.work / "state"
        self.desired = self.etc / "desired.d"
        self.socket = self.work / "homek8s.sock"
        self.log_file = self.work / "homek8sd.out"
        self.calls_file = self.work / "libvirt" / "calls.log"
        self.uri = f"test+unix:///default?socket={self.work}/libvirt/libvirt-sock"
        self.program = BUILD / "homek8sd"
        self.ctl_program = BUILD / "homek8sctl"
        # Bars of time and memory are for the plain build; a sanitizer's is slower.
        self.slower = 10 if b"__asan_init" in self.program.read_bytes() else 1
        self.daemon = self.libvirtd = self.holder = self.api_server = None
        self.libvirtd_starts = 0
        self.children = []
        self.api = self.proxy = None
        self.api_port = 0
        self.log_mark = self.calls_mark = 0
        self.resync, self.kubernetes, self.more = "2s", "on", ""
        self.first_start = "converge"
        self.vm = "minimum_uptime: 1s, start_attempts: 1000"
        report.ended = self._daemon_ended
        report.beside = self._beside
        for path in (self.desired, self.state_dir, self.work / "libvirt", self.work / "xdg"):
            path.mkdir(parents=True)
        for path in (self.work, self.work / "libvirt"):
            path.chmod(0o755)
        self.log_file.touch()
        self.calls_file.touch()

    # Processes.

    def spawn(self, *command, log=None, env=None, **rest):
        """Starts a process in a group of its own, which ends with the test."""
        with open(log or os.devnull, "ab") as out:
            child = subprocess.Popen(
                [str(word) for word in command],
                stdin=rest.pop("stdin", subprocess.DEVNULL),
                stdout=rest.pop("stdout", out),
                stderr=rest.pop("stderr", subprocess.STDOUT),
                start_new_session=True,
                env={**os.environ, "HOMEK8S_SOCKET": str(self.socket), **(env or {})},
                **rest,
            )
        self.children.append(child)
        return child

    def end(self, child, signum=signal.SIGKILL, seconds=15):
        """Ends a child and its group. Returns its exit status."""
        if child is None:
            return None
        if child.poll() is None:
            self._signal_group(child, signum)
            try:
                child.wait(seconds)
            except subprocess.TimeoutExpired:
                pass
        self._signal_group(child, signal.SIGKILL)
        status = child.wait()
        if child in self.children:
            self.children.remove(child)
        return status

    @staticmethod
    def _signal_group(child, signum):
        try:
            os.killpg(child.pid, signum)
        except (ProcessLookupError, PermissionError):
            pass

    def close(self):
        """Ends everything, newest first, and removes the directory."""
        self.end(self.daemon, signal.SIGTERM)
        if self.proxy:
            self.proxy.close()
        for child in reversed(list(self.children)):
            self._signal_group(child, signal.SIGCONT)
            self.end(child)
        shutil.rmtree(self.work, ignore_errors=True)

    def must(self, what, condition, seconds):
        if self.report.wait_until(condition, seconds) is None:
            raise RuntimeError(f"{what}: {self.report.explain(condition)}\n{self.log()[-2000:]}")

    # libvirtd.

    def start_libvirtd(self):
        """Starts it, empty, and holds it: the test driver forgets all with its last client."""
        folder = self.work / "libvirt"
        for old in folder.glob("libvirt-*sock"):
            old.unlink()
        (folder / "libvirtd.conf").write_text(
            f'unix_sock_dir = "{folder}"\nauth_unix_ro = "none"\nauth_unix_rw = "none"\n'
            'log_filters = "1:libvirt.domain 1:libvirt.network"\n'
            f'log_outputs = "3:file:{folder}/libvirtd.log 1:file:{self.calls_file}"\n'
        )
        command = [*AS_NOBODY, "libvirtd", "--config", folder / "libvirtd.conf"]
        if AS_NOBODY:
            for path in (folder, self.calls_file, self.work / "xdg"):
                shutil.chown(path, "nobody")
        xdg = {f"XDG_{name}": f"{self.work}/xdg" for name in
               ("RUNTIME_DIR", "CONFIG_HOME", "CACHE_HOME")}
        # It would end with the host that a system bus says is shutting down.
        xdg["DBUS_SYSTEM_BUS_ADDRESS"] = f"unix:path={self.work}/no-bus"
        self.libvirtd = self.spawn(*command, log=self.work / "libvirtd.out", env=xdg)
        self.must("libvirtd did not start", lambda: self.virsh("version").code == 0, 20)
        self._hold_libvirtd()
        for words in ("destroy test", "undefine test", "net-destroy default",
                      "net-undefine default"):
            self.virsh(*words.split())

    def _hold_libvirtd(self):
        self.libvirtd_starts += 1
        held = self.work / f"held-{self.libvirtd_starts}"
        self.holder = self.spawn("virsh", "-c", self.uri, stdin=subprocess.PIPE, log=held)
        self.holder.stdin.write(b"uri\n")
        self.holder.stdin.flush()
        self.must("libvirtd does not answer", lambda: self.uri in held.read_text(), 10)

    def kill_libvirtd(self):
        self.end(self.libvirtd)
        self.end(self.holder)

    def hang_libvirtd(self):
        os.kill(self.libvirtd.pid, signal.SIGSTOP)

    def wake_libvirtd(self):
        os.kill(self.libvirtd.pid, signal.SIGCONT)

    def virsh(self, *words, xml=None, timeout=60):
        """A virsh command; `xml` is given to it as its file."""
        command = ["virsh", "-q", "-c", self.uri, *words]
        if xml is not None:
            command.append("/proc/self/fd/0")  # /dev/stdin is not everywhere
        return self.command(command, xml, timeout, "virsh " + " ".join(words))

    def command(self, command, stdin=None, timeout=60, shown=None, env=None):
        """Any command, waited for; OSError when it has not ended by then."""
        shown = shown or " ".join(str(word) for word in command)
        env = {**os.environ, "HOMEK8S_SOCKET": str(self.socket), **(env or {})}
        try:
            done = subprocess.run(
                [str(word) for word in command], input=stdin, capture_output=True,
                timeout=timeout, env=env, text=True, errors="replace",
                **({} if stdin is not None else {"stdin": subprocess.DEVNULL}),
            )
        except subprocess.TimeoutExpired as error:
            raise OSError(f"{shown}: no end within {timeout} s") from error
        self.report.saw(f"{shown}: exit {done.returncode}", done.stdout + done.stderr)
        return Ended(done.returncode, done.stdout, done.stderr)

    # The API server.

    def start_api(self, *options):
        out = self.work / "api.out"
        lines = len(out.read_text().splitlines()) if out.exists() else 0
        self.api_server = self.spawn(
            BUILD / "fake-apiserver", "--listen", f"127.0.0.1:{self.api_port}",
            "--seed", "home", "--state", self.work / "cluster.json", *options, log=out)
        said = lambda: out.read_text().splitlines()[lines:]
        self.must("the API server did not start",
                  lambda: said() and said()[0].startswith("listening on "), 10)
        self.api = FakeApi(said()[0].split()[-1], self.report)
        self.api_port = self.api.port

    def stop_api(self, signum=signal.SIGTERM):
        self.end(self.api_server, signum)

    def put_proxy_between(self):
        """From now on the daemon reaches the API server through home.proxy."""
        self.proxy = Proxy(self.api.host, self.api.port)
        self.kubeconfig(server=self.proxy.url)

    # The configuration.

    def put(self, name, text):
        """Makes etc/NAME this text, at once and whole."""
        coming = self.work / "coming"
        coming.write_bytes(text if isinstance(text, bytes) else text.encode())
        coming.chmod(0o600)
        coming.rename(self.etc / name)

    def settings(self, **change):
        """Writes homek8s.yaml with resync, kubernetes, vm and so on, the last as changed."""
        for key, value in change.items():
            setattr(self, key, value)
        self.put("homek8s.yaml", f'libvirt: {{uri: "{self.uri}"}}\n'
                 f'kubernetes: {{mode: "{self.kubernetes}"}}\nresync: {self.resync}\n'
                 f"vm: {{{self.vm}}}\nfirst_start: {self.first_start}\n{self.more}\n")

    def kubeconfig(self, server=None, cluster="", user=""):
        self.put("kubeconfig", "apiVersion: v1\nkind: Config\ncurrent-context: home\n"
                 "contexts: [{name: home, context: {cluster: home, user: me}}]\n"
                 f'clusters: [{{name: home, cluster: {{server: "{server or self.api.url}"'
                 f"{cluster}}}}}]\nusers: [{{name: me, user: {{{user}}}}}]\n")

    def write_home(self, text=None):
        self.put("desired.d/home.yaml", EXAMPLE.read_text() if text is None else text)

    # The daemon.

    def start(self, wait=True):
        self.daemon = self.spawn(
            self.program, "--config-dir", self.etc, "--state-dir", self.state_dir,
            "--socket", self.socket, log=self.log_file)
        if wait:
            self.must("homek8sd did not start", lambda: self.call("GetVersion"), 10)

    def stop(self, signum=signal.SIGTERM):
        """Returns its exit status, or minus the signal that ended it."""
        daemon, self.daemon = self.daemon, None
        return self.end(daemon, signum)

    def kill(self):
        return self.stop(signal.SIGKILL)

    def restart(self):
        self.stop()
        self.start()

    def _daemon_ended(self):
        code = self.daemon.poll() if self.daemon else None
        return None if code is None else f"homek8sd has ended, exit {code}"

    def log(self):
        return self.log_file.read_text(errors="replace")

    def mark(self):
        self.log_mark = self.log_file.stat().st_size

    def said(self, text):
        """The daemon has logged this since mark()."""
        with open(self.log_file, "rb") as log:
            log.seek(self.log_mark)
            new = log.read().decode("utf-8", "replace")
        self.report.saw("log", "\n".join(new.splitlines()[-8:]))
        return text in new

    def _beside(self):
        """What the daemon reports; what it logged last."""
        try:
            shown = self.ctl("status", timeout=3).out
        except OSError as error:
            shown = str(error)
        return "\n".join(shown.splitlines()[:12] + self.log().splitlines()[-6:])

    def wrote_nothing(self):
        """Neither to libvirt nor to the cluster, since marks()."""
        return not self.libvirt_writes() and not self.api.writes()

    def marks(self):
        self.mark()
        self.libvirt_mark()
        self.api.mark()

    def finish(self):
        if self.daemon:
            self.stop()
        said = self.log()
        if self.api:
            said += (self.work / "api.out").read_text(errors="replace")
        complaints = [line for line in said.splitlines()
                      if "Sanitizer" in line or "runtime error:" in line]
        self.report.check("no sanitizer has complained", lambda: not complaints)


def world(home):
    """Everything but the daemon, with the example home."""
    home.start_libvirtd()
    home.start_api()
    home.kubeconfig()
    home.settings()
    home.write_home()


def started(home):
    """The example home, converged: what most tests begin with."""
    world(home)
    home.start()
    home.report.check("converged", home.converged, 10)


def _on_signal(signum, _frame):
    raise KeyboardInterrupt(signum)


def skip(why):
    print(why)
    sys.exit(77)


def run(first, *rest, needs=("virsh", "libvirtd", "setpriv")):
    """Runs the functions in order on one home and exits: 0, 1, 77 for skipped, 130."""
    for program in needs:
        if not shutil.which(program):
            skip(f"needs {program}")
    for program in ("homek8sd", "homek8sctl", "fake-apiserver"):
        if not (BUILD / program).exists():
            skip(f"needs {BUILD / program}")
    if len(sys.argv) > 1:
        rest = [function for function in rest if function.__name__ in sys.argv[1:]]
    # Even where they are ignored, as in the background of a script.
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _on_signal)
    sys.exit(_run(first, rest))


def _run(first, rest):
    report = Report()
    home = Home(report)
    try:
        for function in (first, *rest):
            begun = time.monotonic()
            try:
                function(home)
            except Exception:  # whatever it is, the other parts are worth running
                report.no(f"{function.__name__} ran to its end", traceback.format_exc())
                if function is first:
                    break
            print(f"# {function.__name__}: {time.monotonic() - begun:.1f} s", flush=True)
        home.finish()
        return 0 if report.summary() else 1
    except KeyboardInterrupt:
        print("interrupted")
        return 130
    finally:
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, signal.SIG_IGN)
        home.close()
