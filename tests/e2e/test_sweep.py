"""The sweep: what has no ApiClient any more is named, and only a staged Secret of a dead owner is deleted."""

import base64
import uuid

import pytest
from controller import CHECKPOINTS
from controlplane import OPERATOR_NAMESPACE
from crash_helpers import all_staged, installation_id
from kstatus import conditions
from kubeapi import path
from processes import wait_until


@pytest.fixture
def sweeping(controller, world):
    """The world, swept every second; what is staged is swept when it is a twelfth of that old."""
    controller.stop()
    controller.start(program=CHECKPOINTS, environment={"APICLIENT_SWEEP_INTERVAL_MS": "1000"})
    world.wait_registry("Reachable")
    return world


def orphans(world):
    """The condition, or None."""
    return conditions(world.registry_object()).get("Orphans")


def wait_orphans(world, clients=(), secrets=()):
    """Until the registry's condition names exactly these clients, and Secrets of the world's namespace."""
    secrets = [f"{world.namespace}/{name}" for name in secrets]
    wanted = [", ".join(sorted(names)) for names in (clients, secrets) if names]

    def named():
        condition = orphans(world)
        return condition and [part.rpartition(": ")[2] for part in condition["message"].split(". ")] == wanted

    wait_until(named, 20, f"the registry names the orphans {wanted}", interval=0.05)
    return orphans(world)


def metric(world, name):
    """Its value, or None."""
    for line in world.controller.metrics().splitlines():
        if line.startswith(f"{name} "):
            return float(line.split()[-1])
    return None


def counted(world):
    return metric(world, f'apiclient_sweep_orphaned_clients{{registry="{world.registry_name}"}}')


def wait_swept(world):
    """Until a sweep that begins now has ended: it has deleted another staged Secret before it asks the registries."""
    stage(world, "marker", str(uuid.uuid4()))
    wait_until(lambda: not all_staged_of(world, "marker"), 20, "a sweep came by", interval=0.05)


def all_staged_of(world, name):
    answer = world.api.get(path("v1", "secrets", OPERATOR_NAMESPACE),
                           labelSelector=f"apiclient.dev/staged=true,apiclient.dev/name={name}")
    return world.must(answer)["items"]


def stage(world, name, uid, installation=None):
    """A staged Secret as a mint leaves it behind whose operator died."""
    marks = {"owner-uid": uid, "owner-namespace": world.namespace,
             "installation-id": installation or installation_id(world)}
    manifest = {"metadata": {"name": f"staged-{uid}",
                             "labels": {"app.kubernetes.io/managed-by": "apiclient-operator",
                                        "apiclient.dev/name": name, "apiclient.dev/staged": "true"},
                             "annotations": {f"apiclient.dev/{key}": value for key, value in marks.items()}},
                "immutable": True, "data": {"operation-id": base64.b64encode(b"op").decode()}}
    world.must(world.api.post(path("v1", "secrets", OPERATOR_NAMESPACE), manifest))
    return f"staged-{uid}"


def test_an_abandoned_client_is_named_until_somebody_deletes_it(sweeping):
    world = sweeping
    world.create_ready("kept")
    uid = world.create_ready("lost")["metadata"]["uid"]
    world.registry.stop()
    world.annotate("lost", "abandon", uid)
    world.delete_and_wait("lost")
    world.registry.start()
    condition = wait_orphans(world, [world.client_id("lost")])
    assert (condition["status"], condition["reason"]) == ("True", "OrphanedClients")
    assert condition["message"].startswith("1 client ")
    assert counted(world) == 1
    assert world.registered("lost"), "the sweep deletes no client"
    status, _ = world.registry.admin("DELETE", f"/clients/{world.client_id('lost')}")
    assert status == 204
    wait_until(lambda: orphans(world) is None, 20, "the condition has gone", interval=0.05)
    assert counted(world) == 0
    assert world.token("kept") == 200


def test_what_retain_leaves_is_named_and_stays(sweeping):
    world = sweeping
    before = metric(world, "apiclient_sweep_orphaned_secrets") or 0
    world.create_ready("one", deletionPolicy="Retain")
    world.delete_and_wait("one")
    wait_orphans(world, [world.client_id("one")], ["one"])
    wait_until(lambda: metric(world, "apiclient_sweep_orphaned_secrets") == before + 1, 20, "the Secret is counted")
    wait_swept(world)
    assert world.token("one") == 200, "client and Secret work on"
    version = world.registry_object()["metadata"]["resourceVersion"]
    wait_swept(world)
    wait_swept(world)
    assert world.registry_object()["metadata"]["resourceVersion"] == version, "the same findings are written once"
    assert world.registry.admin("DELETE", f"/clients/{world.client_id('one')}")[0] == 204
    condition = wait_orphans(world, secrets=["one"])
    assert (condition["status"], condition["reason"]) == ("True", "OrphanedSecrets")
    world.delete_secret("one")
    wait_until(lambda: orphans(world) is None, 20, "the condition has gone", interval=0.05)


def test_only_a_staged_secret_of_a_dead_owner_is_deleted(sweeping, audit):
    world = sweeping
    alive = world.create_ready("alive")["metadata"]["uid"]
    world.annotate("alive", "paused", "true")  # the mint that seems to be under way stays so
    mark = audit.mark()
    replaced, foreign = str(uuid.uuid4()), str(uuid.uuid4())
    names = {"dead": stage(world, "dead", str(uuid.uuid4())), "replaced": stage(world, "alive", replaced),
             "alive": stage(world, "alive", alive), "foreign": stage(world, "dead", foreign, "another-installation")}
    wait_until(lambda: not {names["dead"], names["replaced"]} & set(all_staged(world)), 20,
               "the staged Secrets of the dead are gone", interval=0.05)
    wait_swept(world)
    assert {names["alive"], names["foreign"]} <= set(all_staged(world))
    deleted = [one.name for one in audit.since(mark) if one.verb == "delete" and one.resource == "secrets"]
    assert {names["dead"], names["replaced"]} <= set(deleted)
    assert not {names["alive"], names["foreign"], "alive"} & set(deleted)
    assert world.token("alive") == 200 and orphans(world) is None
    for name in ("alive", "foreign"):
        world.delete_secret(names[name], OPERATOR_NAMESPACE)
    world.annotate("alive", "paused", None)
