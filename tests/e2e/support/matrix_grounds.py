"""The registries under the crash matrix: how each is started, what calls a step makes there, and what is in it in the
end, in one form: {"client_id", "client_name", "mark": {namespace, name, uid}, "secrets": [{"revision", "id"}], "disabled"}.
"""

import base64
import json

from controlplane import OPERATOR_NAMESPACE
from crash_helpers import installation_id
from hydra import MARK, Hydra
from kubeapi import path
from matrix import CALLS, NEWEST_ID, REGISTRY, TOKENS, Call
from oidc_provider import OidcProvider
from registry import Registry


class Ground:
    """A kind of registry. `flags`: of the server. `picks_ids`: the server does, so they are learned from its answers."""

    name = title = ""
    calls = CALLS
    token_path = "/oauth2/token"
    flags = ()
    in_place = picks_ids = initial_access = False
    needs_credentials = True
    shown_alone = True  # docs/crash-matrix.md names the operation alone
    takes_several = True  # calls at a time; else it refuses some now and then, and they are made again

    def __init__(self, plane, name):
        self.server = self._make(plane, name)
        self.server.flags = self.flags

    def members(self, admin_url):
        """Of the registry's spec, beside what World says; None: to be left out."""
        raise NotImplementedError

    def registered(self, world):
        """{client id: client} of those that bear our mark."""
        raise NotImplementedError

    def remove(self, client):
        """Past the operator, what an operation has left there."""
        raise NotImplementedError

    def watch(self, exchange, reply):
        """Sees all calls to the admin side."""

    def client_ids(self, snapshot, cell):
        """Those that there must be in the end, the one in use first."""
        return [cell.client_id]

    def may_leave(self, cell):
        """How many clients more than those may be left behind by what happened to the cell."""
        return 0


class Embedded(Ground):
    name, title = "embedded", "the embedded registry"
    _make = Registry

    def members(self, admin_url):
        return {"embedded": {"adminUrl": admin_url}}

    def registered(self, world):
        status, page = self.server.admin("GET", f"/clients?owner={installation_id(world)}&limit=500")
        assert status == 200 and not page["continue"], f"the registry lists our clients with {status}"
        return {one["client_id"]: one for one in page["items"]}

    def remove(self, client):
        self.server.admin("DELETE", f"/clients/{client['client_id']}?uid={client['mark']['uid']}")


class OneSecret(Embedded):
    name, title = "in-place", "the embedded registry, one secret for each client"
    flags = ("--max-secrets=1",)
    in_place = True


class OryHydra(Ground):
    name, title = "hydra", "with Ory Hydra"
    _make = Hydra
    in_place = True
    needs_credentials = shown_alone = takes_several = False
    calls = {**CALLS, "replace-credential": Call(REGISTRY, "PUT", "/clients/{id}$")}

    def members(self, admin_url):
        return {"embedded": None, "auth": None, "hydra": {"adminUrl": admin_url}}

    def registered(self, world):
        return {one["client_id"]: self._described(one) for one in self.server.clients() if MARK in (one["metadata"] or {})}

    @staticmethod
    def _described(client):
        mark = client["metadata"][MARK]
        credential = mark.get("credential")
        secrets = [{"revision": credential["revision"], "id": credential["operation_id"]}] if credential else []
        return {"client_id": client["client_id"], "client_name": client["client_name"], "mark": mark,
                "secrets": secrets, "disabled": False}

    def remove(self, client):
        self.server.delete(client["client_id"])


class DynamicRegistration(Ground):
    """Who owns a client is told by its name; what is known of it is in the operator's registration Secrets."""

    name, title = "oidc-provider", "by dynamic registration"
    _make = OidcProvider
    token_path = "/token"
    picks_ids = initial_access = True
    shown_alone = False
    calls = {**CALLS, "register": Call(REGISTRY, "POST", "/reg$", '"Client {name}"'),
             "stage-answer": CALLS["stage"], "update": Call(REGISTRY, "PUT", "/reg/{id}$"),
             "remove-client": Call(REGISTRY, "DELETE", "/reg/{old id}$"), "verify": Call(TOKENS, "POST", "/token$", NEWEST_ID)}

    def __init__(self, plane, name):
        super().__init__(plane, name)
        self._newest = {}  # client_name: id

    def members(self, admin_url):
        return {"embedded": None, "dynamicRegistration": {"registrationEndpoint": f"{admin_url}/reg"}}

    def watch(self, exchange, reply):
        if exchange.method == "POST" and reply and reply.status == 201:
            self._newest[json.loads(exchange.body)["client_name"]] = json.loads(reply.body)["client_id"]

    def newest_id(self, cell):
        return self._newest.get(f"Client {cell.name}")

    def registered(self, world):
        records = self._records(world)
        return {one["client_id"]: self._described(one, records.get(one["client_id"]), world)
                for one in self.server.clients()}

    @staticmethod
    def _records(world):
        """{client id: what the operator remembers of it}"""
        answer = world.api.get(path("v1", "secrets", OPERATOR_NAMESPACE), labelSelector="apiclient.dev/registration=true")
        found = [json.loads(base64.b64decode(one["data"]["record"])) for one in world.must(answer)["items"]]
        return {one["clientId"]: one for one in found}

    @staticmethod
    def _described(client, record, world):
        name = client["client_name"].partition(" ")[2]
        secrets = []
        if record and record["credential"]["revision"]:
            secrets = [{"revision": record["credential"]["revision"], "id": None}]  # the client's only one
        return {"client_id": client["client_id"], "client_name": client["client_name"], "secrets": secrets,
                "disabled": False, "mark": {"namespace": world.namespace, "name": name,
                                            "uid": record and record["mark"]["uid"]}}

    def remove(self, client):
        self.server.delete(client["client_id"])

    def client_ids(self, snapshot, cell):
        status = snapshot.clients[cell.name]["status"]
        former = status.get("previous", {}).get("id")
        return [status["clientId"], *([former] if former else [])]

    def may_leave(self, cell):
        """Nobody knows the id in a reply that is lost."""
        return int(cell.point is not None and cell.point.step.name == "register" and cell.point.side == "received")


GROUNDS = {one.name: one for one in (Embedded, OneSecret, OryHydra, DynamicRegistration)}
