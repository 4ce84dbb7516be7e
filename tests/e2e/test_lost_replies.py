"""Calls to the registry whose outcome the operator cannot know, or that fail once, and calls that arrive late. It ends in
the state in which it would have ended without them."""

import pytest
from crash_helpers import (ProxiedWorld, all_staged, assert_gone, assert_issued, lose_and_recover,
                           wait_until_issued)
from faults import Delay, Pause, answer, lose_reply
from processes import wait_until

FAULTS = {
    "reply-lost": lose_reply,
    "500": answer(500),
    "503": answer(503, Retry_After="1"),
    "429": answer(429, Retry_After="1"),
}


@pytest.fixture
def proxied(make_world):
    with ProxiedWorld(make_world) as (world, proxy):
        yield world, proxy


@pytest.mark.parametrize("fault", FAULTS)
def test_each_write_fails_once(proxied, fault):
    """All at the same time, each with a client of its own."""
    world, proxy = proxied
    for name in ("updated", "recovered", "full", "deleted"):
        world.create(name)
        wait_until_issued(world, name)
    lose_and_recover(world, "full")
    lose_and_recover(world, "full")
    credentials = world.secret("deleted")

    act = FAULTS[fault]
    faults = [
        proxy.once("POST", r"/clients$", act, containing=world.client_id("created").encode()),
        proxy.once("PUT", world.client_id("updated") + "$", act),
        proxy.once("POST", world.client_id("recovered") + "/secrets$", act),
        proxy.once("DELETE", world.client_id("full") + "/secrets/[^/]+$", act),
        proxy.once("DELETE", world.client_id("deleted") + "$", act),
    ]
    world.create("created")
    world.patch("updated", {"spec": {"displayName": "Another name"}})
    world.delete_secret("recovered")
    world.delete_secret("full")
    world.delete("deleted")
    for one in faults:
        one.wait()

    assert_issued(world, "created")
    assert_issued(world, "updated", display_name="Another name")
    world.wait_secret("recovered")
    assert_issued(world, "recovered", (1, 2))
    world.wait_secret("full")
    assert_issued(world, "full", (2, 3, 4))
    assert_gone(world, "deleted", credentials)
    assert all_staged(world) == []


def held_back(world, proxy, trigger, method, pattern):
    """The operator dies with this request under way, and the next one does the work without it; the request itself, to
    be delivered late."""
    late = Delay()
    fault = proxy.once(method, pattern, late)
    trigger()
    fault.wait()
    world.controller.kill()
    world.controller.ensure_default()
    return late


def test_create_arrives_late(proxied):
    world, proxy = proxied
    late = held_back(world, proxy, lambda: world.create("late"), "POST", r"/clients$")
    assert_issued(world, "late")
    before = world.secret("late")

    assert late.deliver().status == 200, "the same operation and value again is the stored result"
    assert_issued(world, "late")
    assert world.secret("late").fingerprint() == before.fingerprint()


def test_create_arrives_after_the_deletion(proxied):
    world, proxy = proxied
    late = held_back(world, proxy, lambda: world.create("late"), "POST", r"/clients$")
    world.wait_ready("late")
    world.delete_and_wait("late")

    assert late.deliver().status == 409, "an operation of a deleted client never makes it again"
    assert_gone(world, "late")


def test_new_secret_arrives_late(proxied):
    world, proxy = proxied
    world.create("late")
    wait_until_issued(world, "late")
    late = held_back(world, proxy, lambda: world.delete_secret("late"), "POST", r"/secrets$")
    world.wait_secret("late")
    assert_issued(world, "late", (1, 2))

    assert late.deliver().status in (200, 201)
    assert_issued(world, "late", (1, 2))


def test_deletion_arrives_after_the_object_was_made_again(proxied):
    world, proxy = proxied
    world.create_ready("late")
    late = held_back(world, proxy, lambda: world.delete("late"), "DELETE", r"/clients/[^/]+$")
    world.wait_gone("late")
    world.create_ready("late")

    assert late.deliver().status == 412, "the client bears the mark of another object now"
    assert_issued(world, "late")


def test_restart_during_a_deletion_blames_nobody(proxied, controller, audit):
    """The deletion is looked at before the registry has answered for the first time."""
    world, proxy = proxied
    world.create_ready("deleted")
    controller.stop()
    world.delete("deleted")
    mark, probe = audit.mark(), Pause()
    proxy.once("GET", r"/clients$", probe)
    controller.start()
    wait_until(lambda: any(one.target == f"secrets {world.namespace}/deleted" for one in audit.since(mark)), 20,
               "the deletion is looked at")
    probe.end()
    world.wait_gone("deleted")
    written = [str(one) for one in audit.writes(mark) if one.name == "deleted"]
    assert len(written) == 2, f"other writes than the Secret's and the finalizer's: {written}"
