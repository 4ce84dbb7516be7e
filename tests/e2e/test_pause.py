"""The annotation apiclient.dev/paused: the operator keeps its hands off."""

from kstatus import conditions
from world import API
from kubeapi import path


def unpause(world, name):
    world.patch(name, {"metadata": {"annotations": {"apiclient.dev/paused": None}}})


def test_a_paused_client_is_left_alone_until_it_goes_on(world, audit):
    world.create_ready("one")
    world.annotate("one", "paused", "true")
    mark = audit.mark()
    world.patch("one", {"spec": {"displayName": "Other"}})
    world.annotate("one", "rotate", "r1")
    world.delete_secret("one")
    world.settle()
    assert [str(one) for one in audit.writes(mark) if one.namespace == world.namespace and one.name == "one"] == []
    assert world.secret("one") is None and world.registered("one")["client_name"] == "Client one"
    unpause(world, "one")
    world.wait_secret("one")
    world.wait_ready("one")
    assert world.registered("one")["client_name"] == "Other" and world.token("one") == 200


def test_a_deletion_waits_and_says_so(world):
    world.create_ready("one")
    world.annotate("one", "paused", "true")
    world.delete("one")
    client = world.wait_condition("one", "DeletionBlocked", "True", "Paused")
    assert "apiclient.dev/paused" in conditions(client)["DeletionBlocked"]["message"]
    assert world.token("one") == 200
    unpause(world, "one")
    world.wait_gone("one")
    assert world.secret("one") is None


def test_a_new_client_that_is_paused_is_not_begun(world):
    manifest = world.manifest("one")
    manifest["metadata"]["annotations"] = {"apiclient.dev/paused": "true"}
    world.must(world.api.post(path(API, "apiclients", world.namespace), manifest))
    world.wait_condition("one", "Ready", "False", "Paused")
    assert world.registered("one") is None and world.secret("one") is None
    unpause(world, "one")
    world.wait_ready("one")
