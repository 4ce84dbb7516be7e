"""Two replicas, each as a user of its own, so that the audit log tells whose write it was."""

import os
import signal
import time

import pytest
from controller import CHECKPOINTS
from controlplane import OPERATOR_NAMESPACE
from crash_helpers import ProxiedWorld, all_staged, assert_gone, assert_issued, wait_until_issued
from operator_user import RBAC, bind_operator_roles
from processes import wait_until
from replica import Replica

SECOND_USER = "apiclient-operator-two"
LEASE_SECONDS, RETRY_SECONDS = 15, 2.4  # what a replica waits between two looks at the Lease, with jitter

# One ApiClient each; its worker is held right before this step.
FROZEN_BEFORE = ("create", "publish", "status", "add-credential", "update", "remove-client")


@pytest.fixture(scope="module")
def second_user(plane, api):
    """Bound to the same roles as the operator's own."""
    plane.user(SECOND_USER, namespace=OPERATOR_NAMESPACE)
    bind_operator_roles(api, SECOND_USER, {"apiGroup": RBAC, "kind": "User", "name": SECOND_USER})
    return SECOND_USER


@pytest.fixture
def replicas(plane, api, controller, second_user):
    """Two that do not run yet. A test prepares what it needs with the ordinary operator, then stops that one."""
    both = (Replica(plane, api, "replica-one"), Replica(plane, api, "replica-two", second_user))
    yield both
    for replica in both:
        replica.kill()


def start_leader_and_standby(leader, standby, **of_leader):
    leader.start(**of_leader)
    leader.wait_until_it_says("leading")
    standby.start()
    standby.wait_until_it_says("another replica leads")


def test_hand_over_on_stop(make_world, replicas, controller, numbers):
    world, (one, two) = make_world(), replicas
    controller.stop()
    start_leader_and_standby(one, two)
    world.create_ready("before")

    asked_at = time.time()
    os.kill(one.pid, signal.SIGTERM)
    world.create("after")
    assert one.wait_for_end() == 0, f"a leader that is asked to stop ends with {one.exit_code()}"
    stopped_at = one.wait_until_it_says("stopped")
    leads_at = two.wait_until_it_says("leading")
    world.wait_ready("after")

    numbers("hand-over on SIGTERM", f"the other leads {leads_at - asked_at:.2f} s after the signal, "
            f"{leads_at - stopped_at:+.2f} s after the leader's last word")
    assert leads_at - stopped_at < 2, "hand-over takes too long"
    assert_issued(world, "before")
    assert_issued(world, "after")


def test_leader_killed(make_world, replicas, controller, numbers):
    world, (one, two) = make_world(), replicas
    controller.stop()
    start_leader_and_standby(one, two)

    killed_at = time.time()
    os.kill(one.pid, signal.SIGKILL)
    world.create("orphan")
    leads_at = two.wait_until_it_says("leading")
    world.wait_ready("orphan")

    took = leads_at - killed_at
    numbers("take-over after kill -9", f"{took:.1f} s, with a Lease of {LEASE_SECONDS} s")
    assert took > LEASE_SECONDS - 2 * RETRY_SECONDS, "taken over while the Lease could still be renewed"
    assert took < LEASE_SECONDS + 2 * RETRY_SECONDS, "taken over late"
    assert_issued(world, "orphan")


def test_frozen_leader_wakes_up(make_world, replicas, controller, audit, numbers):
    """It was about to write six things when it froze, and the other replica took over and did them. When it wakes up, its
    workers go on before anything in it has seen that the Lease is another's."""
    one, two = replicas
    with ProxiedWorld(make_world) as (world, proxy):
        for name in ("recovered", "updated", "deleted"):
            world.create(name)
            wait_until_issued(world, name)
        credentials = world.secret("deleted")
        controller.stop()
        traps = ",".join(f"{step}:before:1" for step in FROZEN_BEFORE)
        start_leader_and_standby(one, two, program=CHECKPOINTS, environment={
            "APICLIENT_CHECKPOINT": f"freeze-late:{traps}", "APICLIENT_LOG_LEVEL": "debug"})
        begin_work(world)
        one.wait_state("paused", 20)
        frozen_at = time.time()

        took_over_at = two.wait_until_it_says("leading")
        assert_done(world, credentials)
        numbers("take-over from a frozen leader", f"{took_over_at - frozen_at:.1f} s; "
                f"{len(FROZEN_BEFORE)} workers were frozen before {', '.join(FROZEN_BEFORE)}")

        mark, calls, woken_at = audit.mark(), len(proxy.seen("POST", "PUT", "DELETE")), time.time()
        one.resume()
        wait_until(lambda: len(one.outcomes(woken_at)) == len(FROZEN_BEFORE), 20, "each worker has gone on")
        os.kill(one.pid, signal.SIGUSR2)  # its elector may look at the Lease
        assert one.wait_for_end() == 1, f"a leader that lost its Lease ends with {one.exit_code()}"
        written = [str(request) for request in audit.since(mark)
                   if request.is_write and not request.is_refused_renewal]
        assert written == [], "the woken replica wrote to the API server"
        called = [f"{seen.method} {seen.path}" for seen in proxy.seen("POST", "PUT", "DELETE")[calls:]]
        assert called == [], "somebody wrote to the registry when the replica woke up"
        others = {name: error for name, error in one.outcomes(woken_at).items() if "does not hold the lease" not in error}
        assert others == {}, "not every worker was about to write"
        assert_done(world, credentials)


def begin_work(world):
    """What brings one worker to each of FROZEN_BEFORE. Of three new clients the first to come is held before create, the
    second before publish, the third before status."""
    for name in ("new-1", "new-2", "new-3"):
        world.create(name)
    world.delete_secret("recovered")
    world.patch("updated", {"spec": {"displayName": "Another name"}})
    world.delete("deleted")


def assert_done(world, credentials):
    for name in ("new-1", "new-2", "new-3"):
        assert_issued(world, name)
    world.wait_secret("recovered")
    assert_issued(world, "recovered", (1, 2))
    assert_issued(world, "updated", display_name="Another name")
    assert_gone(world, "deleted", credentials)
    assert all_staged(world) == []
