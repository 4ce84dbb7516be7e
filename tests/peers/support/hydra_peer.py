"""Ory Hydra."""

from hydra import MARK, Hydra
from peer import Peer

_CLIENTS = r"/admin/clients"


class HydraPeer(Peer):
    """Its clients are in memory: they are gone when it stops."""

    kind, strategy = "hydra", "InPlace"
    keeps_foreign = True
    calls = {
        "find": ("GET", rf"{_CLIENTS}/[^/]+$"), "list": ("GET", rf"{_CLIENTS}$"), "create": ("POST", rf"{_CLIENTS}$"),
        "update": ("PUT", rf"{_CLIENTS}/[^/]+$"), "new secret": ("PUT", rf"{_CLIENTS}/[^/]+$"),
        "remove": ("DELETE", rf"{_CLIENTS}/[^/]+$"),
    }

    def __init__(self, plane):
        super().__init__(Hydra(plane, "peer-hydra"))

    example = "hydra.yaml"

    def lead_example(self, spec, secret_name):
        spec["hydra"]["adminUrl"], spec["issuer"] = self.admin_url, self.issuer

    def members(self, admin_url):
        return {"embedded": None, "auth": None, "hydra": {"adminUrl": admin_url}}

    def client(self, client_id):
        found = self._server.client(client_id)
        return found and {"name": found["client_name"], "redirect_uris": sorted(found.get("redirect_uris") or []),
                          "scopes": sorted(found.get("scope", "").split()), "grant_types": sorted(found["grant_types"]),
                          "auth_method": found["token_endpoint_auth_method"], "disabled": False}

    def client_ids(self):
        return [one["client_id"] for one in self._server.clients()]

    def make(self, client_id, secret, installation=None):
        mark = {"installation_id": installation, "namespace": "elsewhere", "name": "theirs", "revision": 1,
                "uid": "00000000-0000-0000-0000-000000000001"}
        self._server.create(client_id=client_id, client_name="Made by hand", client_secret=secret,
                            grant_types=["client_credentials"], token_endpoint_auth_method="client_secret_basic",
                            metadata={MARK: mark} if installation else {})

    def rename(self, client_id, name):
        self._server.change(client_id, client_name=name)

    def remove(self, client_id):
        self._server.delete(client_id)

    def add_foreign(self, client_id):
        metadata = self._server.client(client_id)["metadata"]
        self._server.change(client_id, metadata={**metadata, "theirs": "kept"})
        return True

    def foreign(self, client_id):
        return self._server.client(client_id)["metadata"].get("theirs")
