"""One ApiClient from its creation to its end."""

from kstatus import conditions
from processes import wait_until
from registry import token_status
from world import FINALIZER

COLUMNS = ["NAME", "READY", "REASON", "CLIENT-ID", "SECRET", "REVISION", "AGE"]
WIDE_COLUMNS = ["DISPLAY-NAME", "TYPE", "REDIRECT", "REGISTRY", "HINT", "NEXT-ROTATION", "MESSAGE"]
SECRET_KEYS = ["client-authentication-method", "client-id", "client-secret", "issuer-uri", "jwk-set-uri", "provider",
               "token-uri", "type"]


def test_a_new_client_becomes_ready_and_says_what_it_is(world):
    client = world.create_ready("one")
    secret = world.secret("one")
    status = client["status"]
    assert client["metadata"]["finalizers"] == [FINALIZER]
    assert {name: (one["status"], one["reason"]) for name, one in conditions(client).items()} == {
        "Ready": ("True", "Issued"), "Registered": ("True", "UpToDate"), "SecretPublished": ("True", "Published")}
    assert status["clientId"] == world.client_id("one")
    assert status["registry"] == {"kind": "ClusterClientRegistry", "name": world.registry_name,
                                  "issuer": world.registry.issuer}
    assert status["binding"] == {"name": "one"}
    assert status["credential"]["revision"] == 1
    assert len(status["credential"]["hint"]) == 4, "the hint is the last four characters"
    assert secret.reveal("client-secret").endswith(status["credential"]["hint"]), "the hint belongs to another secret"
    assert status["credential"]["id"] == secret.annotation("credential-id")
    assert status["credential"]["issuedAt"].endswith("Z")
    assert status["rotation"]["strategy"] == "Overlap"
    assert status["effective"]["grantTypes"] == ["client_credentials"]
    assert status["effective"]["tokenEndpointAuthMethod"] == "client_secret_basic"
    assert status["effective"]["deletionPolicy"] == "Delete"
    assert not {"failure", "phase"} & set(status), "a client that is well reports no failure"


def test_the_secret_is_a_service_binding_and_belongs_to_nobody_by_reference(world):
    client = world.create_ready("one", secret={
        "name": "credentials", "keys": {"client-id": "CLIENT_ID", "client-secret": "CLIENT_SECRET"},
        "labels": {"example.com/team": "billing"}, "annotations": {"example.com/note": "mind the gap"}})
    secret = world.secret("credentials")
    assert secret.type == "servicebinding.io/oauth2"
    assert secret.keys == sorted([*SECRET_KEYS, "CLIENT_ID", "CLIENT_SECRET"])
    assert secret.text("type") == "oauth2" and secret.text("provider") == "embedded"
    assert secret.text("client-id") == secret.text("CLIENT_ID") == client["status"]["clientId"]
    assert secret.fingerprint("client-secret") == secret.fingerprint("CLIENT_SECRET")
    assert len(secret.reveal("client-secret")) == 43, "256 bits in base64url"
    assert secret.text("issuer-uri") == world.registry.issuer
    assert secret.text("token-uri").startswith(world.registry.issuer)
    assert secret.text("client-authentication-method") == "client_secret_basic"
    assert "ownerReferences" not in secret.metadata, "a restored Secret with a dead owner would be collected"
    assert secret.metadata["labels"] == {"app.kubernetes.io/managed-by": "apiclient-operator",
                                         "apiclient.dev/name": "one", "example.com/team": "billing"}
    assert secret.metadata["annotations"]["example.com/note"] == "mind the gap"
    assert secret.annotation("owner-uid") == client["metadata"]["uid"]
    assert secret.annotation("revision") == "1"
    assert secret.annotation("installation-id") and secret.annotation("operation-id")
    assert world.secret("one") is None, "spec.secret.name replaces the default name"


def test_the_printer_columns_tell_the_state(world):
    world.create_ready("one", displayName="Invoice exporter")
    lines = world.plane.kubectl("-n", world.namespace, "get", "apic", "-o", "wide").splitlines()
    assert lines[0].split() == COLUMNS + WIDE_COLUMNS
    assert lines[1].split()[:6] == ["one", "True", "Issued", world.client_id("one"), "one", "1"]
    assert "Invoice exporter" in lines[1] and world.registry_name in lines[1]
    narrow = world.plane.kubectl("-n", world.namespace, "get", "apic").splitlines()
    assert narrow[0].split() == COLUMNS
    assert world.registry_name in world.plane.kubectl("get", "ccreg")


def test_the_published_secret_gets_tokens_by_either_method(make_world):
    world = make_world(allowedScopes=["invoices.read", "invoices.write"])
    world.create_ready("basic", scopes=["invoices.read"])
    world.create_ready("post", tokenEndpointAuthMethod="client_secret_post")
    assert world.token("basic") == 200
    assert world.token("post", "post") == 200
    assert token_status(world.secret("basic"), scope="invoices.read") == 200
    assert token_status(world.secret("basic"), scope="invoices.write") == 400, "this scope was not asked for"
    assert world.secret("basic").text("scope") == "invoices.read"


def test_a_changed_spec_reaches_the_registry_and_keeps_the_secret(make_world):
    world = make_world(allowedScopes=["a", "b"])
    world.create_ready("one", displayName="Before", scopes=["a"])
    before = world.secret("one")
    world.patch("one", {"spec": {"displayName": "After", "scopes": ["a", "b"], "contacts": ["team@example.com"]}})
    world.wait_ready("one")
    registered = world.registered("one")
    assert (registered["client_name"], registered["scope"], registered["contacts"]) == (
        "After", "a b", ["team@example.com"])
    after = world.secret("one")
    assert after.text("scope") == "a b"
    assert after.fingerprint() == before.fingerprint(), "a change of settings is no rotation"
    assert len(registered["secrets"]) == 1
    assert world.client("one")["status"]["credential"]["revision"] == 1


def test_settings_changed_behind_our_back_are_put_right_on_request(world):
    world.create_ready("one", displayName="Ours")
    registered = world.registered("one")
    changed = {key: value for key, value in registered.items()
               if key not in ("etag", "created_at", "updated_at", "secrets", "disabled")} | {"client_name": "Theirs"}
    assert world.registry.admin("PUT", f"/clients/{world.client_id('one')}", changed)[0] == 200
    world.annotate("one", "reconcile", "now-please")
    wait_until(lambda: world.registered("one")["client_name"] == "Ours", 20, "the registry says Ours again")
    wait_until(lambda: world.client("one")["status"].get("lastHandledReconcile") == "now-please", 20,
               "the token is handled")
    assert len(world.registered("one")["secrets"]) == 1, "a re-check mints nothing"


def test_deletion_ends_access_and_leaves_nothing(world):
    client = world.create_ready("one")
    credentials = world.secret("one")
    world.delete_and_wait("one")
    assert token_status(credentials) == 401
    assert world.secret("one") is None
    assert world.registered("one") is None
    assert world.staged(client["metadata"]["uid"]) is None


def test_retain_leaves_client_and_secret(world):
    world.create_ready("one", deletionPolicy="Retain")
    before = world.secret("one")
    world.delete_and_wait("one")
    after = world.secret("one")
    assert after and after.resource_version == before.resource_version, "the Secret is left as it is"
    assert token_status(before) == 200


def test_a_re_created_object_takes_over_what_was_retained(world):
    old = world.create_ready("one", deletionPolicy="Retain")
    before = world.secret("one")
    world.delete_and_wait("one")
    new = world.create_ready("one", displayName="Again")
    after = world.secret("one")
    assert new["metadata"]["uid"] != old["metadata"]["uid"]
    assert after.fingerprint() == before.fingerprint(), "the same secret goes on"
    assert after.annotation("owner-uid") == new["metadata"]["uid"]
    assert new["status"]["credential"]["revision"] == 1
    registered = world.registered("one")
    assert registered["mark"]["uid"] == new["metadata"]["uid"]
    assert registered["client_name"] == "Again" and len(registered["secrets"]) == 1
    world.delete_and_wait("one")
    assert world.registered("one") is None and world.secret("one") is None
