"""One side was restored from a backup, the other one was not: docs/how-to/backup-and-restore.md."""

import subprocess

from kubeapi import path
from processes import wait_until
from rotation import rotate
from world import API


def copy(source, target):
    subprocess.run(["rm", "-rf", target], check=True)
    subprocess.run(["cp", "-a", source, target], check=True)


def back_up(world, where):
    """The registry's data."""
    world.registry.stop()
    copy(world.registry.data_directory, where)
    world.registry.start()


def set_back(world, where):
    world.registry.stop()
    copy(where, world.registry.data_directory)
    world.registry.start()


def test_a_registry_from_before_a_rotation(world, tmp_path):
    """The published secret is unknown there."""
    world.create_ready("one")
    back_up(world, tmp_path / "data")
    rotate(world, "one", "r1")
    published = world.secret("one").fingerprint()
    set_back(world, tmp_path / "data")
    assert world.token("one") == 401, "this is what the restore has done"
    world.annotate("one", "reconcile", "after-the-restore")
    world.wait_secret("one", lambda secret: secret.fingerprint() != published, "another secret")
    world.wait_ready("one")
    assert world.token("one") == 200
    assert world.client("one")["status"]["clientId"] == world.client_id("one")


def test_a_registry_from_before_a_client(world, tmp_path):
    """It is registered again, and its secret stays."""
    for name in ("one", "two"):
        world.create_ready(name)
    back_up(world, tmp_path / "data")
    world.create_ready("three")
    published = world.secret("three").fingerprint()
    set_back(world, tmp_path / "data")
    assert world.token("three") == 401
    world.annotate("three", "reconcile", "after-the-restore")
    wait_until(lambda: world.token("three") == 200, 30, "the registry knows three's secret again")
    assert world.secret("three").fingerprint() == published
    world.wait_ready("three")


def test_a_cluster_from_before_a_rotation(world, controller, tmp_path):
    """The registry has a secret that nobody knows: it ends, and consumers get another one."""
    world.create_ready("one", rotation={"overlap": "0s"})
    objects = [(path(API, "apiclients", world.namespace), world.client("one")),
               (path("v1", "secrets", world.namespace), world.api.get(path("v1", "secrets", world.namespace, "one")).body)]
    rotate(world, "one", "r1")
    forgotten = world.secret("one")
    controller.stop()
    for where, manifest in objects:
        world.must(world.api.merge_patch(f"{where}/one", {"metadata": {"finalizers": None}}))
        world.must(world.api.delete(f"{where}/one"))
        for member in ("uid", "resourceVersion", "managedFields", "creationTimestamp", "generation"):
            manifest["metadata"].pop(member, None)
        world.must(world.api.post(where, {**manifest, "status": None}))
    assert world.token("one") == 401, "this is what the restore has done"
    controller.ensure_default()
    world.wait_ready("one")
    assert world.token("one") == 200
    present = {one["id"] for one in world.registered("one")["secrets"]}
    assert present == {world.secret("one").annotation("credential-id")}
    assert world.secret("one").fingerprint() != forgotten.fingerprint()
