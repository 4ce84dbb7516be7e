"""Consumers of a Secret are restarted once for each revision, and the older secret waits for their roll-out."""

import time

import pytest

from audit import OPERATOR
from kstatus import conditions
from kubeapi import path
from operator_user import bind_restart_role, unbind_restart_role
from processes import wait_until
from rotation import ends, revision, rotate, wait_overlap_over, works
from workloads import Workloads, target

COUNT = 200


@pytest.fixture
def may_restart(api):
    """may_restart() gives the operator the opt-in role, for this test."""
    yield lambda: bind_restart_role(api, [OPERATOR])
    unbind_restart_role(api)


def incomplete(world, name, reason):
    """The message of RestartIncomplete; a rotation does not suffer from it."""
    client = world.wait_condition(name, "RestartIncomplete", "True", reason)
    assert conditions(client)["Ready"]["status"] == "True"
    return conditions(client)["RestartIncomplete"]["message"]


def events_with(world, reason):
    found = world.must(world.api.get(path("events.k8s.io/v1", "events", world.namespace)))["items"]
    return [one for one in found if one["reason"] == reason]


def test_a_rotation_restarts_its_consumers_and_waits_for_them(world, controller, audit, may_restart, numbers):
    may_restart()
    workloads = Workloads(world)
    workloads.create("web")
    workloads.create("db", "StatefulSet", replicas=0)
    workloads.roll_out("web")
    client = world.create_ready("one", restartTargets=[target("web"), target("db", "StatefulSet")],
                                rotation={"overlap": "2s"})
    world.settle()
    uid, old = client["metadata"]["uid"], world.secret("one")
    assert workloads.carried("web", "one") is None, "a first issuance restarts nobody"
    mark = audit.mark()
    rotate(world, "one", "r1")
    assert workloads.carried("web", "one") == workloads.carried("db", "one", "StatefulSet") == f"2.{uid}"
    waiting = world.wait_condition("one", "Rotating", "True", "RollingOut")
    assert "Deployment web" in conditions(waiting)["Rotating"]["message"]
    assert works(old) and works(world.secret("one")), "no pod has the new secret yet"
    workloads.roll_out("web")
    after = wait_overlap_over(world, "one")
    ends(old)
    assert revision(after) == 2 and "RestartIncomplete" not in conditions(after)
    world.settle()
    ours = ("one", "web", "db")
    writes = [one for one in world.writes(mark, uid) if one.name in ours or one.name.endswith(uid)]
    assert len(writes) <= 5 + 2 + 1, [str(one) for one in writes]  # the wait is told by a status of its own
    numbers("writes to rotate with two restart targets, roll-out waited for", len(writes))
    controller.kill()
    controller.start()
    world.settle()
    assert workloads.templates("web") == 2, "once, and not again by a new process"


def test_the_wait_is_capped(make_world, may_restart):
    may_restart()
    world = make_world(maxOverlap="4s")
    Workloads(world).create("web")  # nobody runs its pods
    world.create_ready("one", restartTargets=[target("web")], rotation={"overlap": "2s"})
    old = world.secret("one")
    rotate(world, "one", "r1")
    message = incomplete(world, "one", "RolloutTimedOut")
    assert "Deployment web" in message and "maxOverlap" in message
    ends(old)
    assert works(world.secret("one"))
    wait_until(lambda: events_with(world, "RolloutTimedOut"), 20, "an Event says so")


def test_a_target_that_does_not_exist_is_named_and_holds_nothing_up(world, may_restart):
    may_restart()
    world.create_ready("one", restartTargets=[target("gone", "DaemonSet")], rotation={"overlap": "2s"})
    old = world.secret("one")
    rotate(world, "one", "r1")
    assert "spec.restartTargets[0]: DaemonSet gone does not exist" in incomplete(world, "one", "RestartTargetNotFound")
    wait_overlap_over(world, "one")
    ends(old)
    assert works(world.secret("one"))


def test_without_the_right_it_says_so_and_restarts_later(world, may_restart):
    workloads = Workloads(world)
    workloads.create("web", replicas=0)
    uid = world.create_ready("one", restartTargets=[target("web")], rotation={"overlap": "0s"})["metadata"]["uid"]
    rotate(world, "one", "r1")
    message = incomplete(world, "one", "RestartTargetForbidden")
    assert "spec.restartTargets[0]: Deployment web" in message and "role for restart targets" in message
    assert works(world.secret("one")) and workloads.carried("web", "one") is None
    may_restart()
    world.annotate("one", "reconcile", "now-it-may")
    wait_until(lambda: workloads.carried("web", "one") == f"2.{uid}", 20, "restarted")
    wait_until(lambda: "RestartIncomplete" not in conditions(world.client("one")), 20, "nothing is left to say")


def test_two_clients_of_one_workload_restart_it_each(world, may_restart):
    may_restart()
    workloads = Workloads(world)
    workloads.create("web", replicas=0)
    for name in ("one", "two"):
        world.create_ready(name, restartTargets=[target("web")], rotation={"overlap": "0s"})
    rotate(world, "one", "r1")
    rotate(world, "two", "r1")
    rotate(world, "one", "r2:now")
    assert workloads.carried("web", "one").startswith("3.") and workloads.carried("web", "two").startswith("2.")
    wait_until(lambda: workloads.templates("web") == 4, 20, "each has restarted it")


def test_200_clients_restart_each_of_their_workloads_once(world, controller, may_restart, numbers):
    may_restart()
    workloads = Workloads(world)
    names = [f"c{number}" for number in range(COUNT)]
    for name in names:
        workloads.create(name, replicas=0)
        world.create(name, restartTargets=[target(name)], rotation={"overlap": "0s"})
    uids = {name: world.wait_ready(name, 120)["metadata"]["uid"] for name in names}
    begin = time.monotonic()
    for name in names:
        world.annotate(name, "rotate", "r1")
    wait_until(lambda: all(found == 2 for found in revisions(world, names)), 120, "all are rotated", interval=0.1)
    numbers(f"{COUNT} clients with a restart target each, rotated", f"{time.monotonic() - begin:.1f} s")
    assert {name: workloads.carried(name, name) for name in names} == {name: f"2.{uids[name]}" for name in names}
    before = templates(world)
    assert before == dict.fromkeys(names, 2), "each exactly once"
    controller.kill()
    controller.start()
    world.settle()
    assert templates(world) == before, "a restart of the operator restarts nobody"


def revisions(world, names):
    found = world.must(world.api.get(path("apiclient.dev/v1alpha1", "apiclients", world.namespace)))["items"]
    return [revision(one) for one in found if one["metadata"]["name"] in names]


def templates(world):
    """{Deployment: generation}: each change of its spec counts."""
    found = world.must(world.api.get(path("apps/v1", "deployments", world.namespace)))["items"]
    return {one["metadata"]["name"]: one["metadata"]["generation"] for one in found}


def test_reloader_sees_a_new_secret_with_its_annotation_and_nothing_at_rest(world):
    world.create_ready("one", rotation={"overlap": "0s"},
                       secret={"annotations": {"reloader.stakater.com/match": "true"}})
    first = world.secret("one")
    assert first.metadata["annotations"]["reloader.stakater.com/match"] == "true"
    world.annotate("one", "reconcile", "look-again")
    world.settle()
    assert world.secret("one").resource_version == first.resource_version, "Reloader reacts to every change"
    rotate(world, "one", "r1")
    second = world.secret("one")
    assert second.metadata["annotations"]["reloader.stakater.com/match"] == "true"
    assert second.fingerprint() != first.fingerprint()
