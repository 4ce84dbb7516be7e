"""What the world looks like after a crash, and what is wrong with that."""

from controlplane import OPERATOR_NAMESPACE
from kubeapi import path
from registry import token_status
from secret_view import SecretView
from world import API


class Snapshot:
    """Everything of a world at one moment. What is in the registry is read when it is asked for."""

    def __init__(self, world):
        self._world, self.ground = world, world.ground
        self.clients = {one["metadata"]["name"]: one for one in _items(world, path(API, "apiclients", world.namespace))}
        self.secrets = {one["metadata"]["name"]: SecretView(one)
                        for one in _items(world, path("v1", "secrets", world.namespace))}
        staged = _items(world, path("v1", "secrets", OPERATOR_NAMESPACE), labelSelector="apiclient.dev/staged=true")
        self.staged = {one["metadata"]["name"].removeprefix("staged-") for one in staged}
        self.deployments = {one["metadata"]["name"]: one
                            for one in _items(world, path("apps/v1", "deployments", world.namespace))}
        self._registered = None

    @property
    def registered(self):
        """{client id: client} of those that bear our mark."""
        if self._registered is None:
            self._registered = self.ground.registered(self._world)
        return self._registered

    def owned(self, cell):
        """The clients that bear the mark of this object, whatever their id."""
        return [one for one in self.registered.values()
                if (one["mark"]["namespace"], one["mark"]["name"]) == (self._world.namespace, cell.name)]


def _items(world, where, **params):
    return world.must(world.api.get(where, **params))["items"]


def problems_of(snapshot, cell):
    """What is not as it would be if nothing had happened."""
    end = cell.operation.end
    found = [*_registry_problems(snapshot, cell, end), *_secret_problems(snapshot, cell, end)]
    if cell.uid in snapshot.staged:
        found.append("something is still staged")
    if not cell.operation.gone and cell.name not in snapshot.clients:
        found.append("the ApiClient is gone")
    if end.old_works is not None and (token_status(cell.before, "post") == 200) != end.old_works:
        found.append(f"the old secret {'is refused' if end.old_works else 'works'}")
    return found or [str(one) for one in cell.operation.also(snapshot, cell)]


def _registry_problems(snapshot, cell, end):
    ids = [one["client_id"] for one in snapshot.owned(cell)]
    wanted = [] if end.registered is None else snapshot.ground.client_ids(snapshot, cell)
    left = set(ids) - set(wanted)
    if set(wanted) - set(ids) or len(left) > snapshot.ground.may_leave(cell):
        return [f"the registry has {ids} and not {wanted}"]
    if len(wanted) - 1 != end.former and wanted:
        return [f"{len(wanted) - 1} former clients stand beside the one in use, and not {int(end.former)}"]
    found = []
    for client in (snapshot.registered[one] for one in wanted[:1]):
        revisions = tuple(one["revision"] for one in client["secrets"])
        if revisions != end.registered:
            found.append(f"the registry has secrets {revisions} and not {end.registered}")
        if client["mark"]["uid"] != cell.uid:
            found.append("the client bears the mark of another object")
        if client["disabled"] != end.disabled:
            found.append(f"the client is {'' if client['disabled'] else 'not '}disabled")
    return found


def _secret_problems(snapshot, cell, end):
    secret = snapshot.secrets.get(cell.secret_name)
    if end.published is None:
        return ["there is a Secret"] if secret else []
    if secret is None:
        return ["there is no Secret"]
    found = []
    if secret.annotation("owner-uid") != cell.uid:
        found.append("the Secret is of another owner")
    if not end.published:
        return found + (["a client without a secret has one"] if "client-secret" in secret.keys else [])
    status = snapshot.clients[cell.name]["status"]["credential"]
    newest = snapshot.registered[cell.client_id]["secrets"][-1]
    seen = {int(secret.annotation("revision")), status["revision"], newest["revision"]}
    if seen != {end.published}:
        found.append(f"Secret, status and registry are at revisions {sorted(seen)} and not {end.published}")
    if secret.annotation("credential-id") != newest["id"]:
        found.append("the Secret names another secret of the client")
    wanted = 401 if end.disabled else 200
    if (answered := token_status(secret, "post")) != wanted:
        found.append(f"the published Secret is answered with {answered}")
    return found
