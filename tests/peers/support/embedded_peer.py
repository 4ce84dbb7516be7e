"""The registry that comes with the operator."""

from peer import Peer
from registry import Registry

_MARK = {"namespace": "elsewhere", "name": "theirs", "uid": "00000000-0000-0000-0000-000000000001", "revision": 1}


class EmbeddedPeer(Peer):
    kind, strategy = "embedded", "Overlap"
    can_disable = durable = True
    calls = {
        "find": ("GET", r"/clients/[^/]+$"), "list": ("GET", r"/clients$"), "create": ("POST", r"/clients$"),
        "update": ("PUT", r"/clients/[^/]+$"), "new secret": ("POST", r"/clients/[^/]+/secrets$"),
        "remove": ("DELETE", r"/clients/[^/]+$"),
    }

    def __init__(self, plane):
        super().__init__(Registry(plane, "peer-embedded"))

    @property
    def admin_token(self):
        return self._server.admin_token

    def members(self, admin_url):
        return {"embedded": {"adminUrl": admin_url}}

    example = "quickstart.yaml"

    def lead_example(self, spec, secret_name):
        spec["embedded"]["adminUrl"], spec["issuer"] = self.admin_url, self.issuer
        spec["auth"]["bearer"]["secretRef"]["name"] = secret_name

    def client(self, client_id):
        found = self._server.client(client_id)
        return found and {"name": found["client_name"], "redirect_uris": sorted(found.get("redirect_uris", [])),
                          "scopes": sorted(found.get("scope", "").split()), "grant_types": sorted(found["grant_types"]),
                          "auth_method": found["token_endpoint_auth_method"], "disabled": found["disabled"]}

    def client_ids(self):
        return self._server.client_ids()

    def make(self, client_id, secret, installation=None):
        mark = {"mark": {**_MARK, "installation_id": installation}} if installation else {}
        self._must("POST", "/clients", {"client_id": client_id, "client_name": "Made by hand", "type": "machine", **mark,
                                        "secret": {"operation_id": f"by-hand-{client_id}", "revision": 1,
                                                   "value": secret}})

    def rename(self, client_id, name):
        self._put(client_id, client_name=name)

    def remove(self, client_id):
        self._must("DELETE", f"/clients/{client_id}?uid={self._server.client(client_id)['mark']['uid']}")

    def add_foreign(self, client_id):
        return self._put_status(client_id, x_theirs="kept") < 300

    def foreign(self, client_id):
        return self._server.client(client_id).get("x_theirs")

    def _put(self, client_id, **changed):
        status = self._put_status(client_id, **changed)
        assert status < 300, f"the registry answers {status}"

    def _put_status(self, client_id, **changed):
        found = self._server.client(client_id)
        whole = {key: value for key, value in found.items()
                 if key not in ("secrets", "etag", "disabled", "created_at", "updated_at")}
        return self._server.admin("PUT", f"/clients/{client_id}", {**whole, **changed})[0]

    def _must(self, method, where, body=None):
        status, _ = self._server.admin(method, where, body)
        assert status < 300, f"the registry answers {method} with {status}"
