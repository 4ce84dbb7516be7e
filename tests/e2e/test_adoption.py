"""spec.adopt: taking over a client that somebody made in the registry by hand."""

import secrets

import pytest

from kstatus import conditions
from rotation import works

LEGACY = "legacy-billing"


@pytest.fixture
def legacy(make_world):
    """legacy(without_secret=False): a world whose registry has an unmarked client and allows to take it over."""

    def make(without_secret=False, clients=1):
        world = make_world()
        world.present = secrets.token_urlsafe(32)
        for number in range(clients):
            body = {"client_id": LEGACY, "client_name": "Made by hand", "type": "machine",
                    "secret": {"operation_id": f"by-hand-{number}", "revision": 1, "value": world.present}}
            status, _ = world.registry.admin("POST", "/clients", body)
            assert status == 201
        world.patch_registry({"spec": {"allowAdoption": [
            {"namespaces": [world.namespace], "clientIds": [LEGACY], "withoutSecret": without_secret}]}})
        return world

    return make


def show(world, value=None, labels=None):
    labels = {"apiclient.dev/usable-by": "adopt"} if labels is None else labels
    return world.create_secret("legacy", {"client-secret": value or world.present},
                               metadata={"name": "legacy", "labels": labels})


def adopt(with_secret=True):
    return {"clientId": LEGACY, **({"secretRef": {"name": "legacy"}} if with_secret else {})}


def untouched(world, name="one"):
    client = world.registry.client(LEGACY)
    assert "mark" not in client and client["client_name"] == "Made by hand" and len(client["secrets"]) == 1
    return world.secret(name) is None


def test_the_shown_secret_is_published_and_none_is_made(legacy):
    world = legacy()
    shown = show(world)
    client = world.create_ready("one", adopt=adopt())
    assert client["status"]["clientId"] == LEGACY and client["status"]["effective"]["deletionPolicy"] == "Retain"
    published = world.secret("one")
    assert published.fingerprint() == shown.fingerprint() and works(published)
    registered = world.registry.client(LEGACY)
    assert registered["mark"]["uid"] == client["metadata"]["uid"] and registered["client_name"] == "Client one"
    assert [one["id"] for one in registered["secrets"]] == [client["status"]["credential"]["id"]]
    # Ours from now on: no permission is needed, and it rotates like any other.
    world.patch_registry({"spec": {"allowAdoption": None}})
    world.annotate("one", "rotate", "now-it-is-ours")
    world.wait_secret("one", lambda secret: secret.annotation("revision") == "2", "the next revision")
    assert works(world.secret("one")) and works(published), "the old secret works for the overlap"
    world.wait_ready("one")
    world.delete_and_wait("one")
    assert world.registry.client(LEGACY), "it was there before the ApiClient, and outlives it"


def test_without_a_secret_a_new_one_is_made(legacy):
    world = legacy(without_secret=True)
    client = world.create_ready("one", adopt=adopt(False), rotation={"overlap": "0s"})
    assert client["status"]["credential"]["revision"] == 2 and works(world.secret("one"))
    assert len(world.registry.client(LEGACY)["secrets"]) == 1, "an overlap of 0 ends the old one at once"


def test_a_wrong_secret_is_refused_and_nothing_is_published(legacy):
    world = legacy()
    show(world, secrets.token_urlsafe(32))
    world.create("one", adopt=adopt())
    client = world.wait_condition("one", "Stalled", "True", "CredentialRejected")
    assert "spec.adopt.secretRef" in conditions(client)["Stalled"]["message"]
    assert untouched(world)
    world.delete_secret("legacy")
    show(world)
    world.annotate("one", "reconcile", "again")
    world.wait_ready("one")
    assert works(world.secret("one"))


@pytest.mark.parametrize("spec, registry, words", [
    (adopt(False), None, "withoutSecret"),
    (adopt(), [], "spec.allowAdoption"),
    (adopt(), [{"namespaces": ["elsewhere"], "clientIds": [LEGACY]}], "spec.allowAdoption"),
], ids=["without-secret", "nothing-allowed", "other-namespace"])
def test_what_the_registry_does_not_allow(legacy, spec, registry, words):
    world = legacy()
    if registry is not None:
        world.patch_registry({"spec": {"allowAdoption": registry}})
    show(world)
    world.create("one", adopt=spec)
    client = world.wait_condition("one", "Stalled", "True", "AdoptionNotAllowed")
    message = conditions(client)["Stalled"]["message"]
    assert "spec.adopt" in message and words in message
    assert untouched(world)
    world.patch_registry({"spec": {"allowAdoption": [
        {"namespaces": [world.namespace], "clientIds": [LEGACY], "withoutSecret": True}]}})
    world.wait_ready("one")


def test_a_secret_without_the_label_is_not_used(legacy):
    world = legacy()
    show(world, labels={})
    world.create("one", adopt=adopt())
    client = world.wait_condition("one", "Ready", "False", "AdoptedSecretNotUsable")
    assert "Reconciling" in conditions(client) and "usable-by: adopt" in conditions(client)["Ready"]["message"]
    assert untouched(world)


def test_a_client_that_is_not_there_is_waited_for_and_never_made(legacy):
    world = legacy(without_secret=True, clients=0)
    world.create("one", adopt=adopt(False))
    client = world.wait_condition("one", "Ready", "False", "AdoptedClientNotFound")
    assert "Reconciling" in conditions(client) and "Stalled" not in conditions(client)
    assert world.registry.client(LEGACY) is None


def test_anothers_client_is_never_taken_over(legacy):
    world = legacy(without_secret=True)
    world.create("one", adopt=adopt(False))
    world.wait_ready("one")
    mark = world.registry.client(LEGACY)["mark"]
    world.create("two", adopt=adopt(False))
    world.wait_condition("two", "Stalled", "True", "ClientIdConflict")
    assert world.registry.client(LEGACY)["mark"] == mark and world.secret("two") is None
