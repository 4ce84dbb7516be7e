"""Keycloak as a process, with a realm and the operator's client in it, and its Admin REST API past the operator. No
message from here holds a secret's value."""

import json
import os
import secrets
import signal
import time
import urllib.parse
from functools import partial

import keycloak_server
from ports import free_ports
from registry import exchange
from server_process import start_server
from world import World

MARK = "apiclient.dev"  # our attribute
REALM = "acme"
OPERATOR = "apiclient-operator"
RIGHTS = ("manage-clients", "view-clients", "query-clients")  # of realm-management, as docs/registries.md says
SCOPES = ("read", "write", "invoices.read")


class Keycloak:
    """One with a directory of its own below the control plane's. Ports and clients stay over a restart."""

    def __init__(self, plane, name):
        self._plane, self.name = plane, name
        self._port, = free_ports(1)
        self._directory = plane.directory / name
        self._password = secrets.token_urlsafe(24)
        self.log = plane.directory / f"{name}.log"
        self.client_secret = secrets.token_urlsafe(32)
        self._made = False
        self._token, self._token_ends = "", 0.0

    @property
    def url(self):
        return f"http://127.0.0.1:{self._port}"

    @property
    def issuer(self):
        return f"{self.url}/realms/{REALM}"

    @property
    def admin_url(self):
        return self.url

    @property
    def admin_port(self):
        return self._port

    def start(self):
        database = f"jdbc:h2:file:{self._directory}/data/keycloak;NON_KEYWORDS=VALUE;DB_CLOSE_ON_EXIT=FALSE"
        argv = keycloak_server.command(
            self._directory, f"--db-url={database}",
            # Its own URL, whatever proxy a request came by: else it takes no token that it has issued by another name.
            f"--hostname={self.url}", "--http-enabled=true", "--http-host=127.0.0.1", f"--http-port={self._port}",
            "--log-level=warn")
        environment = {**os.environ, "KC_BOOTSTRAP_ADMIN_USERNAME": "admin",
                       "KC_BOOTSTRAP_ADMIN_PASSWORD": self._password}
        start_server(self._plane, self.name, argv, self.log, f"{self.url}/realms/master", 300, 0.2, environment)
        if not self._made:
            self._make_realm()
        return self

    def stop(self, grace=15.0):
        """It writes its data down when it ends."""
        self._plane.processes.stop(self.name, max(grace, 15.0))

    def resume(self):
        self._plane.processes.signal(self.name, signal.SIGCONT)

    def _make_realm(self):
        self.must("POST", "", {"realm": REALM, "enabled": True}, seconds=120)
        for scope in SCOPES:
            self.must("POST", f"/{REALM}/client-scopes", {"name": scope, "protocol": "openid-connect"})
        self.must("POST", f"/{REALM}/roles", {"name": "viewer"})
        self.make_operator(OPERATOR, self.client_secret, RIGHTS)
        self._made = True

    def make_operator(self, client_id, secret, rights):
        """A client whose service account has these roles of realm-management."""
        self.create(clientId=client_id, secret=secret, publicClient=False, standardFlowEnabled=False,
                    serviceAccountsEnabled=True)
        self.grant(client_id, rights)

    def grant(self, client_id, rights):
        self._change_rights("POST", client_id, rights)

    def revoke(self, client_id, rights):
        self._change_rights("DELETE", client_id, rights)

    def _change_rights(self, method, client_id, rights):
        management = self.client("realm-management")["id"]
        roles = [self.must("GET", f"/{REALM}/clients/{management}/roles/{name}") for name in rights]
        user = self.service_account(client_id)
        self.must(method, f"/{REALM}/users/{user}/role-mappings/clients/{management}", roles)

    # Its admin API, as the administrator

    def admin(self, method, where, body=None, seconds=20):
        """(status, decoded body) of a request below /admin/realms."""
        headers = {"Authorization": f"Bearer {self._admin_token()}", "Content-Type": "application/json"}
        text = json.dumps(body) if body is not None else None
        return exchange(method, f"{self.url}/admin/realms{where}", text, headers, seconds)

    def must(self, method, where, body=None, seconds=20):
        status, answer = self.admin(method, where, body, seconds)
        assert status < 300, f"Keycloak answers {method} {where} with {status}"
        return answer

    def _admin_token(self):
        """A log-in costs the server more than all else that the tests ask of it."""
        if time.monotonic() > self._token_ends:
            self._token, life = self._log_in()
            self._token_ends = time.monotonic() + life / 2
        return self._token

    def _log_in(self):
        form = {"grant_type": "password", "client_id": "admin-cli", "username": "admin", "password": self._password}
        status, body = exchange("POST", f"{self.url}/realms/master/protocol/openid-connect/token",
                                urllib.parse.urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"}, 60)
        assert status == 200, f"Keycloak lets its administrator in with {status}"
        return body["access_token"], body["expires_in"]

    def client(self, client_id):
        """The client without its secret, or None."""
        found = self.must("GET", f"/{REALM}/clients?clientId={urllib.parse.quote(client_id, safe='')}")
        for one in found:
            one.pop("secret", None)
        return found[0] if found else None

    def client_ids(self):
        return [one["clientId"] for one in self.must("GET", f"/{REALM}/clients")]

    def mark(self, client_id):
        """What the operator has written into the client's attribute."""
        return json.loads(self.client(client_id)["attributes"][MARK])

    def create(self, **client):
        """A client that somebody makes by hand."""
        self.must("POST", f"/{REALM}/clients",
                  {"protocol": "openid-connect", "directAccessGrantsEnabled": False, **client})

    def change(self, client_id, **members):
        """What is not named stays."""
        found = self.client(client_id)
        self.must("PUT", f"/{REALM}/clients/{found['id']}", {"clientId": client_id, "attributes": {}, **members})

    def delete(self, client_id):
        self.must("DELETE", f"/{REALM}/clients/{self.client(client_id)['id']}")

    def service_account(self, client_id):
        """Id of the user that the client acts as."""
        return self.must("GET", f"/{REALM}/clients/{self.client(client_id)['id']}/service-account-user")["id"]

    def roles_of(self, client_id):
        user = self.service_account(client_id)
        return sorted(one["name"] for one in self.must("GET", f"/{REALM}/users/{user}/role-mappings/realm"))

    def optional_scopes(self, client_id):
        """Without those that each client of the realm has."""
        usual = {one["name"] for one in self.must("GET", f"/{REALM}/default-optional-client-scopes")}
        return sorted(set(self.client(client_id)["optionalClientScopes"]) - usual)

    def scope_path(self, client_id, scope):
        known = {one["name"]: one["id"] for one in self.must("GET", f"/{REALM}/client-scopes")}
        return f"/{REALM}/clients/{self.client(client_id)['id']}/optional-client-scopes/{known[scope]}"


def members(url, secret_name):
    """Of the spec of a ClusterClientRegistry that leads to `url`."""
    return {"embedded": None, "issuer": None, "keycloak": {"url": url, "realm": REALM}, "auth": auth(secret_name)}


def auth(secret_name):
    return {"clientCredentials": {"secretRef": {
        "name": secret_name, "clientIdKey": "client-id", "clientSecretKey": "client-secret"}}}


def worlds_of(server, make_world):
    """world(**registry_spec): nothing is looked at by timer."""
    return lambda **spec: make_world(partial(KeycloakWorld, server=server),
                                     **{"resyncInterval": "0s", "allowedScopes": ["*"], **spec})


class KeycloakWorld(World):
    """A world whose ClusterClientRegistry leads to the realm of a server that runs before and after."""

    def __init__(self, plane, api, audit, controller, registry_spec=None, server=None):
        super().__init__(plane, api, audit, controller, registry_spec, issuer=server.issuer)
        self.registry = server

    def create_credentials(self, *_arguments, **_options):
        """Those of the operator's client."""
        return self.create_operator_secret(self.credentials_name, **{
            "client-id": OPERATOR, "client-secret": self.registry.client_secret})

    def create_registry(self, name=None, default=False, **spec):
        return super().create_registry(name, default, **{**members(self.registry.url, self.credentials_name), **spec})

    def _start_registry(self):
        """It runs already."""

    def _stop_registry(self):
        """Others go on with it."""
