# SPDX-License-Identifier: MIT
"""Clients of the whole-daemon tests: the control socket and the API server, spoken plainly."""

import http.client
import json
import socket
import time
import urllib.parse

METALLB = "/apis/metallb.io/v1beta1/namespaces/metallb-system"
POOLS = f"{METALLB}/ipaddresspools"
ADVERTISEMENTS = f"{METALLB}/l2advertisements"


class Refused(ValueError):
    """An answer that is an error: of the daemon (name) or the API server (code)."""

    def __init__(self, what, body):
        super().__init__(f"{what}: {body}")
        self.what = what
        self.body = body


# Who has not answered for that long hangs. It is no measure of how fast an answer is due.
HANGS = 60


class Varlink:
    """One connection to the control socket: JSON objects, each ended by a NUL."""

    def __init__(self, path, timeout=HANGS):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, method, parameters=None, **flags):
        if "." not in method:
            method = f"io.homek8s.Manager.{method}"
        message = {"method": method, "parameters": parameters or {}, **flags}
        self.send_bytes(json.dumps(message).encode() + b"\0")

    def send_bytes(self, data):
        """As they are; who has closed the connection meanwhile does not mind."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def receive(self):
        """The next whole message. EOFError: the other side has closed."""
        while b"\0" not in self.rest:
            part = self.socket.recv(65536)
            if not part:
                raise EOFError("the connection was closed")
            self.rest += part
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def receive_all(self):
        """Ends our side, and returns all messages until the other one ends, too."""
        answers = []
        self.socket.shutdown(socket.SHUT_WR)
        try:
            while True:
                answers.append(self.receive())
        except (EOFError, ConnectionResetError):
            return answers

    def call(self, method, parameters=None):
        self.send(method, parameters)
        answer = self.receive()
        if "error" in answer:
            raise Refused(answer["error"], answer.get("parameters"))
        return answer.get("parameters", {})


class Api:
    """The API server. Every request is a connection of its own, so that faults hit only it."""

    def __init__(self, url, report, tls=None):
        parts = urllib.parse.urlsplit(url)
        self.url = url
        self.host = parts.hostname
        self.port = parts.port
        self.report = report
        self.tls = tls  # an ssl.SSLContext
        self.agent = "test"
        self.marked = 0

    def request(self, method, path, body=None, content_type=None, timeout=HANGS):
        """Returns the code and the body: JSON where it is JSON, else text."""
        if self.tls:
            connection = http.client.HTTPSConnection(
                self.host, self.port, timeout=timeout, context=self.tls
            )
        else:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        if content_type is None:
            content_type = "application/json"
            if method == "PATCH":
                content_type = "application/merge-patch+json"
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        headers = {"Content-Type": content_type, "User-Agent": self.agent}
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        except http.client.HTTPException as error:
            raise OSError(f"{method} {path}: {error!r}") from error
        finally:
            connection.close()
        self.report.saw(f"{method} {path}: {answer.status}", text[:600])
        try:
            return answer.status, json.loads(text)
        except json.JSONDecodeError:  # plain text, or the many lines of a watch
            return answer.status, text

    def ask(self, method, path, body=None):
        code, answer = self.request(method, path, body)
        if code >= 400:
            raise Refused(code, answer)
        return answer

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, body):
        return self.ask("POST", path, body)

    def patch(self, path, body):
        return self.ask("PATCH", path, body)

    def delete(self, path):
        return self.ask("DELETE", path)

    def is_there(self, path):
        return self.request("GET", path)[0] == 200

    def apply(self, path, body, manager="test"):
        query = f"fieldManager={manager}&force=true"
        return self.request("PATCH", f"{path}?{query}", body, "application/apply-patch+yaml")


class FakeApi(Api):
    """The project's own API server, with its controls below /fake."""

    def fault(self, do, match="", times=-1, **rest):
        self.post("/fake/faults", {"do": do, "match": match, "times": times, **rest})

    def no_faults(self):
        self.delete("/fake/faults")

    def drop(self, reset=False):
        """Closes the connections of all watches."""
        return self.post("/fake/drop", {"reset": reset})["dropped"]

    def store(self, *objects):
        """As they stand, past all admission."""
        self.post("/fake/objects", list(objects))

    def webhooks(self, **down):
        self.post("/fake/webhooks", down)

    def requests(self, match=""):
        query = urllib.parse.urlencode({"match": match})
        return self.get(f"/fake/requests?{query}")

    def count(self, match):
        """How many requests held this text since they were last forgotten."""
        return self.requests(match)["count"]

    def forget_requests(self):
        self.post("/fake/requests/clear", {})
        self.marked = 0

    def mark(self):
        self.marked = self.requests()["total"]

    def writes(self):
        """`METHOD path` of each request since mark() that changes something."""
        log = self.requests()
        new = log["total"] - self.marked
        rows = log["requests"][-new:] if new > 0 else []
        return [
            f"{row['method']} {row['path']}"
            for row in rows
            if row["method"] != "GET" and not row["path"].startswith("/fake")
        ]


def waited(*tasks):
    """For how long these threads have been ready and had no processor so far, in seconds."""
    nanoseconds = 0
    for task in tasks:
        try:
            with open(f"/proc/{task}/schedstat", encoding="ascii") as file:
                nanoseconds += int(file.read().split()[1])
        except OSError:
            pass # a kernel that does not count it, or it has ended
    return nanoseconds / 1e9


def slowest_answer(path, pid, until, ask="GetStatus"):
    """Asks over and over until the event is set; the longest time an answer took, in ms.

    Each question is a connection of its own. What either side, the daemon being `pid`, had to
    wait for a processor is taken off: it is how busy this machine is, not the daemon.
    """
    slowest, tasks = 0.0, ("thread-self", f"{pid}/task/{pid}")
    while not until.is_set():
        begun, before = time.monotonic(), waited(*tasks)
        with Varlink(path) as link:
            link.call(ask)
        took = time.monotonic() - begun
        slowest = max(slowest, took - (waited(*tasks) - before))
        until.wait(0.05)
    return round(slowest * 1000)
