# SPDX-License-Identifier: MIT
"""A TCP proxy that stands between homek8sd and the API server and harms what passes.

It works on bytes, so that TLS passes, too. One thread serves all connections. Harm is planned
for connections to come, or done to the open ones:

    with Proxy(api.host, api.port) as proxy:
        home.kubeconfig(server=proxy.url)
        proxy.plan(truncate=100)                 every connection from now on
        proxy.plan(b"watch=", times=1, reset=0)  the next one on which this text is sent
        proxy.cut(), proxy.black_hole()          all that are open now
        proxy.clear()                            no harm any more
"""

import dataclasses
import selectors
import socket
import struct
import threading
import time

PART = 65536
FULL = 1 << 20  # more is not read while this much waits to be sent


@dataclasses.dataclass
class Harm:
    """What is done to a connection; counts are bytes of the server's answer from the match."""

    match: bytes = b""  # text the client sends; none: any connection, from its beginning
    times: int = -1  # connections still to be harmed; -1: all
    refuse: bool = False  # what the client sends does not pass: reset at once
    delay: float = 0.0  # seconds, each way
    black_hole: bool = False  # nothing passes either way, and nothing is closed
    trickle: int = 0  # so many bytes to the client at a time,
    every: float = 0.1  # with this many seconds between
    truncate: int | None = None  # after so many: closed, both ways
    reset: int | None = None  # after so many: reset
    half_close: int | None = None  # after so many: closed towards the client only


NO_HARM = Harm()


class Flow:
    """One direction of a connection: what has come from one side and waits for the other."""

    def __init__(self, source, sink):
        self.source = source
        self.sink = sink
        self.parts = []  # (when due, bytes)
        self.size = 0
        self.ended = False  # the source has closed
        self.closed = False  # and so has been the sink
        self.passed = 0

    def add(self, data, delay):
        self.parts.append((time.monotonic() + delay, data))
        self.size += len(data)

    def take(self, most):
        """The bytes that are due, at most so many."""
        if not self.parts or self.parts[0][0] > time.monotonic():
            return b""
        due, data = self.parts.pop(0)
        if len(data) > most:
            self.parts.insert(0, (due, data[most:]))
            data = data[:most]
        self.size -= len(data)
        return data

    def put_back(self, data):
        self.parts.insert(0, (0.0, data))
        self.size += len(data)


class Connection:
    """A client, its own connection to the server, and what is done to it."""

    def __init__(self, client, server):
        self.client = client
        self.server = server
        self.up = Flow(client, server)
        self.down = Flow(server, client)
        self.harm = NO_HARM
        self.next_part = 0.0  # when a trickle goes on
        self.sent = b""  # what the client has sent last, for matching
        self.over = False

    def harmed_by(self, harm):
        self.harm = harm
        self.down.passed = 0

    def close(self, reset=False):
        self.over = True
        if reset:
            for side in (self.client, self.server):
                side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.client.close()
        self.server.close()


class Proxy:
    """Listens on a port of its own until close(); a context manager."""

    def __init__(self, host, port, tls=False):
        self.upstream = (host, port)
        self.lock = threading.RLock()
        self.plans = []
        self.open = []
        self.accepted = 0
        self.refused = 0  # requests
        self.listener = None
        self.running = True
        self.port = 0
        self.listen()
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.wake_reader, self.wake_writer = socket.socketpair()
        self.wake_reader.setblocking(False)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.running = False
        self._wake()
        self.thread.join(5)
        self.refuse()
        self.cut()
        self.wake_reader.close()
        self.wake_writer.close()

    def listen(self):
        """Takes connections (again), on the same port."""
        with self.lock:
            if self.listener:
                return
            self.listener = socket.socket()
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.listener.bind(("127.0.0.1", self.port))
            self.listener.listen(64)
            self.listener.setblocking(False)
            self.port = self.listener.getsockname()[1]

    def refuse(self):
        """New connections are refused; open ones go on."""
        with self.lock:
            if self.listener:
                self.listener.close()
                self.listener = None

    def plan(self, match=b"", **how):
        """Harms connections to come, or the requests to come that hold the text."""
        with self.lock:
            self.plans.append(Harm(match, **how))

    def harm(self, match=b"", **how):
        """Harms the open connections on which the client has sent the text. Returns how many."""
        with self.lock:
            hit = [c for c in self.open if match in c.sent]
            for connection in hit:
                connection.harmed_by(Harm(match, **how))
        self._wake()
        return len(hit)

    def cut(self, reset=False):
        """Closes all open connections. Returns how many there were."""
        with self.lock:
            hit = self.open
            for connection in hit:
                connection.close(reset)
            self.open = []
        self._wake()
        return len(hit)

    def black_hole(self):
        """Nothing passes any more, on open connections and new ones."""
        self.plan(black_hole=True)
        self.harm(black_hole=True)

    def clear(self):
        """Ends all harm: what was held back passes, whoever is refused may come again."""
        with self.lock:
            self.plans = []
            for connection in self.open:
                connection.harmed_by(NO_HARM)
        self.listen()
        self._wake()

    def _wake(self):
        try:
            self.wake_writer.send(b".")
        except OSError:
            pass

    # The thread.

    def _serve(self):
        while self.running:
            with self.lock:
                watched, pause = self._watched()
            ready = watched.select(pause)
            watched.close()
            with self.lock:
                for key, events in ready:
                    self._act(key, events)
                for connection in self.open:
                    self._end_if_over(connection)
                self.open = [c for c in self.open if not c.over]

    def _watched(self):
        """What to wait for, and how long at most."""
        watched = selectors.DefaultSelector()
        watched.register(self.wake_reader, selectors.EVENT_READ)
        pause = 1.0
        if self.listener:
            watched.register(self.listener, selectors.EVENT_READ)
        now = time.monotonic()
        for connection in self.open:
            needed = {connection.client: 0, connection.server: 0}
            if not connection.harm.black_hole:
                for flow in (connection.up, connection.down):
                    pause = min(pause, self._events(connection, flow, needed, now))
            for side, events in needed.items():
                if events:
                    watched.register(side, events, connection)
        return watched, max(pause, 0.0)

    @staticmethod
    def _events(connection, flow, needed, now):
        """Adds the events one direction waits for; returns the seconds until it may go on."""
        if not flow.ended and flow.size < FULL:
            needed[flow.source] |= selectors.EVENT_READ
        if not flow.parts or flow.closed:
            return 1.0
        due = flow.parts[0][0]
        if flow is connection.down and connection.harm.trickle:
            due = max(due, connection.next_part)
        if due <= now:
            needed[flow.sink] |= selectors.EVENT_WRITE
            return 1.0
        return due - now

    def _act(self, key, events):
        if key.fileobj is self.wake_reader:
            self.wake_reader.recv(PART)
        elif key.fileobj is self.listener:
            self._accept()
        elif isinstance(key.data, Connection) and not key.data.over:
            try:
                self._move(key.data, key.fileobj, events)
            except OSError:
                key.data.close()

    def _accept(self):
        try:
            client, _ = self.listener.accept()
        except OSError:
            return
        self.accepted += 1
        try:
            server = socket.create_connection(self.upstream, 2)
        except OSError:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
            return
        for side in (client, server):
            side.setblocking(False)
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(client, server)
        self.open.append(connection)
        self._match(connection, None)

    def _match(self, connection, sent):
        """Applies the first plan that fits: to a new connection, or to what was just sent."""
        for harm in self.plans:
            fits = not harm.match if sent is None else harm.match and harm.match in sent
            if fits and harm.times:
                harm.times -= harm.times > 0
                connection.harmed_by(harm)
                return

    def _move(self, connection, side, events):
        up, down = connection.up, connection.down
        if events & selectors.EVENT_READ:
            flow = up if side is connection.client else down
            data = side.recv(PART)
            if flow is up and data:
                connection.sent = data
                self._match(connection, data)
            if flow is up and connection.harm.refuse:
                self.refused += 1
                connection.close(reset=True)
                return
            if data:
                flow.add(data, connection.harm.delay)
            else:
                flow.ended = True
        if events & selectors.EVENT_WRITE and not connection.over:
            self._pass(connection, up if side is connection.server else down)

    def _pass(self, connection, flow):
        harm, most = connection.harm, PART
        limit = None
        if flow is connection.down:
            limits = (harm.truncate, harm.reset, harm.half_close)
            limit = min((n for n in limits if n is not None), default=None)
            if limit is not None:
                most = min(most, limit - flow.passed)
            if harm.trickle:
                most = min(most, harm.trickle)
                connection.next_part = time.monotonic() + harm.every
        data = flow.take(most) if most > 0 else b""
        if data:
            sent = flow.sink.send(data)
            flow.passed += sent
            if sent < len(data):
                flow.put_back(data[sent:])
        if limit is not None and flow.passed >= limit:
            self._limit(connection, harm)

    @staticmethod
    def _limit(connection, harm):
        """So many bytes have passed: the end that was planned."""
        if harm.half_close is not None:
            connection.client.shutdown(socket.SHUT_WR)
            connection.down.closed = True
        else:
            connection.close(reset=harm.reset is not None)

    @staticmethod
    def _end_if_over(connection):
        """Passes on that a side has closed; both have: it is over."""
        if connection.over or connection.harm.black_hole:
            return
        for flow in (connection.up, connection.down):
            if flow.ended and not flow.parts and not flow.closed:
                flow.closed = True
                try:
                    flow.sink.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
        if connection.up.closed and connection.down.closed:
            connection.close()
