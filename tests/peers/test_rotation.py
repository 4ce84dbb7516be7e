"""A secret is replaced as the registry can, and an overlap is never faked."""

import pytest

from kstatus import conditions
from rotation import assert_lost_secret_is_made_again, ends, revision, rotate, wait_overlap_over, wait_refused, works

KEEPS_OLD = {"Overlap": True, "Reregister": True, "InPlace": False}


def test_the_strategy_is_shown(world, peer):
    client = world.create_ready("one")
    assert client["status"]["rotation"]["strategy"] == peer.strategy


def test_an_overlap_is_honest(world, peer):
    world.create_ready("one", rotation={"overlap": "3s"})
    old = world.secret("one")
    if not KEEPS_OLD[peer.strategy]:
        world.annotate("one", "rotate", "r1")
        client = wait_refused(world, "one", "r1", "NotSupportedByRegistry")
        assert revision(client) == 1 and works(old)
        return
    rotate(world, "one", "r1")
    assert works(old) and works(world.secret("one"))
    wait_overlap_over(world, "one")
    ends(old)
    assert works(world.secret("one"))


def test_without_an_overlap_the_old_secret_ends(world):
    world.create_ready("one", rotation={"overlap": "0s"})
    old = world.secret("one")
    assert revision(rotate(world, "one", "r1")) == 2
    ends(old)
    assert works(world.secret("one"))


@pytest.mark.parametrize("token", ["r1:now", "leak:Compromised"])
def test_an_emergency_waits_for_nothing(world, token):
    world.create_ready("one")
    old = world.secret("one")
    rotate(world, "one", token)
    ends(old)
    assert works(world.secret("one"))


def test_one_token_rotates_once(world, controller):
    world.create_ready("one", rotation={"overlap": "0s"})
    rotate(world, "one", "r1")
    before = world.secret("one")
    controller.kill()
    controller.start()
    world.annotate("one", "rotate", None)
    world.annotate("one", "rotate", "r1")
    world.settle()
    assert world.secret("one").fingerprint() == before.fingerprint()


def test_a_lost_secret_is_made_again(world):
    assert_lost_secret_is_made_again(world)


def test_a_client_without_a_secret_is_not_rotated(world):
    world.create_ready("phone", type="Public", redirectUris=["com.example.phone:/callback"])
    world.annotate("phone", "rotate", "r1")
    wait_refused(world, "phone", "r1", "ClientHasNoSecret")


def test_previous_secrets_can_be_ended_at_once(world, peer):
    world.create_ready("one")
    if not KEEPS_OLD[peer.strategy]:
        world.annotate("one", "revoke-previous", "now")
        world.settle()
        assert works(world.secret("one")), "there is none to end"
        return
    old = world.secret("one")
    rotate(world, "one", "r1")
    assert "PreviousSecretActive" in conditions(world.client("one"))
    world.annotate("one", "revoke-previous", "now")
    ends(old)
