"""kill -9 of the operator at every point of its work: before and after each step, and in the middle of each call to the
registry. Whatever it was doing, the next one ends in the same state as if nothing had happened."""

from collections import Counter
from dataclasses import dataclass
from typing import Callable

import pytest
from crash_helpers import (Crasher, ProxiedWorld, all_staged, assert_gone, assert_issued, lose_and_recover,
                           wait_until_issued)
from kubeapi import path
from processes import Failed

KILLS = 3  # at each point, each with another object; once more where the same step is part of another operation

# The registry calls of steps: where they can also be cut off in the middle.
SIDES = ("before", "sent", "received", "after")
CALLS = {
    "create": ("POST", r"/clients$"),
    "update": ("PUT", r"/clients/[^/]+$"),
    "add-credential": ("POST", r"/secrets$"),
    "retire-oldest": ("DELETE", r"/secrets/[^/]+$"),
    "retire": ("DELETE", r"/secrets/[^/]+$"),
    "remove-client": ("DELETE", r"/clients/[^/]+$"),
}


@dataclass(frozen=True)
class Operation:
    """Functions of (world, name). `prepare` runs with the operator; `trigger` without it, and then it is started to be
    killed; `check` with the operator, gets what `prepare` returned."""

    name: str
    steps: tuple
    trigger: Callable
    check: Callable
    prepare: Callable = lambda world, name: None
    interrupted_at: tuple = ()  # the object is brought here by another crash, before the trigger

    def points(self):
        return [(step, side) for step in self.steps for side in (SIDES if step in CALLS else (SIDES[0], SIDES[-1]))]

    def kills(self, step):
        return KILLS if self is next(one for one in OPERATIONS if step in one.steps) else 1


def lose_secret(world, name):
    world.delete_secret(name)


def issue_and_lose(times):
    """Issued, and its Secret lost and made again: so many secrets beside the published one."""
    def prepare(world, name):
        world.create(name)
        wait_until_issued(world, name)
        for _ in range(times):
            lose_and_recover(world, name)
        return world.secret(name)
    return prepare


def rename(world, name):
    world.patch(name, {"spec": {"displayName": f"Renamed {name}"}})


def check_renamed(world, name, before):
    assert_issued(world, name, display_name=f"Renamed {name}")
    assert world.secret(name).fingerprint() == before.fingerprint(), f"{name}: an update changed the secret"


def check_replaced(*revisions):
    def check(world, name, _before):
        assert_issued(world, name, revisions)
    return check


def end_overlap(world, name):
    """As if the hour of the overlap were over."""
    where = path("apiclient.dev/v1alpha1", "apiclients", world.namespace, name, "status")
    world.must(world.api.merge_patch(where, {"status": {"previous": {"retireAt": "2020-01-01T00:00:00Z"}}}))


def check_retired(world, name, before):
    assert_issued(world, name, (2,))
    assert world.secret(name).fingerprint() == before.fingerprint(), f"{name}: retiring changed the secret"
    assert "previous" not in world.client(name)["status"], f"{name}: the status still speaks of an overlap"


PUBLIC = {"type": "Public", "redirectUris": ["https://app.example.com/callback"]}
OPERATIONS = [
    Operation("issue", ("finalizer", "stage", "create", "verify", "publish", "status", "unstage"),
              trigger=lambda world, name: world.create(name),
              check=lambda world, name, _before: assert_issued(world, name)),
    Operation("issue Public", ("fence", "create", "publish", "status"),
              trigger=lambda world, name: world.create(name, **PUBLIC),
              check=lambda world, name, _before: assert_issued(world, name, revisions=())),
    Operation("recover a lost Secret", ("stage", "add-credential", "verify", "publish", "status", "unstage"),
              prepare=issue_and_lose(0), trigger=lose_secret, check=check_replaced(1, 2)),
    Operation("recover at the registry's limit", ("retire-oldest", "add-credential"),
              prepare=issue_and_lose(2), trigger=lose_secret, check=check_replaced(2, 3, 4)),
    Operation("update", ("update", "publish", "status"),
              prepare=issue_and_lose(0), trigger=rename, check=check_renamed),
    Operation("end an overlap", ("retire", "status"),
              prepare=issue_and_lose(1), trigger=end_overlap, check=check_retired),
    Operation("delete", ("remove-client", "delete-secret", "release"),
              prepare=issue_and_lose(0), trigger=lambda world, name: world.delete(name), check=assert_gone),
    Operation("delete while it is being issued", ("remove-client", "unstage", "release"), interrupted_at=("verify", "before"),
              trigger=lambda world, name: world.delete(name), check=assert_gone),
]


@pytest.fixture(scope="module")
def kill_table(numbers):
    """(step, side) -> kills of all operations; printed in the end."""
    table = Counter()
    yield table
    for step in dict.fromkeys(step for step, _ in table):
        counts = (f"{side} {table[step, side]}" for side in SIDES if (step, side) in table)
        numbers(f"kill -9 of the operator at {step}", ", ".join(counts))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name.replace(" ", "-"))
def test_operator_killed(operation, make_world, controller, kill_table):
    problems = []
    with ProxiedWorld(make_world) as (world, proxy):
        for number, (step, side) in enumerate(operation.points()):
            names = [f"point-{number}-{one}" for one in range(operation.kills(step))]
            try:
                kill_and_recover(operation, world, Crasher(controller, proxy), (step, side), names)
                kill_table[step, side] += len(names)
            except (AssertionError, Failed) as problem:
                problems.append(f"killed {side} {step}: {problem}")
            proxy.clear()
            controller.ensure_default()
    assert not problems, "\n".join(problems)


def kill_and_recover(operation, world, crasher, point, names):
    """One kill at the point for each name; the objects that are not done then are in the way of the next kill too."""
    step, side = point
    before = {name: operation.prepare(world, name) for name in names}
    world.controller.kill()
    for name in names:
        if operation.interrupted_at:
            world.create(name)
            crasher.die_at(*operation.interrupted_at)
        operation.trigger(world, name)
        crasher.die_at(step, side, CALLS.get(step))
    world.controller.ensure_default()
    for name in names:
        operation.check(world, name, before[name])
    assert all_staged(world) == [], "something is still staged"
    for name in names:
        if world.client(name):
            world.delete_and_wait(name)
