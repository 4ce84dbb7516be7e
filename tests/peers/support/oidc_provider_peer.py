"""npm oidc-provider: a server with dynamic client registration and its management that nobody here wrote."""

from oidc_provider import OidcProvider
from peer import Peer


class OidcProviderPeer(Peer):
    kind, strategy = "oidc-provider", "Reregister"
    durable = picks_ids = True
    says_absent = searchable = probed_by_reading = False
    calls = {
        "find": ("GET", r"/reg/[^/]+$"), "create": ("POST", r"/reg$"), "new secret": ("POST", r"/reg$"),
        "update": ("PUT", r"/reg/[^/]+$"), "remove": ("DELETE", r"/reg/[^/]+$"),
    }

    def __init__(self, plane):
        super().__init__(OidcProvider(plane, "peer-oidc-provider"))
        self.admin_token = self._server.admin_token

    def members(self, admin_url):
        return {"embedded": None, "dynamicRegistration": {"registrationEndpoint": f"{admin_url}/reg"}}

    def auth(self, secret_name):
        return {"initialAccessToken": {"secretRef": {"name": secret_name, "key": "token"}}}

    example = "dynamic-registration.yaml"

    def lead_example(self, spec, secret_name):
        spec["dynamicRegistration"]["issuer"] = self.issuer
        spec["auth"]["initialAccessToken"]["secretRef"]["name"] = secret_name

    def client(self, client_id):
        found = self._server.client(client_id)
        return found and {"name": found["client_name"], "redirect_uris": sorted(found.get("redirect_uris", [])),
                          "scopes": sorted(found.get("scope", "").split()), "grant_types": sorted(found["grant_types"]),
                          "auth_method": found["token_endpoint_auth_method"], "disabled": False}

    def client_ids(self):
        return [one["client_id"] for one in self._server.clients()]

    def rename(self, client_id, name):
        self._server.change(client_id, client_name=name)

    def remove(self, client_id):
        self._server.delete(client_id)

    def add_foreign(self, client_id):
        """An update replaces all that a client holds (RFC 7592 section 2.2)."""
        return False

    def foreign(self, client_id):
        return None
