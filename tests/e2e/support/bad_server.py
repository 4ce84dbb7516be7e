"""Something that listens where a registry should, and is none."""

import contextlib
import socket
import threading

_BODIES = {
    "html": (200, "text/html", "<html><body>Welcome to nginx!</body></html>"),
    "garbage": (200, "application/json", '{"items": [{"client_id": 7, "issuer": ['),
    "other_json": (200, "application/json", '{"hello": "world"}'),
    "server_error": (500, "text/plain", "Internal Server Error"),
    "throttled": (429, "application/json", "{}"),
    "redirect": (302, "text/html", ""),
}


class BadServer:
    """Answers every request on every given port in one way: a key of _BODIES, "silent" (accepts and says nothing) or
    "hangup" (closes at once)."""

    def __init__(self, behaviour, *ports):
        self._behaviour = behaviour
        self._held = []  # connections that are kept open
        self._listeners = [socket.create_server(("127.0.0.1", port), reuse_port=False) for port in ports]
        for listener in self._listeners:
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in self._listeners:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)  # ends accept()
            one.close()
        for one in self._held:
            one.close()

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if self._behaviour == "silent":
                self._held.append(connection)
            elif self._behaviour == "hangup":
                connection.close()
            else:
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        status, content_type, body = _BODIES[self._behaviour]
        reply = (f"HTTP/1.1 {status} Whatever\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
                 f"Location: http://127.0.0.1:1/\r\nConnection: close\r\n\r\n{body}")
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            received = b""
            while b"\r\n\r\n" not in received:
                received += connection.recv(65536) or b"\r\n\r\n"
            connection.sendall(reply.encode())
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):  # a body that is still under way would turn into a reset
                pass
