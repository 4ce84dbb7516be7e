"""Calls to the registry that arrive late: it ends in the state in which it would have ended without them. Replies that are
lost, and calls that fail, are in test_crash_matrix.py."""

import pytest
from crash_helpers import ProxiedWorld, assert_gone, assert_issued, wait_until_issued
from faults import Delay, Pause
from processes import wait_until

@pytest.fixture
def proxied(make_world):
    with ProxiedWorld(make_world) as (world, proxy):
        yield world, proxy


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
