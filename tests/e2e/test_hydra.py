"""Ory Hydra as the registry: the real server, through the operator, from YAML only."""

import secrets
import time
from pathlib import Path

import pytest
import yaml
from controller import CHECKPOINTS
from crash_helpers import installation_id, reconcile_again
from fault_proxy import FaultProxy
from faults import Reply, lose_reply
from hydra import MARK, HydraWorld
from kstatus import conditions, is_ready
from processes import wait_until
from registry import token_status
from rotation import revision, rotate, wait_refused, works
from secret_scanner import SecretScanner

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "hydra.yaml"
REDIRECT = "https://shop.example.com/callback"


@pytest.fixture
def hydra_world(make_world):
    """hydra_world(**registry_spec): nothing is looked at by timer."""
    return lambda **spec: make_world(HydraWorld, **{"resyncInterval": "0s", "allowedScopes": ["*"], **spec})


def wait_registered(world, name, condition, what):
    wait_until(lambda: condition(world.registered(name)), 20, f"client {name} at Hydra: {what}", interval=0.05)
    return world.registered(name)


def revisions(world, name):
    """What Secret, status and Hydra say."""
    return (world.secret(name).annotation("revision"), revision(world.client(name)),
            world.registry.mark(world.client_id(name))["credential"]["revision"])


def assert_right(world, name):
    """The operator looks at everything once more, and writes nothing."""
    before = world.registered(name)
    client = reconcile_again(world, name)
    assert world.registered(name) == before, "a client that is right was written"
    return client


def test_from_create_to_delete(hydra_world):
    world = hydra_world()
    registry = world.wait_registry("Reachable")["status"]
    assert registry["backend"] == "hydra" and registry["serverVersion"] == "v2.3.0"
    assert registry["capabilities"]["maxSecrets"] == 1 and not registry["capabilities"]["disable"]

    client = world.create_ready("one", scopes=["read", "write"], audiences=[])
    assert client["status"]["clientId"] == world.client_id("one")
    assert client["status"]["rotation"]["strategy"] == "InPlace"
    registered = world.registered("one")
    assert registered["client_name"] == "Client one" and registered["scope"] == "read write"
    assert registered["grant_types"] == ["client_credentials"] and registered["response_types"] == []
    mark = registered["metadata"][MARK]
    assert (mark["namespace"], mark["name"], mark["uid"]) == (world.namespace, "one", client["metadata"]["uid"])
    assert mark["installation_id"] == installation_id(world)
    assert mark["credential"]["hint"] == client["status"]["credential"]["hint"]
    secret = world.secret("one")
    assert secret.text("issuer-uri") == world.registry.issuer and token_status(secret, scope="read") == 200
    assert_right(world, "one")

    world.delete_and_wait("one")
    assert world.registered("one") is None and world.secret("one") is None and token_status(secret) == 401


def test_no_scopes_are_none_and_not_the_servers_default_ones(hydra_world):
    world = hydra_world()
    world.create_ready("one")
    assert world.registered("one")["scope"].split() == []
    assert token_status(world.secret("one"), scope="offline") == 400
    assert_right(world, "one")


WEB = {"type": "Web", "redirectUris": [REDIRECT, "https://a.example.com/cb"], "scopes": ["openid", "offline_access"],
       "postLogoutRedirectUris": ["https://shop.example.com/bye"], "allowedCorsOrigins": ["https://shop.example.com"],
       "requireConsent": False, "tokenLifetimes": {"accessToken": "15m", "refreshToken": "24h", "idToken": "1h"},
       "contacts": ["shop@example.com"], "clientUri": "https://shop.example.com", "tosUri": "https://shop.example.com/t",
       "logoUri": "https://shop.example.com/l.png", "policyUri": "https://shop.example.com/p"}
KEYS = {"keys": [{"kty": "EC", "crv": "P-256", "kid": "2026-01", "use": "sig", "alg": "ES256", "key_ops": ["verify"],
                  "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
                  "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}


@pytest.mark.parametrize("spec", [
    WEB,
    {**WEB, "grantTypes": ["authorization_code", "refresh_token", "implicit"],
     "registryParameters": {"access_token_strategy": "jwt", "skip_logout_consent": True}},
    {"type": "Public", "redirectUris": ["http://127.0.0.1/callback"]},
    {"tokenEndpointAuthMethod": "private_key_jwt", "jwks": KEYS},
    {"tokenEndpointAuthMethod": "private_key_jwt", "jwksUri": "https://shop.example.com/jwks.json"},
    {"tokenEndpointAuthMethod": "client_secret_post", "audiences": ["https://api.example.com"]},
], ids=["web", "implicit-and-parameters", "public", "jwks", "jwks-uri", "post"])
def test_every_kind_of_client_is_made_once_and_is_then_right(hydra_world, spec):
    world = hydra_world(allowedAudiences=["*"], allowedParameters=[{"name": "access_token_strategy"},
                                                                   {"name": "skip_logout_consent"}],
                        allowedGrantTypes=["authorization_code", "refresh_token", "implicit", "client_credentials"])
    world.create_ready("one", **spec)
    registered = world.registered("one")
    assert_right(world, "one")
    assert world.registered("one") == registered, "it was written once"
    if spec.get("type") == "Web":
        assert registered["skip_consent"] and registered["refresh_token_grant_refresh_token_lifespan"] == "24h0m0s"
    world.delete_and_wait("one")
    assert world.registered("one") is None


def test_a_parameter_that_hydra_does_not_have_is_said(hydra_world):
    world = hydra_world(allowedParameters=[{"name": "color"}])
    world.create("one", registryParameters={"color": "blue"})
    client = world.wait_condition("one", "Stalled", "True", "RefusedByRegistry")
    assert "color" in conditions(client)["Stalled"]["message"] and world.registered("one") is None
    world.patch("one", {"spec": {"registryParameters": None}})
    world.wait_ready("one")


def test_an_update_keeps_what_is_somebody_elses(hydra_world):
    world = hydra_world()
    world.create_ready("one", type="Web", redirectUris=[REDIRECT],
                       grantTypes=["authorization_code", "client_credentials"])
    before, client_id = world.secret("one"), world.client_id("one")
    theirs = {"owner": "billing", "backchannel_logout_uri": "https://shop.example.com/out", "subject_type": "public"}
    metadata = {**world.registered("one")["metadata"], "team": {"name": "billing"}}
    world.registry.change(client_id, metadata=metadata, **theirs)

    world.patch("one", {"spec": {"redirectUris": ["https://new.example.com/cb"], "scopes": ["read"],
                                 "displayName": "New name"}})
    world.wait_ready("one")
    registered = wait_registered(world, "one", lambda one: one["client_name"] == "New name", "it has the new name")
    assert registered["redirect_uris"] == ["https://new.example.com/cb"] and registered["scope"] == "read"
    assert registered["metadata"]["team"] == {"name": "billing"}
    assert {name: registered[name] for name in theirs} == theirs
    assert world.secret("one").fingerprint() == before.fingerprint() and works(before), "the secret stays"
    assert_right(world, "one")


@pytest.mark.parametrize("members", [
    {"client_name": "Somebody's", "scope": "read admin"},
    {"redirect_uris": ["https://evil.example.com/cb"], "response_types": ["token"], "grant_types": ["implicit"]},
    {"skip_consent": True},
    {"client_credentials_grant_access_token_lifespan": "720h0m0s"},
], ids=["name-and-scope", "redirect", "consent", "lifespan"])
def test_drift_is_healed(hydra_world, members):
    world = hydra_world()
    world.create_ready("one", type="Web", redirectUris=[REDIRECT], scopes=["read"],
                       grantTypes=["authorization_code", "client_credentials"])
    right = world.registered("one")
    world.registry.change(world.client_id("one"), **members)
    reconcile_again(world, "one")
    healed = world.registered("one")
    for one in (right, healed):
        del one["updated_at"]
    assert healed == right and works(world.secret("one"))


# Rotation

def test_a_rotation_is_refused_where_nobody_has_agreed_to_the_gap(hydra_world):
    world = hydra_world()
    world.create_ready("one")
    world.annotate("one", "rotate", "r1")
    client = wait_refused(world, "one", "r1", "NotSupportedByRegistry")
    assert is_ready(client) and revision(client) == 1 and world.token("one") == 200


@pytest.mark.parametrize("registry, spec, token", [
    ({"allowInPlaceRotation": True}, {}, "r1"),
    ({}, {"rotation": {"overlap": "0s"}}, "r1"),
    ({}, {}, "leak:Compromised"),
], ids=["registry", "overlap-0s", "compromised"])
def test_rotation_in_place(hydra_world, registry, spec, token):
    world = hydra_world(**registry)
    world.create_ready("one", **spec)
    old, registered = world.secret("one"), world.registered("one")
    client = rotate(world, "one", token)
    assert client["status"]["rotation"]["strategy"] == "InPlace" and "previous" not in client["status"]
    assert revisions(world, "one") == ("2", 2, 2)
    assert works(world.secret("one")) and token_status(old) == 401
    after = world.registered("one")
    for one in (registered, after):
        del one["updated_at"], one["metadata"][MARK]
    assert after == registered, "nothing but the secret has changed"
    assert_right(world, "one")


def test_the_gap_is_short(hydra_world, numbers):
    world = hydra_world(allowInPlaceRotation=True)
    world.create_ready("one")
    world.annotate("one", "rotate", "r1")
    refused, end = [], time.monotonic() + 20
    while world.secret("one").annotation("revision") == "1" or not works(world.secret("one")):
        now = time.monotonic()
        assert now < end, "the new secret never worked"
        if world.token("one") != 200:
            refused.append(now)
    gap = (refused[-1] - refused[0]) * 1000 if refused else 0
    numbers("gap of a rotation at Hydra", f"{len(refused)} token requests refused within {gap:.0f} ms")
    assert gap < 5000


def test_a_lost_secret_is_healed(hydra_world):
    world = hydra_world()
    world.create_ready("one")
    world.delete_secret("one")
    world.wait_secret("one", lambda one: one and one.annotation("revision") == "2", "it is made again")
    world.wait_ready("one")
    assert world.token("one") == 200 and revisions(world, "one") == ("2", 2, 2)


def test_a_secret_that_somebody_set_at_hydra_is_replaced(hydra_world):
    world = hydra_world()
    world.create_ready("one")
    world.registry.change(world.client_id("one"), client_secret=secrets.token_urlsafe(32))
    assert world.token("one") == 401
    reconcile_again(world, "one")
    assert world.token("one") == 200 and revisions(world, "one") == ("2", 2, 2)


# What Hydra cannot do

@pytest.mark.parametrize("field, spec", [
    ("spec.suspended", {"suspended": True}), ("spec.deletionPolicy: Disable", {"deletionPolicy": "Disable"}),
], ids=["suspended", "deletionPolicy"])
def test_disabling_a_client_is_refused(hydra_world, field, spec):
    world = hydra_world()
    world.create("new", **spec)
    world.create_ready("old")
    world.patch("old", {"spec": spec})
    for name in ("new", "old"):
        client = world.wait_condition(name, "Stalled", "True", "NotSupportedByRegistry")
        message = conditions(client)["Stalled"]["message"]
        assert field in message and "cannot disable a client" in message and world.registry_name in message
    assert world.registered("new") is None and world.secret("new") is None
    assert world.token("old") == 200, "what is published goes on working"
    for name in ("new", "old"):
        world.patch(name, {"spec": dict.fromkeys(spec)})
        world.wait_ready(name)


def test_a_deletion_that_should_disable_is_blocked_and_says_why(hydra_world):
    world = hydra_world()
    world.create_ready("one")
    world.patch("one", {"spec": {"deletionPolicy": "Disable"}})
    world.wait_condition("one", "Stalled", "True", "NotSupportedByRegistry")
    world.delete("one")
    client = world.wait_condition("one", "DeletionBlocked", "True", "NotSupportedByRegistry")
    assert "spec.deletionPolicy" in conditions(client)["DeletionBlocked"]["message"]
    assert world.token("one") == 200
    world.patch("one", {"spec": {"deletionPolicy": "Delete"}})
    world.wait_gone("one")
    assert world.registered("one") is None


# Other people's clients

@pytest.mark.parametrize("metadata, reason", [
    ({"team": "billing"}, "ClientIdConflict"),
    ({MARK: {"installation_id": "elsewhere", "namespace": "n", "name": "one", "uid": "u", "revision": 1}},
     "OwnedElsewhere"),
    ({MARK: "not a mark"}, "OwnedElsewhere"),
    ({MARK: {"uid": 7}}, "OwnedElsewhere"),
], ids=["unmarked", "another-installation", "text", "unreadable"])
def test_a_client_that_is_not_ours_is_left_alone(hydra_world, metadata, reason):
    world = hydra_world()
    theirs = world.registry.create(client_id=world.client_id("one"), client_secret=secrets.token_urlsafe(32),
                                   metadata=metadata)
    world.create("one")
    world.wait_condition("one", "Stalled", "True", reason)
    world.delete_and_wait("one")
    assert world.registered("one") == theirs


def test_adoption(hydra_world):
    world = hydra_world(allowInPlaceRotation=True)
    world.patch_registry({"spec": {"allowAdoption": [{"namespaces": [world.namespace], "clientIds": ["legacy"]}]}})
    value = secrets.token_urlsafe(32)
    world.registry.create(client_id="legacy", client_secret=value, grant_types=["client_credentials"],
                          metadata={"team": "billing"}, owner="somebody")
    shown = world.create_secret("shown", {"client-secret": value}, metadata={
        "name": "shown", "labels": {"apiclient.dev/usable-by": "adopt"}})
    client = world.create_ready("one", adopt={"clientId": "legacy", "secretRef": {"name": "shown"}})
    assert world.secret("one").fingerprint() == shown.fingerprint() and world.token("one") == 200
    adopted = world.registry.client("legacy")
    assert adopted["metadata"]["team"] == "billing" and adopted["owner"] == "somebody"
    assert adopted["metadata"][MARK]["uid"] == client["metadata"]["uid"] and adopted["client_name"] == "Client one"
    reconcile_again(world, "one")
    assert world.registry.client("legacy") == adopted and revision(world.client("one")) == 1

    old = world.secret("one")
    assert revision(rotate(world, "one", "ours-now")) == 2
    assert world.token("one") == 200 and token_status(old) == 401


# Many clients

def test_the_sweep_sees_every_page(controller, hydra_world):
    world = hydra_world()
    mark = {"installation_id": installation_id(world), "namespace": world.namespace, "uid": "gone", "revision": 1}
    ids = [f"orphan-{number:03}" for number in range(260)]
    for client_id in ids:
        world.registry.create(client_id=client_id, metadata={MARK: {**mark, "name": client_id}})
        if client_id.endswith("0"):
            world.registry.create(client_id=f"theirs-{client_id}", metadata={"team": "billing"})
    controller.stop()
    controller.start(program=CHECKPOINTS, environment={"APICLIENT_SWEEP_INTERVAL_MS": "1000"})
    metric = f'apiclient_sweep_orphaned_clients{{registry="{world.registry_name}"}} 260'
    wait_until(lambda: metric in controller.metrics().splitlines(), 60, "260 orphans are counted", interval=0.2)
    assert len(ids) == 260


def test_an_emptied_hydra_is_not_filled_again_without_a_persons_word(hydra_world):
    world = hydra_world()
    for name in ("one", "two"):
        world.create_ready(name)
    before = world.secret("one")
    world.registry.stop()
    world.registry.start()
    world.annotate("one", "reconcile", "look")
    world.wait_registry("StateLost", seconds=60)
    assert world.registered("one") is None and world.registered("two") is None
    world.patch_registry({"metadata": {"annotations": {"apiclient.dev/accept-state-loss": "yes"}}})
    for name in ("one", "two"):
        world.annotate(name, "reconcile", "again")
        wait_registered(world, name, bool, "it is there again")
        world.wait_ready(name)
    assert works(before) and world.secret("one").fingerprint() == before.fingerprint(), "the same secret works again"


# Replies that are lost, and ways to Hydra

@pytest.fixture
def proxied(hydra_world):
    world = hydra_world(allowInPlaceRotation=True)
    with FaultProxy(world.registry.admin_port) as proxy:
        world.patch_registry({"spec": {"hydra": {"adminUrl": proxy.url}}})
        world.wait_registry("Reachable")
        yield world, proxy
        world.patch_registry({"spec": {"hydra": {"adminUrl": world.registry.admin_url}}})


def test_the_reply_to_a_create_is_lost(proxied):
    world, proxy = proxied
    fault = proxy.once("POST", r"/admin/clients$", lose_reply)
    world.create("one")
    fault.wait()
    world.wait_ready("one")
    assert world.token("one") == 200 and revisions(world, "one") == ("1", 1, 1)
    assert [one.status for one in proxy.seen("POST")] == [None], "it was done, so it is not done again"


def test_the_reply_to_a_replacement_is_lost(proxied):
    world, proxy = proxied
    world.create_ready("one")
    old, fault = world.secret("one"), proxy.once("PUT", r"/admin/clients/", lose_reply)
    rotate(world, "one", "r1")
    assert fault.done.is_set() and revisions(world, "one") == ("2", 2, 2)
    assert world.token("one") == 200 and token_status(old) == 401
    assert [one.status for one in proxy.seen("PUT")] == [None], "it was done, so it is not done again"


def test_a_replacement_that_never_arrives_leaves_the_old_secret(proxied):
    world, proxy = proxied
    world.create_ready("one")
    old, fault = world.secret("one"), proxy.once("PUT", r"/admin/clients/", lambda _exchange: None)
    rotate(world, "one", "r1")
    assert fault.done.is_set() and revisions(world, "one") == ("2", 2, 2)
    assert world.token("one") == 200 and token_status(old) == 401


def test_a_not_found_that_is_not_hydras_own_makes_no_client(proxied):
    """A gateway that has lost its way says so; a client that is there is not made again, and a new one waits."""
    world, proxy = proxied
    world.create_ready("old")
    before = world.registered("old")
    page = Reply(404, (("Content-Type", "text/html"),), b"<html>no such page</html>")
    proxy.every("GET", r"/admin/clients/", lambda _exchange: page)
    world.annotate("old", "reconcile", "look")
    world.create("new")
    world.wait_condition("new", "Ready", "False", "UnexpectedAnswer")
    assert not [one for one in proxy.seen("POST", "PUT", "DELETE") if "new" in one.path]
    assert world.registered("new") is None and world.token("old") == 200
    proxy.clear()
    world.wait_ready("new")
    world.wait_ready("old")
    assert world.registered("old") == before


class Gateway(FaultProxy):
    """Hydra's admin API below a path of a server that demands a token."""

    def __init__(self, upstream, prefix, token):
        super().__init__(upstream)
        self._prefix, self._token = prefix, token

    def exchange(self, request, sender):
        method, where, headers, body = request
        known = headers.get("Authorization") == f"Bearer {self._token}"
        inside = where.removeprefix(self._prefix) if known and where.startswith(self._prefix + "/") else "/nowhere"
        return super().exchange((method, inside, headers, body), sender)


def test_behind_a_gateway_with_a_path_and_a_token(hydra_world):
    world, token = hydra_world(), secrets.token_urlsafe(24)
    with Gateway(world.registry.admin_port, "/identity/hydra", token) as gateway:
        name = f"{world.registry_name}-gateway"
        world.create_operator_secret(name, token=token)
        world.create_registry(name, hydra={"adminUrl": f"{gateway.url}/identity/hydra/"},
                              auth={"bearer": {"secretRef": {"name": name, "key": "token"}}})
        world.wait_registry("Reachable", name)
        world.create_ready("one", registryRef={"kind": "ClusterClientRegistry", "name": name})
        assert world.token("one") == 200 and gateway.seen("POST")
        world.delete_and_wait("one")
        assert world.registered("one") is None


def test_the_public_port_is_not_the_admin_api(hydra_world):
    world = hydra_world()
    name = f"{world.registry_name}-wrong"
    world.create_registry(name, hydra={"adminUrl": world.registry.issuer})
    world.wait_registry("UnexpectedAnswer", name)


# Secrecy, and the example

def test_no_secret_is_logged(controller, hydra_world, monkeypatch):
    monkeypatch.setenv("APICLIENT_LOG_LEVEL", "trace")
    controller.stop()
    controller.start()
    world, scanner = hydra_world(allowInPlaceRotation=True), SecretScanner()
    begin = controller.log.stat().st_size
    world.create_ready("one")
    scanner.add("first secret", world.secret("one").reveal("client-secret"))
    rotate(world, "one", "r1")
    scanner.add("second secret", world.secret("one").reveal("client-secret"))
    world.create("refused", type="Web", redirectUris=[REDIRECT], postLogoutRedirectUris=["https://other.example.com/"])
    client = world.wait_condition("refused", "Stalled", "True", "RefusedByRegistry")
    assert "post_logout_redirect_uri" in conditions(client)["Stalled"]["message"], "Hydra's own words are passed on"
    scanner.add("staged secret", world.staged(client["metadata"]["uid"]).reveal("value"))
    world.patch("refused", {"spec": {"postLogoutRedirectUris": None}})
    world.wait_ready("refused")
    for name in ("one", "refused"):
        world.delete_and_wait(name)
    text = controller.log.read_bytes()[begin:]
    assert world.client_id("one").encode() in text, "the log tells nothing of what was done"
    assert scanner.find("the operator's log", text) == []
    controller.stop()


def test_the_example(hydra_world, tmp_path):
    world = hydra_world()
    documents = list(yaml.safe_load_all(EXAMPLE.read_text()))
    registry, = (one for one in documents if one["kind"] == "ClusterClientRegistry")
    client, = (one for one in documents if one["kind"] == "ApiClient")
    # As it is, but for the addresses.
    registry["spec"]["hydra"]["adminUrl"] = world.registry.admin_url
    registry["spec"]["issuer"] = world.registry.issuer
    file = tmp_path / "hydra.yaml"
    file.write_text(yaml.safe_dump_all(documents))
    world.registry_names.append(registry["metadata"]["name"])
    world.plane.kubectl("-n", world.namespace, "apply", "-f", file)
    name = client["metadata"]["name"]
    world.wait_ready(name)
    assert world.token(name) == 200
    assert revision(rotate(world, name, "r1")) == 2, "it agrees to rotation in place"
    assert "unchanged" in world.plane.kubectl("-n", world.namespace, "apply", "-f", file)
