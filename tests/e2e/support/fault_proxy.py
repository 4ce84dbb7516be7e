"""An HTTP proxy in front of a registry that harms single requests, each as a test asks.

    with FaultProxy(upstream_port) as proxy:
        fault = proxy.once("POST", r"/clients$", lose_reply)
        ...
        fault.wait()                                   # it has happened

What no fault is waiting for passes unchanged. A fault is a function of the `Exchange`; it runs on the connection's own
thread, so it may wait. Bodies are kept only with `record=True`, for tests that look for secrets in them.
"""

import contextlib
import http.client
import json
import re
import socket
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass(frozen=True)
class Reply:
    status: int
    headers: tuple = ()
    body: bytes = b""


@dataclass(frozen=True)
class Seen:
    """One request that came by. `status`: None when its sender got no answer."""
    at: float
    method: str
    path: str
    status: int
    request_body: bytes = b""
    reply_body: bytes = b""


class Exchange:
    """One request, and what a fault may do with it."""

    def __init__(self, request, upstream):
        self.method, self.path, self.headers, self.body = request
        self._upstream = upstream

    def forward(self):
        """Sends it to the registry; returns its Reply. OSError when nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self._upstream, timeout=30)
        with contextlib.closing(connection):
            connection.request(self.method, self.path, self.body, self.headers)
            answer = connection.getresponse()
            headers = tuple((name, value) for name, value in answer.getheaders() if name.lower() not in _HOP_BY_HOP)
            return Reply(answer.status, headers, answer.read())


def lose_reply(exchange):
    """The registry does it, and nobody learns of that."""
    exchange.forward()


def answer(status, **headers):
    """The registry never sees it."""
    problem = json.dumps({"title": "made by the test", "status": status}).encode()
    fields = (("Content-Type", "application/problem+json"), *((k.replace("_", "-"), v) for k, v in headers.items()))
    return lambda _exchange: Reply(status, fields, problem)


def call_before(action):
    """`action()` runs while the request is under way; it never reaches the registry."""
    return lambda _exchange: action()


def call_after(action):
    """`action()` runs when the registry has done it; its reply is lost."""
    def fault(exchange):
        exchange.forward()
        action()
    return fault


class Pause:
    """A fault that lets a request pass once it is told to."""

    def __init__(self):
        self.arrived = threading.Event()
        self._go_on = threading.Event()

    def __call__(self, exchange):
        self.arrived.set()
        self._go_on.wait(30)
        return exchange.forward()

    def end(self):
        self._go_on.set()


class Delay:
    """A fault that hangs up on the sender and keeps the request. `deliver` sends it, much later."""

    def __init__(self):
        self._exchange = None
        self._arrived = threading.Event()

    def __call__(self, exchange):
        self._exchange = exchange
        self._arrived.set()

    def deliver(self):
        """The registry's late Reply."""
        assert self._arrived.is_set(), "no request was held back"
        return self._exchange.forward()


class Fault:
    def __init__(self, method, pattern, action, containing):
        self.method, self.action, self._pattern, self._containing = method, action, re.compile(pattern), containing
        self.done = threading.Event()

    def waits_for(self, exchange):
        return (self.method == exchange.method and self._pattern.search(exchange.path.partition("?")[0])
                and self._containing in exchange.body)

    def wait(self, seconds=30):
        assert self.done.wait(seconds), f"no {self.method} {self._pattern.pattern} within {seconds} s"


class FaultProxy:
    """Thread-safe. `port` stays the same for its whole life, also while the registry is down. `upstream` may be set
    later."""

    def __init__(self, upstream=None, port=0, record=False):
        self.upstream = upstream
        self._record = record
        self._lock = threading.Lock()
        self._faults = []
        self._seen = []
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.proxy = self
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def once(self, method, pattern, action, containing=b""):
        """The next request of this method whose path (without query) matches, and whose body contains that, goes to
        `action`."""
        fault = Fault(method, pattern, action, containing)
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self):
        """Forgets the faults that have not happened."""
        with self._lock:
            self._faults.clear()

    def seen(self, *methods):
        """What came by so far, oldest first."""
        with self._lock:
            return [one for one in self._seen if not methods or one.method in methods]

    def pass_on(self, request):
        """The Reply for the sender, or None to hang up on it."""
        exchange = Exchange(request, self.upstream)
        fault = self._take(exchange)
        try:
            reply = fault.action(exchange) if fault else exchange.forward()
        except (OSError, http.client.HTTPException):
            reply = None
        self._note(exchange, reply)
        if fault:
            fault.done.set()
        return reply

    def _take(self, exchange):
        with self._lock:
            for fault in self._faults:
                if fault.waits_for(exchange):
                    self._faults.remove(fault)
                    return fault
        return None

    def _note(self, exchange, reply):
        bodies = (exchange.body, reply.body if reply else b"") if self._record else (b"", b"")
        seen = Seen(time.time(), exchange.method, exchange.path, reply.status if reply else None, *bodies)
        with self._lock:
            self._seen.append(seen)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """A sender that was killed leaves a broken connection; that is what it is here for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        reply = self.server.proxy.pass_on((self.command, self.path, headers, body))
        if reply is None:
            return self._hang_up()
        self.send_response_only(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _serve

    def _hang_up(self):
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_):
        pass
