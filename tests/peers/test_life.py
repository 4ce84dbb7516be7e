"""From the first YAML to the deletion."""

import secrets
from pathlib import Path

import yaml
from controlplane import OPERATOR_NAMESPACE
from crash_helpers import reconcile_again
from kstatus import conditions
from rotation import works

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
REDIRECT = "https://app.example.com/callback"


def test_a_client_is_registered_and_its_secret_works(world):
    client = world.create_ready("one", displayName="Invoice exporter")
    assert world.registered("one") == {"name": "Invoice exporter", "redirect_uris": [], "scopes": [],
                                       "grant_types": ["client_credentials"], "auth_method": "client_secret_basic",
                                       "disabled": False}
    assert world.token("one") == 200
    assert client["status"]["clientId"] == world.client_id("one")


def test_it_is_registered_once_whatever_restarts(world, controller):
    world.create_ready("one")
    before = world.secret("one")
    controller.kill()
    controller.start()
    world.settle()
    assert world.calls("create") == 2, "the other one is that of settle"
    assert world.secret("one").resource_version == before.resource_version


def test_the_post_method(world):
    world.create_ready("one", tokenEndpointAuthMethod="client_secret_post")
    assert world.registered("one")["auth_method"] == "client_secret_post"
    assert world.token("one", "post") == 200


def test_a_web_client(world):
    world.create_ready("shop", type="Web", redirectUris=[REDIRECT], requireConsent=False,
                       postLogoutRedirectUris=["https://app.example.com/bye"])
    registered = world.registered("shop")
    assert registered["redirect_uris"] == [REDIRECT]
    assert registered["grant_types"] == ["authorization_code", "refresh_token"]
    assert "client-secret" in world.secret("shop").keys


def test_a_public_client_has_no_secret(world):
    world.create_ready("phone", type="Public", redirectUris=["com.example.phone:/callback"])
    assert world.registered("phone")["auth_method"] == "none"
    assert "client-secret" not in world.secret("phone").keys
    world.delete_and_wait("phone")
    assert world.registered("phone") is None


def test_a_client_with_keys_has_no_secret(world):
    world.create_ready("signer", tokenEndpointAuthMethod="private_key_jwt", jwksUri="https://app.example.com/jwks.json")
    assert world.registered("signer")["auth_method"] == "private_key_jwt"
    assert "client-secret" not in world.secret("signer").keys


def test_names_of_any_script(world):
    world.create_ready("one", displayName="Rechnungsprüfung 請求書 🧾")
    assert world.registered("one")["name"] == "Rechnungsprüfung 請求書 🧾"
    reconcile_again(world, "one")
    assert world.calls("update") == 0, "it reads what it has written as the same"


def test_secrets_have_nothing_that_a_url_or_a_shell_would_change(world):
    for number in range(5):
        world.create_ready(f"c{number}")
        value = world.secret(f"c{number}").reveal("client-secret")
        assert len(value) >= 32 and not set(value) & set("+/=&%'\"\\ $"), "a sign that somebody would have to escape"


def test_a_changed_spec_reaches_the_registry(make_world):
    world = make_world(allowedScopes=["*"])
    world.create_ready("one", scopes=["read"])
    before = world.secret("one")
    world.patch("one", {"spec": {"displayName": "Another name", "scopes": ["read", "write"]}})
    world.wait_ready("one")
    registered = world.registered("one")
    assert (registered["name"], registered["scopes"]) == ("Another name", ["read", "write"])
    assert world.secret("one").fingerprint() == before.fingerprint() and world.token("one") == 200


def test_what_others_keep_in_a_client_survives_an_update(world, peer):
    world.create_ready("one")
    assert peer.add_foreign(world.client_id("one")) == peer.keeps_foreign
    world.patch("one", {"spec": {"displayName": "Another name"}})
    world.wait_ready("one")
    assert peer.client(world.client_id("one"))["name"] == "Another name"
    if peer.keeps_foreign:
        assert peer.foreign(world.client_id("one")) == "kept"


def test_nothing_is_written_when_nothing_differs(world):
    world.create_ready("one", type="Web", redirectUris=[REDIRECT, "https://app.example.com/another"])
    before = len(world.proxy.seen("POST", "PUT", "PATCH", "DELETE"))
    reconcile_again(world, "one")
    assert len(world.proxy.seen("POST", "PUT", "PATCH", "DELETE")) == before


def test_drift_is_put_right(world, peer):
    world.create_ready("one")
    peer.rename(world.client_id("one"), "Somebody was here")
    reconcile_again(world, "one")
    assert world.registered("one")["name"] == "Client one" and world.token("one") == 200


def expect_token_refused(world, client, type):
    """A server that refuses tokens does not say whether the client is gone. Returns the Secret to be deleted by whoever
    knows that it is."""
    message = conditions(client)[type]["message"]
    name, = [name for name in world.registrations() if name in message]
    assert "registration access token" in message
    return name


def test_a_client_that_is_gone_is_registered_again_with_its_secret(world, peer):
    world.create_ready("one")
    before = world.secret("one")
    peer.remove(world.client_id("one"))
    if not peer.says_absent:
        world.annotate("one", "reconcile", "r1")
        client = world.wait_condition("one", "Stalled", "True", "RefusedByRegistry")
        assert world.calls("create") == 1, "it is not registered again on a suspicion"
        world.delete_secret(expect_token_refused(world, client, "Stalled"), OPERATOR_NAMESPACE)
        world.annotate("one", "reconcile", "r2")
        world.wait_ready("one")
        assert works(world.secret("one")) and world.secret("one").fingerprint() != before.fingerprint()
        return
    reconcile_again(world, "one")
    assert world.secret("one").fingerprint() == before.fingerprint() and works(before)


def test_a_foreign_client_of_the_same_id_is_left_alone(world, peer):
    if peer.picks_ids:
        client = world.create_ready("one", clientId="theirs")
        assert "theirs" not in client["status"]["clientId"], "no id is asked for, so none can be somebody's"
        return
    value = secrets.token_urlsafe(32)
    peer.make(world.client_id("one"), value)
    world.create("one")
    client = world.wait_condition("one", "Stalled", "True", "ClientIdConflict")
    assert "spec.clientId" in conditions(client)["Stalled"]["message"]
    assert peer.client(world.client_id("one"))["name"] == "Made by hand" and world.secret("one") is None
    world.delete_and_wait("one")
    assert peer.client(world.client_id("one")), "and left there"


def test_a_client_of_another_installation_is_left_alone(make_world, world, peer):
    if peer.picks_ids:
        other = make_world()
        ids = {one.create_ready("one")["status"]["clientId"] for one in (world, other)}
        other.delete_and_wait("one")
        assert len(ids) == 2 and works(world.secret("one"))
        return
    peer.make(world.client_id("one"), secrets.token_urlsafe(32), installation="another-cluster")
    world.create("one")
    world.wait_condition("one", "Stalled", "True", "OwnedElsewhere")
    world.delete_and_wait("one")
    assert peer.client(world.client_id("one"))["name"] == "Made by hand"


def adoptable(world, value, without_secret):
    world.patch_registry({"spec": {"allowAdoption": [
        {"namespaces": [world.namespace], "clientIds": [f"by-hand-{world.namespace}"], "withoutSecret": without_secret}]}})
    world.registry.make(f"by-hand-{world.namespace}", value)
    return {"clientId": f"by-hand-{world.namespace}"}


def expect_no_adoption(world):
    world.create("one", adopt={"clientId": "by-hand"})
    client = world.wait_condition("one", "Stalled", "True", "NotSupportedByRegistry")
    assert "spec.adopt" in conditions(client)["Stalled"]["message"] and world.secret("one") is None


def test_a_client_is_adopted_with_its_secret(world, peer):
    if peer.picks_ids:
        world.patch_registry({"spec": {"allowAdoption": [
            {"namespaces": [world.namespace], "clientIds": ["by-hand"], "withoutSecret": False}]}})
        return expect_no_adoption(world)
    value = secrets.token_urlsafe(32)
    adopt = adoptable(world, value, without_secret=False)
    shown = world.create_secret("shown", {"client-secret": value},
                                metadata={"name": "shown", "labels": {"apiclient.dev/usable-by": "adopt"}})
    world.create_ready("one", adopt={**adopt, "secretRef": {"name": "shown"}})
    assert world.secret("one").fingerprint() == shown.fingerprint() and works(world.secret("one"))
    assert peer.client(adopt["clientId"])["name"] == "Client one"


def test_a_client_is_adopted_without_its_secret(world, peer):
    if peer.picks_ids:
        world.patch_registry({"spec": {"allowAdoption": [
            {"namespaces": [world.namespace], "clientIds": ["by-hand"], "withoutSecret": True}]}})
        return expect_no_adoption(world)
    adopt = adoptable(world, secrets.token_urlsafe(32), without_secret=True)
    world.create_ready("one", adopt=adopt, rotation={"overlap": "0s"})
    assert works(world.secret("one"))


def test_a_suspended_client_is_switched_off_where_the_registry_can(world, peer):
    world.create_ready("one")
    before = world.secret("one")
    world.patch("one", {"spec": {"suspended": True}})
    if not peer.can_disable:
        client = world.wait_condition("one", "Stalled", "True", "NotSupportedByRegistry")
        assert "spec.suspended" in conditions(client)["Stalled"]["message"] and works(before)
        return
    world.wait_condition("one", "Ready", "True", "Suspended")
    assert not works(before)
    world.patch("one", {"spec": {"suspended": False}})
    world.wait_condition("one", "Ready", "True", "Issued")
    assert works(before)


def test_deletion_that_only_disables_where_the_registry_can(world, peer):
    world.create("one", deletionPolicy="Disable")
    if not peer.can_disable:
        client = world.wait_condition("one", "Stalled", "True", "NotSupportedByRegistry")
        assert "spec.deletionPolicy" in conditions(client)["Stalled"]["message"]
        return
    world.wait_ready("one")
    world.delete_and_wait("one")
    assert world.registered("one")["disabled"]


def test_deletion_removes_the_client(world, peer):
    world.create_ready("one")
    before = world.secret("one")
    world.delete_and_wait("one")
    assert world.registered("one") is None and world.secret("one") is None and not works(before)
    assert not peer.picks_ids or world.registrations() == []


def test_deletion_of_a_client_that_is_gone_already(world, peer):
    world.create_ready("one")
    peer.remove(world.client_id("one"))
    if not peer.says_absent:
        world.delete("one")
        client = world.wait_condition("one", "DeletionBlocked", "True", "RefusedByRegistry")
        world.delete_secret(expect_token_refused(world, client, "DeletionBlocked"), OPERATOR_NAMESPACE)
        world.annotate("one", "reconcile", "now")  # rather than when it is tried again
        world.wait_gone("one", 60)
    else:
        world.delete_and_wait("one")
    assert world.secret("one") is None


def test_deletion_that_retains_leaves_a_client_that_works(world, peer):
    world.create_ready("one", deletionPolicy="Retain")
    before = world.secret("one")
    world.delete_and_wait("one")
    assert works(before)
    assert not peer.picks_ids or world.registrations() == []


def test_all_pages_are_read(world, peer):
    """Whether a client that is missing is alone in that is told by the list of all of ours."""
    if not peer.searchable:
        for name in ("one", "two", "three"):
            world.create_ready(name)
        peer.remove(world.client_id("one"))
        world.annotate("one", "reconcile", "r1")
        world.wait_condition("one", "Stalled", "True", "RefusedByRegistry")
        assert all(world.token(name) == 200 for name in ("two", "three")) and world.calls("create") == 3
        return
    for number in range(250):
        peer.make(f"{world.namespace}-by-hand-{number}", secrets.token_urlsafe(32), installation="another-cluster")
    for name in ("one", "two", "three"):
        world.create_ready(name)
    peer.remove(world.client_id("one"))
    reconcile_again(world, "one")
    assert world.calls("list") > 0 and world.token("one") == 200
    peer.remove(world.client_id("two"))
    assert set(peer.client_ids()) >= {world.client_id("one"), world.client_id("three")}


def test_the_example_of_this_kind_works(world, peer):
    documents = {one["kind"]: one for one in yaml.safe_load_all((EXAMPLES / peer.example).read_text())}
    registry, client = documents["ClusterClientRegistry"]["spec"], documents["ApiClient"]
    peer.lead_example(registry, world.credentials_name)
    name = f"{world.registry_name}-example"
    world.create_registry(name, **{"embedded": None, "issuer": None, "tenant": None, "auth": None, **registry})
    reference = {"kind": "ClusterClientRegistry", "name": name}
    world.create_ready(client["metadata"]["name"], **{**client["spec"], "registryRef": reference})
    assert world.token(client["metadata"]["name"]) == 200
    world.delete_and_wait(client["metadata"]["name"])
