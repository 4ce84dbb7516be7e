"""npm oidc-provider as a process, and what somebody does to its clients past the operator. It picks the ids, makes the
secrets, and after each change of a client wants another registration access token. No message from here holds a secret's
value."""

import json
import secrets
import shutil
import signal
import urllib.parse
from pathlib import Path

import npm_packages
from ports import free_ports
from registry import exchange
from server_process import start_server

_PACKAGE = Path(__file__).resolve().parents[2] / "peers" / "oidc-provider"


class OidcProvider:
    """One with a directory of its own below the control plane's. Ports stay the same over a restart, and so do clients."""

    def __init__(self, plane, name):
        self._plane, self.name = plane, name
        self.public_port, self._control_port = free_ports(2)
        self.admin_port = self.public_port
        self._directory = plane.directory / name
        self.log = plane.directory / f"{name}.log"
        self.admin_token = secrets.token_urlsafe(32)

    @property
    def issuer(self):
        return f"http://127.0.0.1:{self.public_port}"

    admin_url = issuer

    def start(self, issuer=None):
        """`issuer`: what it calls itself, by default its own URL."""
        packages = npm_packages.install(_PACKAGE)
        self._directory.mkdir(mode=0o700, exist_ok=True)
        token = self._directory / "initial-access-token"
        token.touch(mode=0o600)
        token.write_text(self.admin_token)
        # Packages are found from where the program lies.
        program = self._directory / "server.mjs"
        shutil.copy(_PACKAGE / "server.mjs", program)
        modules = self._directory / "node_modules"
        if not modules.is_symlink():
            modules.symlink_to(packages / "node_modules")
        argv = [npm_packages.node(packages), program, issuer or self.issuer, self.public_port, self._control_port,
                self._directory / "stored.json", token]
        start_server(self._plane, self.name, argv, self.log, f"http://127.0.0.1:{self._control_port}/clients", 60)
        return self

    def stop(self, grace=15.0):
        self._plane.processes.stop(self.name, grace)

    def resume(self):
        self._plane.processes.signal(self.name, signal.SIGCONT)

    # Past the operator

    def clients(self):
        """All clients, without their secrets."""
        return self._control("GET")

    def client(self, client_id):
        """The client, or None."""
        return self._control("GET", client_id)

    def change(self, client_id, **members):
        assert self._control("PATCH", client_id, members), "there is no such client"

    def delete(self, client_id):
        assert self._control("DELETE", client_id), "there was no such client"

    def _control(self, method, client_id="", body=None):
        url = f"http://127.0.0.1:{self._control_port}/clients/{urllib.parse.quote(client_id, safe='')}"
        status, answer = exchange(method, url, json.dumps(body) if body else None)
        assert status in (200, 404), f"the control port answers {status}"
        return answer if status == 200 else None
