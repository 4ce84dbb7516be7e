"""A proxy in front of a registry or of the API server that harms single requests, each as a test asks.

    with FaultProxy(upstream_port) as proxy:
        fault = proxy.once("POST", r"/clients$", lose_reply)       # the kinds of faults are in faults.py
        ...
        fault.wait()                                                # it has happened

    FaultProxy(api_port, tls=Tls(certificate, key, authority))     # TLS on both sides

What no fault is waiting for passes unchanged, a stream as it comes. The sender authenticates by what is in the request:
a client certificate ends here. Bodies are kept only with `record=True`, for tests that look for secrets in them.
"""

import contextlib
import http.client
import os
import re
import select
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from faults import RESET, Reply

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}
_BROKEN = (OSError, http.client.HTTPException)


@dataclass(frozen=True)
class Tls:
    """Files: the certificate that the proxy shows, and the authority of the server's."""
    certificate: str
    key: str
    authority: str


@dataclass(frozen=True)
class Seen:
    """One request that came by. `status`: None when its sender got no answer."""
    at: float
    method: str
    path: str
    status: int
    request_body: bytes = b""
    reply_body: bytes = b""


class Upstream:
    """How to reach the server: a new connection for each request without TLS, a kept one for each sender with it."""

    def __init__(self, port, authority=None):
        self.port = port
        self._context = authority and ssl.create_default_context(cafile=authority)

    @property
    def keeps_connections(self):
        return self._context is not None

    def connect(self, timeout=30):
        if self._context:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=self._context)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)


class Exchange:
    """One request, and what a fault may do with it."""

    def __init__(self, request, upstream, sender=None):
        self.method, self.path, self.headers, self.body = request
        self._upstream, self._sender = upstream, sender

    def send_by(self, connection):
        connection.request(self.method, self.path, self.body, self.headers)
        return connection.getresponse()

    def forward(self):
        """Sends it to the server; returns its whole Reply. OSError when nobody answers."""
        with contextlib.closing(self._upstream.connect()) as connection:
            answer = self.send_by(connection)
            return Reply(answer.status, _end_to_end(answer), answer.read())

    def wait_until_sender_leaves(self, seconds):
        # It waits for an answer: the next thing that can be read from it is its end.
        select.select([self._sender], [], [], seconds)


def _end_to_end(answer):
    return tuple((name, value) for name, value in answer.getheaders() if name.lower() not in _HOP_BY_HOP)


class Fault:
    """Waits for its request: the `nth` of this method whose path (without query) matches and whose body contains that, or
    is one that the function `containing` takes; every one where `nth` is None."""

    def __init__(self, method, pattern, action, containing, nth):
        self.method, self.action, self._pattern, self._containing = method, action, re.compile(pattern), containing
        self._left = nth
        self.once = nth is not None
        self.done = threading.Event()

    def takes(self, exchange):
        if not (self.method == exchange.method and self._pattern.search(exchange.path.partition("?")[0])
                and self._is_in(exchange.body)):
            return False
        if self.once:
            self._left -= 1
        return not self.once or self._left <= 0

    def _is_in(self, body):
        return self._containing(body) if callable(self._containing) else self._containing in body

    def wait(self, seconds=30):
        assert self.done.wait(seconds), f"no {self.method} {self._pattern.pattern} within {seconds} s"


class FaultProxy:
    """Thread-safe. `port` stays the same for its whole life, also while the server is down. `upstream` may be set
    later. `on_reply(exchange, reply)` sees each answer before its sender does, but for those that come as a stream."""

    def __init__(self, upstream=None, port=0, record=False, tls=None, on_reply=lambda *_: None):
        self._upstream = Upstream(upstream, tls and tls.authority)
        self._record = record
        self._on_reply = on_reply
        self._lock = threading.Lock()
        self._faults = []
        self._seen = []
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.proxy = self
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls.certificate, tls.key)
            # The handshake is left to the connection's own thread.
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True,
                                                      do_handshake_on_connect=False)
        self.port = self._server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def upstream(self):
        return self._upstream.port

    @upstream.setter
    def upstream(self, port):
        self._upstream.port = port

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def once(self, method, pattern, action, containing=b"", nth=1):
        """The next request of this method whose path (without query) matches, and whose body contains that, goes to
        `action`; or the second or third such one."""
        return self._add(Fault(method, pattern, action, containing, nth))

    def every(self, method, pattern, action, containing=b""):
        """Each such request from now on goes to `action`, until `clear`."""
        return self._add(Fault(method, pattern, action, containing, None))

    def _add(self, fault):
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

    def exchange(self, request, sender):
        return Exchange(request, self._upstream, sender)

    def fault_for(self, exchange):
        """The first one whose turn it is; each that waits for such a request counts it. Another one whose turn it was
        too has the next such request."""
        with self._lock:
            due = [fault for fault in self._faults if fault.takes(exchange)]
            if due and due[0].once:
                self._faults.remove(due[0])
        return due[0] if due else None

    def note(self, exchange, reply):
        self._on_reply(exchange, reply)
        bodies = (exchange.body, reply.body if reply else b"") if self._record else (b"", b"")
        seen = Seen(time.time(), exchange.method, exchange.path, reply.status if reply else None, *bodies)
        with self._lock:
            self._seen.append(seen)

    def connection(self, kept):
        """To the server: the kept one while it is good, else a new one."""
        if kept is not None and kept.sock is not None and not select.select([kept.sock], [], [], 0)[0]:
            return kept
        return self._upstream.connect(timeout=None if self._upstream.keeps_connections else 30)

    @property
    def keeps_connections(self):
        return self._upstream.keeps_connections


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """A sender that was killed leaves a broken connection; that is what it is here for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    _kept = None  # the connection to the server

    def _serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        exchange = self.server.proxy.exchange((self.command, self.path, headers, body), self.connection)
        fault = self.server.proxy.fault_for(exchange)
        if fault is None:
            return self._pass_on(exchange)
        try:
            reply = fault.action(exchange)
        except _BROKEN:
            reply = None
        self.server.proxy.note(exchange, reply or None)
        self._give(reply)
        fault.done.set()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve

    def _pass_on(self, exchange):
        self._kept = self.server.proxy.connection(self._kept)
        try:
            answer = exchange.send_by(self._kept)
            if answer.length is None and self.command != "HEAD":
                self.server.proxy.note(exchange, Reply(answer.status))
                return self._stream(answer)
            reply = Reply(answer.status, _end_to_end(answer), answer.read())
        except _BROKEN:
            reply = None
        if reply is None or not self.server.proxy.keeps_connections:
            self._kept.close()
        self.server.proxy.note(exchange, reply)
        self._give(reply)

    def _give(self, reply):
        if reply is None:
            return self._hang_up()
        if reply is RESET:
            return self._reset()
        self._begin(reply.status, reply.headers, ("Content-Length", str(len(reply.body))))
        self.wfile.write(reply.body)

    def _stream(self, answer):
        self._begin(answer.status, _end_to_end(answer), ("Transfer-Encoding", "chunked"))
        try:
            while piece := answer.read1(65536):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
        except _BROKEN:  # one of the two has gone
            self._kept.close()
            self._hang_up()

    def _begin(self, status, headers, framing):
        self.send_response_only(status)
        for name, value in (*headers, framing):
            self.send_header(name, value)
        self.end_headers()

    def _hang_up(self):
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _reset(self):
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def finish(self):
        if self._kept:
            self._kept.close()
        with contextlib.suppress(OSError, ValueError):
            super().finish()

    def log_message(self, *_):
        pass
