"""A hundred ready clients: how long each took, what they cost, and that a restart does nothing to them."""

import re
import statistics
import time

import pytest

from controlplane import OPERATOR_NAMESPACE
from kubeapi import path
from kstatus import conditions
from processes import wait_until
from world import API

COUNT = 100
NAMES = [f"client-{number:03}" for number in range(COUNT)]


@pytest.fixture
def hundred(make_world, controller, numbers):
    """Created one after the other, each when the one before was Ready; never looked at again by timer."""
    world = make_world(resyncInterval="0s")
    controller.stop()
    controller.start()
    numbers("operator RSS, idle", f"{controller.resident_megabytes():.1f} MB")
    events = world.api.watch(path(API, "apiclients", world.namespace), timeoutSeconds=240)
    times = []
    for name in NAMES:
        begin = time.monotonic()
        world.create(name)
        wait_for_ready(events, name)
        times.append(time.monotonic() - begin)
    events.close()
    numbers(f"time from create to Ready, {COUNT} clients", f"median {statistics.median(times) * 1000:.0f} ms, "
            f"longest {max(times) * 1000:.0f} ms")
    numbers(f"operator RSS with {COUNT} clients", f"{controller.resident_megabytes():.1f} MB")
    return world


def wait_for_ready(events, name):
    for event in events:
        ready = conditions(event["object"]).get("Ready")
        if event["object"]["metadata"]["name"] == name and ready and ready["status"] == "True":
            return
    raise AssertionError(f"{name} did not become Ready within the time of the watch")


def reconciliations(metrics):
    return total(metrics, "controller_runtime_reconcile_total", 'controller="apiclient"')


def waiting(metrics):
    return total(metrics, "workqueue_depth", 'name="apiclient"')


def total(metrics, name, label):
    return sum(map(float, re.findall(rf"^{name}\{{[^}}]*{label}[^}}]*\}} (\S+)$", metrics, re.M)))


def looks_at_all(controller):
    """Every client has had its turn since the start, and nothing waits in the queue."""
    metrics = controller.metrics()
    return reconciliations(metrics) >= COUNT and waiting(metrics) == 0


def test_a_restart_with_a_hundred_clients_does_nothing(hundred, controller, audit, numbers):
    world = hundred
    world.settle()
    before = world.api.get(path(API, "apiclients", world.namespace)).body["items"]
    assert len(before) == COUNT
    controller.stop()
    mark = audit.mark()
    begin = time.monotonic()
    controller.start()
    wait_until(lambda: looks_at_all(controller), 60, "the new operator has looked at every client")
    took = time.monotonic() - begin
    at_rest = audit.mark()
    world.settle()  # by now the registry has been probed, and what waited for that has had its turn
    wait_until(lambda: looks_at_all(controller), 60, "the queue is empty")
    requests = audit.since(mark, until=at_rest)
    writes = [str(one) for one in requests if one.is_write and one.resource != "leases"]
    assert writes == [], "a restart writes nothing but the Lease"
    ours = {name for item in before for name in (item["metadata"]["name"], f"staged-{item['metadata']['uid']}")}
    single = [str(one) for one in audit.since(mark) if one.name in ours]
    assert single == [], "nothing of a client that is Ready is read or written, least of all its Secret"
    assert world.api.get(path(API, "apiclients", world.namespace)).body["items"] == before
    numbers(f"restart with {COUNT} clients",
            f"{len(requests)} requests, none of them a write, at rest after {took:.1f} s")
    numbers("operator RSS after that restart", f"{controller.resident_megabytes():.1f} MB")


def test_issue_and_delete_a_hundred_at_once_within_the_budget(world, audit, numbers):
    mark = audit.mark()
    uids = {name: world.create(name)["metadata"]["uid"] for name in NAMES}
    for name in NAMES:
        world.wait_ready(name, 60)
    for uid in uids.values():
        wait_until(lambda: world.staged(uid) is None, 30, "nothing is staged any more", interval=0.01)
    assert_within(writes_by_client(world, audit, mark, uids), 5, "issue", numbers)
    mark = audit.mark()
    for name in NAMES:
        world.delete(name)
    for name in NAMES:
        world.wait_gone(name, 60)
    assert_within(writes_by_client(world, audit, mark, uids), 2, "delete", numbers)


def writes_by_client(world, audit, mark, uids):
    """{name: writes}, those of a staged Secret with its client's."""
    owner = {f"staged-{uid}": name for name, uid in uids.items()}
    writes = {name: [] for name in uids}
    for one in audit.writes(mark):
        if one.namespace in (world.namespace, OPERATOR_NAMESPACE):
            writes[owner.get(one.name, one.name)].append(str(one))
    return writes


def assert_within(writes, budget, what, numbers):
    over = "\n".join(f"{name}: {'; '.join(all)}" for name, all in writes.items() if len(all) > budget)
    assert not over, f"more than {budget} writes to {what}:\n{over}"
    counts = [len(all) for all in writes.values()]
    numbers(f"writes to {what} {COUNT} clients at once", f"{sum(counts)}, at most {max(counts)} each")
