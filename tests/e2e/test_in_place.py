"""Rotation where the registry holds one secret for each client (apiclient-registry --max-secrets=1)."""

import time

import pytest
from processes import wait_until
from kstatus import is_ready
from rotation import revision, rotate, wait_refused, works
from registry import token_status


@pytest.fixture
def one_secret(make_world):
    """one_secret(**registry_spec): a world whose registry holds one secret for each client, and says so."""
    def make(**spec):
        world = make_world(resyncInterval="0s")
        world.registry.stop()
        world.registry.flags = ["--max-secrets=1"]
        world.registry.start()
        # A changed spec has it probed again.
        world.patch_registry({"spec": {"docsUrl": "https://docs.example.com/clients", **spec}})
        wait_until(lambda: world.registry_object()["status"]["capabilities"]["maxSecrets"] == 1, 30,
                   "the registry tells how many secrets it holds", interval=0.05)
        return world
    return make


def test_a_token_is_refused_where_nobody_has_agreed_to_the_gap(one_secret):
    world = one_secret()
    world.create_ready("one")
    world.annotate("one", "rotate", "r1")
    client = wait_refused(world, "one", "r1", "NotSupportedByRegistry")
    assert is_ready(client) and revision(client) == 1
    assert client["status"]["rotation"]["strategy"] == "InPlace"
    assert world.token("one") == 200


@pytest.mark.parametrize("registry, spec, token", [
    ({"allowInPlaceRotation": True}, {}, "r1"),
    ({}, {"rotation": {"overlap": "0s"}}, "r1"),
    ({}, {}, "r1:now"),
    ({}, {}, "leak:Compromised"),
], ids=["registry", "overlap-0s", "now", "compromised"])
def test_who_agrees_gets_a_new_secret_and_no_overlap(one_secret, registry, spec, token):
    world = one_secret(**registry)
    world.create_ready("one", **spec)
    old = world.secret("one")
    client = rotate(world, "one", token)
    assert revision(client) == 2 and "previous" not in client["status"]
    assert works(world.secret("one")) and token_status(old) == 401


def test_the_gap_is_short(one_secret, numbers):
    world = one_secret(allowInPlaceRotation=True)
    world.create_ready("one")
    world.annotate("one", "rotate", "r1")
    refused, end = [], time.monotonic() + 20
    # As a consumer that reads its Secret for every request.
    while world.secret("one").annotation("revision") == "1" or not works(world.secret("one")):
        now = time.monotonic()
        assert now < end, "the new secret never worked"
        if world.token("one") != 200:
            refused.append(now)
    gap = (refused[-1] - refused[0]) * 1000 if refused else 0
    numbers("gap of a rotation InPlace", f"{len(refused)} token requests refused within {gap:.0f} ms")
    assert gap < 5000
    assert works(world.secret("one"))


def test_a_lost_secret_needs_nobodys_consent(one_secret):
    world = one_secret()
    world.create_ready("one")
    world.delete_secret("one")
    world.wait_secret("one", lambda one: one and one.annotation("revision") == "2", "it is made again")
    world.wait_ready("one")
    assert world.token("one") == 200
