"""What a crash must lead to, and what tests of crashes share."""

import signal

from controlplane import OPERATOR_NAMESPACE
from fault_proxy import FaultProxy
from kubeapi import path
from processes import wait_until
from registry import token_status


def expect_killed(controller, where):
    """It comes to its end by SIGKILL; its Lease is given back for it."""
    # A process of several threads is a zombie before its parent can be told.
    wait_until(lambda: controller.exit_code() is not None, 30, f"the operator is killed {where}", interval=0.01)
    code = controller.exit_code()
    assert code == -signal.SIGKILL, f"the operator ended with {code} and not by SIGKILL {where}"
    controller.kill()


class ProxiedWorld:
    """A world whose registry is managed through a FaultProxy and never looked at by timer."""

    def __init__(self, make_world, record=False):
        self.world = make_world(resyncInterval="0s")
        self._direct = self.world.registry.admin_url
        self.proxy = FaultProxy(self.world.registry.admin_port, record=record)

    def __enter__(self):
        self.proxy.__enter__()
        self._lead_to(self.proxy.url)
        self.world.wait_registry("Reachable")  # by the new way
        return self.world, self.proxy

    def __exit__(self, *_):
        self._lead_to(self._direct)
        self.proxy.__exit__()

    def _lead_to(self, url):
        self.world.patch_registry({"spec": {"embedded": {"adminUrl": url}}})


def wait_until_issued(world, name):
    """Ready, and nothing left to do: the status comes before the staged value is dropped."""
    uid = world.wait_ready(name)["metadata"]["uid"]
    wait_until(lambda: world.staged(uid) is None, 20, f"nothing is staged for {name}", interval=0.02)
    return uid


# End states

def installation_id(world):
    config = world.must(world.api.get(path("v1", "configmaps", OPERATOR_NAMESPACE, "apiclient-operator")))
    return config["data"]["installation-id"]


def owned(world, name):
    """The clients in the registry that bear the mark of this ApiClient, whatever their id."""
    status, page = world.registry.admin("GET", f"/clients?owner={installation_id(world)}&limit=500")
    assert status == 200, f"the registry lists our clients with {status}"
    assert not page["continue"], "more clients than one page takes"
    return [client for client in page["items"]
            if (client["mark"]["namespace"], client["mark"]["name"]) == (world.namespace, name)]


def all_staged(world):
    """Names of the staged Secrets, of every ApiClient."""
    answer = world.api.get(path("v1", "secrets", OPERATOR_NAMESPACE), labelSelector="apiclient.dev/staged=true")
    return [one["metadata"]["name"] for one in world.must(answer)["items"]]


def reconcile_again(world, name):
    """Returns when the operator has gone through the whole object once more and found it right."""
    token = f"again-{world.client(name)['metadata']['resourceVersion']}"
    world.annotate(name, "reconcile", token)
    wait_until(lambda: world.client(name)["status"].get("lastHandledReconcile") == token, 30,
               f"ApiClient {name} was reconciled again", interval=0.02)
    return world.wait_ready(name)


def assert_issued(world, name, revisions=(1,), display_name=None):
    """Ready; one client, whose secrets have exactly these revisions; the last is published and works; none staged.

    `revisions`: empty for a client without a secret, None where any will do.
    """
    wait_until_issued(world, name)
    status = reconcile_again(world, name)["status"]
    uid = wait_until_issued(world, name)
    client = assert_only_client(world, name, uid)
    registered = [one["revision"] for one in client["secrets"]]
    if revisions is None:
        assert registered == sorted(set(registered)), f"{name}: the registry has secrets of revisions {registered}"
    else:
        assert registered == list(revisions), f"{name}: the registry has secrets of revisions {registered}"
    if display_name:
        assert client["client_name"] == display_name, f"{name}: the registry has the name {client['client_name']!r}"
    secret = world.secret(name)
    assert secret.annotation("owner-uid") == uid, f"{name}: the Secret is of another owner"
    assert secret.text("client-id") == client["client_id"]
    if client["secrets"]:
        assert_published(name, secret, status, client)
    else:
        assert "client-secret" not in secret.keys, f"{name}: a client without a secret has one"


def assert_only_client(world, name, uid):
    clients = owned(world, name)
    assert [one["client_id"] for one in clients] == [world.client_id(name)], f"{name}: not exactly its one client"
    assert clients[0]["mark"]["uid"] == uid, f"{name}: the client bears the mark of another object"
    return clients[0]


def assert_published(name, secret, status, client):
    """Secret, status and registry speak of the same revision, and it works."""
    newest = client["secrets"][-1]
    seen = (int(secret.annotation("revision")), status["credential"]["revision"], newest["revision"])
    assert len(set(seen)) == 1, f"{name}: Secret, status and registry are at revisions {seen}"
    assert secret.annotation("credential-id") == newest["id"], f"{name}: the Secret names another secret of the client"
    # Who may not use this grant learns that only after the secret was accepted; otherwise it is 401.
    accepted = 200 if "client_credentials" in client["grant_types"] else 400
    method = "post" if client["token_endpoint_auth_method"] == "client_secret_post" else "basic"
    assert token_status(secret, method) == accepted, f"{name}: the published Secret does not authenticate"


def assert_gone(world, name, credentials=None):
    """Object, client and Secret are gone, nothing is staged; `credentials` (a SecretView from before) are refused."""
    world.wait_gone(name)
    assert owned(world, name) == [], f"{name}: its client is still in the registry"
    assert world.secret(name) is None, f"{name}: its Secret is still there"
    if credentials:
        assert token_status(credentials) == 401, f"{name}: credentials of a deleted object still work"
