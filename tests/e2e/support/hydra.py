"""Ory Hydra as a process, its admin API, and a world whose registry it is. No message from here holds a secret's value."""

import json
import secrets
import signal
import urllib.parse

import peer_binaries
from ports import free_ports
from registry import exchange
from server_process import start_server
from world import World

MARK = "apiclient.dev"  # our member of a client's metadata

_CONFIGURATION = """\
dsn: memory
serve:
  public: {{host: 127.0.0.1, port: {public}}}
  admin: {{host: 127.0.0.1, port: {admin}}}
urls: {{self: {{issuer: "{issuer}"}}}}
secrets: {{system: [{system}]}}
oauth2: {{hashers: {{pbkdf2: {{iterations: 1}}}}}}
log: {{level: warn}}
"""


class Hydra:
    """One with a directory of its own below the control plane's, and its clients in memory: they are lost when it stops.
    Ports stay the same over a restart."""

    def __init__(self, plane, name):
        self._plane, self.name = plane, name
        self.public_port, self.admin_port = free_ports(2)
        self._directory = plane.directory / name
        self.log = plane.directory / f"{name}.log"

    @property
    def issuer(self):
        return f"http://127.0.0.1:{self.public_port}"

    @property
    def admin_url(self):
        return f"http://127.0.0.1:{self.admin_port}"

    def start(self, issuer=None):
        """`issuer`: what it calls itself, by default the URL of its public port."""
        self._directory.mkdir(mode=0o700, exist_ok=True)
        configuration = self._directory / "hydra.yaml"
        configuration.touch(mode=0o600)
        configuration.write_text(_CONFIGURATION.format(public=self.public_port, admin=self.admin_port,
                                                       issuer=issuer or self.issuer, system=secrets.token_hex(16)))
        argv = [peer_binaries.find("hydra"), "serve", "all", "--dev", "--sqa-opt-out", "-c", configuration]
        start_server(self._plane, self.name, argv, self.log, f"{self.admin_url}/health/ready", 60)
        return self

    def stop(self, grace=15.0):
        self._plane.processes.stop(self.name, grace)

    def resume(self):
        self._plane.processes.signal(self.name, signal.SIGCONT)

    # Its admin API

    def admin(self, method, where, body=None):
        """(status, decoded body) of a request below /admin."""
        text = json.dumps(body) if body is not None else None
        return exchange(method, f"{self.admin_url}/admin{where}", text, {"Content-Type": "application/json"})

    def client(self, client_id):
        """The client, or None."""
        status, body = self.admin("GET", _path(client_id))
        if status == 404:
            return None
        assert status == 200, f"Hydra answers {status} for client {client_id}"
        return body

    def clients(self):
        """All of them, whosoever; fewer than a page."""
        status, page = self.admin("GET", "/clients?page_size=500")
        assert status == 200, f"Hydra lists its clients with {status}"
        return page

    def mark(self, client_id):
        """What the operator has written into the client's metadata."""
        return self.client(client_id)["metadata"][MARK]

    def create(self, **client):
        """A client that somebody makes by hand."""
        status, body = self.admin("POST", "/clients", client)
        assert status == 201, f"Hydra creates a client with {status}"
        return self.client(body["client_id"])

    def change(self, client_id, **members):
        """As somebody does who writes back what he has read."""
        status, _ = self.admin("PUT", _path(client_id), {**self.client(client_id), **members})
        assert status == 200, f"Hydra replaces a client with {status}"

    def delete(self, client_id):
        status, _ = self.admin("DELETE", _path(client_id))
        assert status == 204, f"Hydra deletes a client with {status}"


class HydraWorld(World):
    """A world whose ClusterClientRegistry leads to a Hydra of its own."""

    def __init__(self, plane, api, audit, controller, registry_spec=None):
        super().__init__(plane, api, audit, controller, registry_spec)
        self.registry = Hydra(plane, f"hydra-{self.namespace}")
        self._issuer = self.registry.issuer

    def create_credentials(self, *_arguments, **_options):
        """None are needed."""

    def create_registry(self, name=None, default=False, **spec):
        hydra = {"embedded": None, "auth": None, "hydra": {"adminUrl": self.registry.admin_url}}
        return super().create_registry(name, default, **{**hydra, **spec})


def _path(client_id):
    return "/clients/" + urllib.parse.quote(client_id, safe="")
