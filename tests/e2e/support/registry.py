"""apiclient-registry as a process, its admin API, and token requests. No message from here holds a secret's value."""

import base64
import contextlib
import json
import os
import signal
import sqlite3
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from ports import free_ports
from server_process import start_server

PROGRAM = os.environ.get("APICLIENT_REGISTRY",
                         str(Path(__file__).resolve().parents[3] / "build" / "dev" / "registry" / "apiclient-registry"))


class Registry:
    """One with a directory of its own below the control plane's. Ports stay the same over a restart."""

    def __init__(self, plane, name, public_port=None, admin_port=None):
        self._plane, self.name = plane, name
        ports = free_ports(3)
        self.public_port, self.admin_port = public_port or ports[0], admin_port or ports[1]
        self._metrics_port = ports[2]
        self._data = plane.directory / name
        self.log = plane.directory / f"{name}.log"
        self.flags = []  # more of them, from the next start on

    @property
    def issuer(self):
        return f"http://127.0.0.1:{self.public_port}"

    @property
    def admin_url(self):
        return f"http://127.0.0.1:{self.admin_port}"

    @property
    def data_directory(self):
        return self._data

    @property
    def admin_token(self):
        return (self._data / "admin-token").read_text().strip()

    def write_admin_token(self, token):
        """The running server reads the file again when it changes."""
        fresh = self._data / "admin-token.new"
        fresh.touch(mode=0o600)
        fresh.write_text(token + "\n")
        fresh.replace(self._data / "admin-token")

    def start(self, issuer=None):
        """`issuer`: what it calls itself, by default the URL of its public port."""
        self._data.mkdir(mode=0o700, exist_ok=True)
        argv = [PROGRAM, "--data-dir", self._data, "--issuer", issuer or self.issuer,
                "--public-address", f"127.0.0.1:{self.public_port}", "--admin-address", f"127.0.0.1:{self.admin_port}",
                "--metrics-address", f"127.0.0.1:{self._metrics_port}",
                "--admin-token-file", self._data / "admin-token", "--create-missing-keys", *self.flags]
        start_server(self._plane, self.name, argv, self.log, f"http://127.0.0.1:{self._metrics_port}/readyz", 20, 0.01)
        return self

    def stop(self, grace=15.0):
        self._plane.processes.stop(self.name, grace)

    def kill(self):
        self.stop(grace=0)

    def remember_issue(self, client_id, revision, time):
        """As if the secret had been stored then."""
        database = next(self._data.glob("*.db"))
        with contextlib.closing(sqlite3.connect(database, timeout=10)) as connection, connection:
            changed = connection.execute("UPDATE secrets SET created_at = ? WHERE client_id = ? AND revision = ?",
                                         (int(time.timestamp() * 1000), client_id, revision)).rowcount
        assert changed == 1, f"{client_id} has no secret of revision {revision}"

    def freeze(self):
        """It accepts connections and never answers."""
        self._plane.processes.signal(self.name, signal.SIGSTOP)

    def resume(self):
        self._plane.processes.signal(self.name, signal.SIGCONT)

    def metrics(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self._metrics_port}/metrics", timeout=5) as response:
            return response.read().decode()

    @property
    def pid(self):
        return self._plane.processes.pid(self.name)

    def form(self, where, form, client_id, secret):
        """(status, decoded body) of a form that a client sends to the public side."""
        return exchange("POST", self.issuer + where, urllib.parse.urlencode(form),
                         {"Content-Type": "application/x-www-form-urlencoded", **basic_authorization(client_id, secret)})

    # Its admin API

    def admin(self, method, where, body=None):
        """(status, decoded body) of a request below /admin/v1."""
        text = json.dumps(body) if body is not None else None
        return exchange(method, f"{self.admin_url}/admin/v1{where}", text,
                         headers={"Authorization": f"Bearer {self.admin_token}", "Content-Type": "application/json"})

    def client(self, client_id):
        """The client with its mark and its secrets (hints, never a value), or None."""
        status, body = self.admin("GET", f"/clients/{urllib.parse.quote(client_id, safe='')}")
        if status == 404:
            return None
        assert status == 200, f"the registry answers {status} for client {client_id}"
        return body

    def client_ids(self):
        ids, token = [], ""
        while True:
            status, body = self.admin("GET", f"/clients?limit=500&continue={token}")
            assert status == 200, f"the registry lists its clients with {status}"
            ids += [client["client_id"] for client in body["items"]]
            token = body["continue"]
            if not token:
                return ids


def token_status(credentials, method="basic", scope=None):
    """The HTTP status of a client_credentials request with what a Secret holds; 0 when nobody answers."""
    form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    identity, secret = credentials.text("client-id"), credentials.reveal("client-secret")
    if method == "basic":
        headers |= basic_authorization(identity, secret)
    else:
        form |= {"client_id": identity, "client_secret": secret}
    try:
        return exchange("POST", credentials.text("token-uri"), urllib.parse.urlencode(form), headers)[0]
    except OSError:
        return 0


def basic_authorization(client_id, secret):
    """RFC 6749 §2.3.1."""
    pair = ":".join(urllib.parse.quote_plus(part) for part in (client_id, secret))
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def exchange(method, url, body=None, headers=None, seconds=10):
    """(status, decoded body), {} where that is no JSON."""
    request = urllib.request.Request(url, body.encode() if body is not None else None, headers or {}, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=seconds) as response:
            return response.status, _decoded(response.read())
    except urllib.error.HTTPError as error:
        return error.code, _decoded(error.read())


def _decoded(raw):
    try:
        return json.loads(raw)
    except ValueError:
        return {}
