"""spec.suspended, and deletionPolicy: Disable: access ends, and comes back."""

from kstatus import conditions
from rotation import ends, works


def test_a_suspended_client_gets_no_tokens_and_comes_back_with_the_same_secret(world):
    world.create_ready("one")
    before = world.secret("one")
    world.patch("one", {"spec": {"suspended": True}})
    client = world.wait_condition("one", "Ready", "True", "Suspended")
    assert "spec.suspended" in conditions(client)["Ready"]["message"]
    ends(before)
    assert world.registered("one")["disabled"] and world.secret("one").fingerprint() == before.fingerprint()
    world.annotate("one", "reconcile", "look")  # a refused secret is no reason to mint another one here
    world.settle()
    assert world.client("one")["status"]["credential"]["revision"] == 1
    world.patch("one", {"spec": {"suspended": False}})
    world.wait_condition("one", "Ready", "True", "Issued")
    assert works(before) and world.secret("one").fingerprint() == before.fingerprint()


def test_disable_keeps_the_client_and_a_recreated_object_gets_a_new_secret(world):
    world.create_ready("one", deletionPolicy="Disable")
    old = world.secret("one")
    world.delete_and_wait("one")
    assert world.secret("one") is None and world.registered("one")["disabled"]
    ends(old)
    client = world.create_ready("one", deletionPolicy="Disable")
    assert client["status"]["credential"]["revision"] == 2
    assert works(world.secret("one")) and not works(old), "older secrets go before the client is enabled"
    assert len(world.registered("one")["secrets"]) == 1
