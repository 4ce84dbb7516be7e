"""npm oidc-provider: a server with dynamic client registration and its management that nobody here wrote. It picks the
ids, makes the secrets, and after each change of a client wants another registration access token."""

import json
import secrets
import shutil
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import npm_packages
from peer import Peer
from processes import Failed, answers, free_ports, tail, wait_until

_PACKAGE = Path(__file__).resolve().parents[1] / "oidc-provider"


class OidcProviderPeer(Peer):
    kind, strategy = "oidc-provider", "Reregister"
    durable = picks_ids = True
    says_absent = searchable = probed_by_reading = False
    name = "peer-oidc-provider"
    calls = {
        "find": ("GET", r"/reg/[^/]+$"), "create": ("POST", r"/reg$"), "new secret": ("POST", r"/reg$"),
        "update": ("PUT", r"/reg/[^/]+$"), "remove": ("DELETE", r"/reg/[^/]+$"),
    }

    def __init__(self, plane):
        self._plane = plane
        self._port, self._control_port = free_ports(2)
        self._directory = plane.directory / self.name
        self.log = plane.directory / f"{self.name}.log"
        self.admin_token = secrets.token_urlsafe(32)

    def start(self):
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
        argv = [npm_packages.node(packages), program, self._port, self._control_port, self._directory / "stored.json", token]
        self._plane.processes.spawn(self.name, [str(argument) for argument in argv], self.log)

        def ready():
            if self._plane.processes.pid(self.name) is None:
                raise Failed(f"{self.name} ended; its log ends:\n{tail(self.log)}")
            return answers(f"http://127.0.0.1:{self._control_port}/clients")

        wait_until(ready, 60, f"{self.name} is ready", interval=0.05)

    def stop(self):
        self._plane.processes.stop(self.name, 2)

    @property
    def issuer(self):
        return f"http://127.0.0.1:{self._port}"

    @property
    def admin_url(self):
        return self.issuer

    @property
    def admin_port(self):
        return self._port

    def members(self, admin_url):
        return {"embedded": None, "dynamicRegistration": {"registrationEndpoint": f"{admin_url}/reg"}}

    def auth(self, secret_name):
        return {"initialAccessToken": {"secretRef": {"name": secret_name, "key": "token"}}}

    example = "dynamic-registration.yaml"

    def lead_example(self, spec, secret_name):
        spec["dynamicRegistration"]["issuer"] = self.issuer
        spec["auth"]["initialAccessToken"]["secretRef"]["name"] = secret_name

    def client(self, client_id):
        found = self._control("GET", client_id)
        return found and {"name": found["client_name"], "redirect_uris": sorted(found.get("redirect_uris", [])),
                          "scopes": sorted(found.get("scope", "").split()), "grant_types": sorted(found["grant_types"]),
                          "auth_method": found["token_endpoint_auth_method"], "disabled": False}

    def client_ids(self):
        return self._control("GET")

    def rename(self, client_id, name):
        assert self._control("PATCH", client_id, {"client_name": name}), "there is such a client"

    def remove(self, client_id):
        assert self._control("DELETE", client_id), "there was such a client"

    def add_foreign(self, client_id):
        """An update replaces all that a client holds (RFC 7592 section 2.2)."""
        return False

    def foreign(self, client_id):
        return None

    def _control(self, method, client_id="", body=None):
        url = f"http://127.0.0.1:{self._control_port}/clients/{urllib.parse.quote(client_id, safe='')}"
        request = urllib.request.Request(url, json.dumps(body).encode() if body else None, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=10) as response:
                return json.loads(response.read())
        except urllib.error.HTTPError as error:
            assert error.code == 404, f"the control port answers {error.code}"
            return None
