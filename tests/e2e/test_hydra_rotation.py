"""Ory Hydra where it keeps rotated secrets: a rotation overlaps, with a secret that Hydra makes."""

import pytest
from processes import wait_until
from rotating_hydra import RotatingHydraWorld
from rotation import (assert_deletion_takes_all, assert_lost_secret_is_made_again, assert_overlap_that_ends, ends,
                      revision, rotate, wait_overlap_over, works)


@pytest.fixture
def world(make_world):
    return make_world(RotatingHydraWorld, resyncInterval="0s", allowedScopes=["*"])


def kept(world, name):
    return world.hydra.kept(world.client_id(name))


def test_the_probe_sees_it(world):
    can = world.wait_registry("Reachable")["status"]["capabilities"]
    assert can["rotatedSecretChosenBy"] == "Registry" and can["secretChosenBy"] == "Operator"
    assert world.create_ready("one")["status"]["rotation"]["strategy"] == "Overlap"


def test_old_and_new_overlap_and_then_the_old_one_ends(world):
    assert_overlap_that_ends(world, lambda: kept(world, "one"))


@pytest.mark.parametrize("token", ["r1:now", "leak:Compromised"])
def test_an_emergency_ends_all_older_ones_at_once(world, token):
    world.create_ready("one")
    rotate(world, "one", "r0")
    older = world.secret("one")
    rotate(world, "one", token)
    ends(older)
    assert works(world.secret("one")) and kept(world, "one") == 1


def test_revoking_the_previous_secret_spares_the_published_one(world):
    world.create_ready("one")
    old = world.secret("one")
    rotate(world, "one", "r1")
    world.annotate("one", "revoke-previous", "now")
    ends(old)
    assert works(world.secret("one"))
    wait_overlap_over(world, "one")


def test_a_lost_reply_is_counted_and_another_secret_is_made(world, controller):
    world.create_ready("one", rotation={"overlap": "4s"})
    old = world.secret("one")
    world.hydra.lose_next_rotation = True
    client = rotate(world, "one", "r1")
    assert revision(client) == 3 and works(old) and works(world.secret("one"))
    assert kept(world, "one") == 3, "nobody knows the one in the middle"
    assert "credential.lost" in controller.log.read_text()
    wait_overlap_over(world, "one")
    wait_until(lambda: kept(world, "one") == 1, 10, "it has ended with the older ones", interval=0.05)


def test_a_lost_secret_is_made_again(world):
    assert_lost_secret_is_made_again(world)
    assert_deletion_takes_all(world)
