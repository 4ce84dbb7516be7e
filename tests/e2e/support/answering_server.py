"""A server that gives every GET one answer, and counts who comes at all."""

import http.server
import threading


class AnsweringServer:
    """`answer(path)` gives (status, headers, body). Without it nobody is expected: `connections` should stay 0."""

    def __init__(self, answer=lambda _: (404, {}, "")):
        self.connections = 0
        self._lock = threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def setup(self):
                with outer._lock:
                    outer.connections += 1
                super().setup()

            def do_GET(self):
                status, headers, body = answer(self.path)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def host(self):
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self):
        return f"http://{self.host}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
