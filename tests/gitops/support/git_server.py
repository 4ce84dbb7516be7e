"""A Git repository that others fetch by smart HTTP, as Flux wants it: git's own server program behind a few lines."""

import http.server
import os
import subprocess
import threading


class GitServer:
    """Serves the repository below `directory`, which has one branch, main."""

    def __init__(self, directory):
        self.directory = directory
        self._git("init", "--quiet", "--initial-branch=main", directory)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(directory))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def commit(self, files):
        """Makes one of {name: text}; a text of None removes the file. Returns its digest."""
        for name, text in files.items():
            (self.directory / name).unlink() if text is None else (self.directory / name).write_text(text)
        self._git("add", "--all")
        return self._record("commit", "--quiet", "--message", f"Change {', '.join(files)}")

    def revert(self):
        """Takes the last commit back, by another one. Returns its digest."""
        return self._record("revert", "--no-edit", "HEAD")

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def _record(self, *arguments):
        self._git("-c", "user.name=Pipeline", "-c", "user.email=pipeline@example.com", *arguments)
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *arguments):
        done = subprocess.run(["git", *arguments], cwd=self.directory, capture_output=True, text=True, timeout=60,
                              env=_environment())
        assert done.returncode == 0, f"git {arguments[0]}: {done.stderr}"
        return done.stdout


def _environment(**more):
    """Without the settings of whoever runs the tests."""
    return {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, **more}


def _handler(directory):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            where, _, query = self.path.partition("?")
            length = self.headers.get("Content-Length", "0")
            done = subprocess.run(["git", "http-backend"], input=self.rfile.read(int(length)), capture_output=True,
                                  timeout=60, env=_environment(
                GIT_PROJECT_ROOT=str(directory / ".git"), GIT_HTTP_EXPORT_ALL="1", REQUEST_METHOD=self.command,
                PATH_INFO=where, QUERY_STRING=query, CONTENT_TYPE=self.headers.get("Content-Type", ""),
                CONTENT_LENGTH=length, HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""),
                GIT_PROTOCOL=self.headers.get("Git-Protocol", "")))
            self._answer(done.stdout)

        do_POST = do_GET

        def _answer(self, said):
            """The status is among the headers, as CGI has it."""
            head, _, body = said.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
            self.send_response(int(headers.pop("Status", "200").split()[0]))
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler
