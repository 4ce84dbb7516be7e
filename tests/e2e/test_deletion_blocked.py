"""A deletion that the registry stands in the way of is visible, completes by itself later, and can be released."""

import contextlib

import pytest

from controlplane import OPERATOR_NAMESPACE
from kstatus import conditions
from kubeapi import path
from processes import wait_until
from registry import token_status


@pytest.fixture
def blocked(world):
    """A world whose client `one` cannot be deleted: its registry is down."""
    world.create_ready("one")
    world.registry.stop()
    world.delete("one")
    world.wait_condition("one", "DeletionBlocked", "True", "RegistryUnreachable")
    return world


def namespace_is_gone(world):
    return world.api.get(path("v1", "namespaces", name=world.namespace)).status == 404


def test_it_says_why_and_what_can_be_done(blocked):
    client = blocked.client("one")
    found = conditions(client)
    message = found["DeletionBlocked"]["message"]
    assert blocked.registry_name in message
    assert "deletionPolicy: Retain" in message and "apiclient.dev/abandon" in message
    assert found["Ready"]["status"] == "False" and found["Ready"]["reason"] == "DeletionBlocked"
    assert "client-secret" in blocked.secret("one").keys, "the Secret stays as long as the client does"


def test_it_completes_when_the_registry_comes_back(blocked):
    credentials = blocked.secret("one")
    blocked.registry.start()
    assert token_status(credentials) == 200, "it was not half deleted"
    blocked.wait_gone("one", 60)
    assert blocked.registered("one") is None and blocked.secret("one") is None
    assert token_status(credentials) == 401


def test_retain_releases_it_and_leaves_client_and_secret(blocked):
    blocked.patch("one", {"spec": {"deletionPolicy": "Retain"}})
    blocked.wait_gone("one")
    assert blocked.secret("one")
    blocked.registry.start()
    assert blocked.token("one") == 200


def test_abandon_releases_it_with_the_uid_only(blocked, make_world):
    other = make_world()
    client = blocked.client("one")
    for value in ("yes", "true", other.create_ready("one")["metadata"]["uid"]):
        blocked.annotate("one", "abandon", value)
        other.settle()
        assert blocked.client("one"), f"abandon: {value} must not release it"
    blocked.annotate("one", "abandon", client["metadata"]["uid"])
    blocked.wait_gone("one")
    assert blocked.secret("one") is None, "the Secret goes with the object"
    blocked.registry.start()
    assert blocked.registered("one"), "the client stays behind in the registry, as the annotation says"


def test_a_deleted_registry_object_blocks_too(world):
    world.create_ready("one")
    where = path("apiclient.dev/v1alpha1", "clusterclientregistries", name=world.registry_name)
    world.take_registry_away()
    wait_until(lambda: world.api.get(where).status == 404, 20, "the registry object is gone")
    world.wait_condition("one", "Registered", "Unknown", "RegistryNotFound")
    world.delete("one")
    client = world.wait_condition("one", "DeletionBlocked", "True", "RegistryNotFound")
    assert world.registry_name in conditions(client)["DeletionBlocked"]["message"]
    world.create_registry()
    world.wait_gone("one", 60)
    assert world.registered("one") is None


def test_a_client_that_was_never_registered_is_released_at_once(world):
    world.registry.stop()
    world.create("one")
    world.wait_condition("one", "Ready", "False", "RegistryUnreachable")
    world.delete_and_wait("one")


def test_a_namespace_goes_with_its_clients(world):
    names = ["one", "two", "three"]
    for name in names:
        world.create_ready(name)
    world.must(world.api.delete(path("v1", "namespaces", name=world.namespace)))
    wait_until(lambda: namespace_is_gone(world), 60, "the namespace is gone")
    assert world.registry.client_ids() == []


def test_a_namespace_waits_for_the_registry_and_then_goes(world):
    world.create_ready("one")
    world.registry.stop()
    world.must(world.api.delete(path("v1", "namespaces", name=world.namespace)))
    world.wait_condition("one", "DeletionBlocked", "True")
    world.registry.start()
    wait_until(lambda: namespace_is_gone(world), 90, "the namespace is gone")
    assert world.registry.client_ids() == []


def test_the_credentials_may_go_first(world):
    """A namespace or an installation that is deleted as a whole goes in any order."""
    world.create_ready("one")
    world.delete_secret(world.credentials_name, OPERATOR_NAMESPACE)
    world.wait_registry("CredentialsNotFound")
    world.delete_and_wait("one")
    assert world.registered("one") is None and world.secret("one") is None


def test_another_finalizer_is_waited_for(world):
    """The registry is told when ours is the last one: until then the client works."""
    world.create_ready("one")
    live = world.client("one")["metadata"]["finalizers"]
    world.patch("one", {"metadata": {"finalizers": [*live, "example.com/theirs"]}})
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(lambda: world.patch("one", {"metadata": {"finalizers": live}}))
        world.delete("one")
        world.settle()
        assert world.registered("one") and world.token("one") == 200
    world.wait_gone("one")
    assert world.registered("one") is None
