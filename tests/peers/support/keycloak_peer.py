"""Keycloak."""

import json

from keycloak import MARK, OPERATOR, REALM, Keycloak, auth
from peer import Peer

_CLIENTS = rf"/admin/realms/{REALM}/clients"
_FLOWS = {"standardFlowEnabled": "authorization_code", "implicitFlowEnabled": "implicit",
          "serviceAccountsEnabled": "client_credentials"}
_METHOD = "client.secret.authentication.allowed.method"


class KeycloakPeer(Peer):
    """Its clients are in a file. The operator's client has the rights that the documentation asks for, and no more."""

    kind, strategy = "keycloak", "InPlace"
    can_disable = keeps_foreign = durable = True
    calls = {
        "find": ("GET", rf"{_CLIENTS}$"), "list": ("GET", rf"{_CLIENTS}$"), "create": ("POST", rf"{_CLIENTS}$"),
        "update": ("PUT", rf"{_CLIENTS}/[^/]+$"), "new secret": ("PUT", rf"{_CLIENTS}/[^/]+$"),
        "remove": ("DELETE", rf"{_CLIENTS}/[^/]+$"),
    }

    def __init__(self, plane):
        super().__init__(Keycloak(plane, "peer-keycloak"))

    def members(self, admin_url):
        return {"embedded": None, "keycloak": {"url": admin_url, "realm": REALM}}

    def auth(self, secret_name):
        return auth(secret_name)

    def credentials(self):
        return {"client-id": OPERATOR, "client-secret": self._server.client_secret}

    example = "keycloak.yaml"

    def lead_example(self, spec, secret_name):
        spec["keycloak"]["url"] = self.admin_url
        spec["auth"]["clientCredentials"]["secretRef"]["name"] = secret_name

    def client(self, client_id):
        found = self._server.client(client_id)
        return found and {"name": found["name"], "redirect_uris": sorted(found["redirectUris"]),
                          "scopes": self._server.optional_scopes(client_id), "grant_types": _grants(found),
                          "auth_method": _method(found), "disabled": not found["enabled"]}

    def client_ids(self):
        return self._server.client_ids()

    def make(self, client_id, secret, installation=None):
        mark = {"installation_id": installation, "namespace": "elsewhere", "name": "theirs", "revision": 1,
                "uid": "00000000-0000-0000-0000-000000000001"}
        self._server.create(clientId=client_id, name="Made by hand", secret=secret, publicClient=False,
                            serviceAccountsEnabled=True, standardFlowEnabled=False,
                            attributes={MARK: json.dumps(mark)} if installation else {})

    def rename(self, client_id, name):
        self._server.change(client_id, name=name)

    def remove(self, client_id):
        self._server.delete(client_id)

    def add_foreign(self, client_id):
        self._server.change(client_id, attributes={"theirs": "kept"})
        return True

    def foreign(self, client_id):
        return self._server.client(client_id)["attributes"].get("theirs")


def _grants(client):
    grants = [grant for member, grant in _FLOWS.items() if client[member]]
    return sorted(grants + (["refresh_token"] if client["attributes"].get("use.refresh.tokens") != "false" else []))


def _method(client):
    if client["publicClient"]:
        return "none"
    by_keys = client["clientAuthenticatorType"] == "client-jwt"
    return "private_key_jwt" if by_keys else client["attributes"].get(_METHOD)
