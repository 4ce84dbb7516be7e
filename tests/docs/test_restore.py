"""docs/how-to/backup-and-restore.md and moving-a-cluster.md, typed as they are."""

import subprocess

import pytest
import yaml
from api_clients import API
from chart import NAMESPACE
from controlplane import ControlPlane
from documented import commands, environment, run
from installation import Installation, works
from kubeapi import path
from reader import Reader
from registry import Registry

PAGE = "how-to/backup-and-restore.md"
VOLUME = "claim-pod-apiclient-operator-registry-0-data"  # where the Pods of these tests have it


def snapshot(source, target):
    """With the owners of the files."""
    subprocess.run(["cp", "-a", source, target], check=True)


def minted(log):
    """The audit lines of secrets that were made."""
    return [line for line in log.read_text().splitlines()
            if '"audit":true' in line and any(f'"action":"{one}"' in line for one in (
                "secret.staged", "credential.added", "credential.replaced"))]


def test_a_restored_cluster_goes_on_with_the_same_secrets(tmp_path):
    with ControlPlane.temporary() as plane:
        here = Installation(plane)
        _, install, *waits = commands("installation.md", "By Helm")
        run(plane, install)
        here.run_operator()
        here.run_registry()
        for wait in waits:
            run(plane, wait)
        here.create_ready("team-a", "billing")
        here.create_ready("team-a", "invoices")
        here.rotate("team-a", "billing")
        reader = Reader(PAGE, tmp_path, environment(plane))
        reader.run("Take it")
        lost = {name: here.secret("team-a", name) for name in ("billing", "invoices")}
        here.stop()
        snapshot(plane.directory / VOLUME, tmp_path / "volume")

    with ControlPlane.temporary() as plane:
        there = Installation(plane)
        reader.moves_to(environment(plane))
        snapshot(tmp_path / "volume", plane.directory / VOLUME)
        reader.run_one("Into an empty cluster")
        reader.run_one("Into an empty cluster")
        there.run_registry()
        log = there.run_operator()
        reader.run_one("Into an empty cluster")
        for name, before in lost.items():
            after = there.secret("team-a", name)
            assert after.fingerprint() == before.fingerprint() and works(before), f"{name}: the same secret works"
            assert after.annotation("revision") == before.annotation("revision")
        assert not minted(log)

        plane.kubectl("delete", "namespace", "team-a", "--timeout=60s")
        assert not any(works(before) for before in lost.values()), "the clients have gone with their namespace"
        reader.run("A namespace that was deleted")
        reader.finish()
        for name, before in lost.items():
            assert there.secret("team-a", name).fingerprint() == before.fingerprint() and works(before), name
        old, new = there.rotate("team-a", "billing")
        assert works(old) and works(new)
        there.stop()


def contexts(old, new, file):
    """A kubeconfig with both clusters, as somebody has it who moves from one to the other."""
    merged = {"apiVersion": "v1", "kind": "Config", "contexts": [], "clusters": [], "users": []}
    for name, plane in (("old", old), ("new", new)):
        config = yaml.safe_load(plane.kubeconfig().read_text())
        merged["clusters"].append({**config["clusters"][0], "name": name})
        merged["users"].append({**config["users"][0], "name": name})
        merged["contexts"].append({"name": name, "context": {"cluster": name, "user": name}})
    file.touch(mode=0o600)
    file.write_text(yaml.safe_dump(merged))
    return {**environment(old), "KUBECONFIG": str(file), "KUBECACHEDIR": str(file.with_suffix(".cache"))}


@pytest.fixture
def registry(plane, tmp_path):
    """One outside of both clusters."""
    one = Registry(plane, f"registry-{tmp_path.name}").start()
    yield one
    one.stop()


def use_registry(installation, registry):
    secret = {"metadata": {"name": "registry-admin", "labels": {"apiclient.dev/usable-by": "registry"}},
              "stringData": {"token": registry.admin_token}}
    described = {"apiVersion": API, "kind": "ClusterClientRegistry", "metadata": {
        "name": "default", "annotations": {"apiclient.dev/is-default-registry": "true"}}, "spec": {
            "embedded": {"adminUrl": registry.admin_url}, "issuer": registry.issuer, "tenant": "acme",
            "auth": {"bearer": {"secretRef": {"name": "registry-admin", "key": "token"}}}}}
    for where, body in ((path("v1", "secrets", NAMESPACE), secret), (path(API, "clusterclientregistries"), described)):
        answer = installation.api.post(where, body)
        assert answer.status == 201, answer.message


def test_another_cluster_takes_over_with_the_same_secrets(registry, tmp_path):
    with ControlPlane.temporary() as old, ControlPlane.temporary() as new:
        here, there = Installation(old), Installation(new)
        run(old, commands("installation.md", "By Helm")[0])
        here.run_operator()
        use_registry(here, registry)
        before = here.create_ready("team-a", "billing")
        marked = registry.client("acme_team-a_billing")

        shell = contexts(old, new, tmp_path / "kubeconfig")
        move, backup = Reader("how-to/moving-a-cluster.md", tmp_path, shell), Reader(PAGE, tmp_path, shell)
        move.run("Stop the old operator")
        here.stop()
        backup.run("Take it")
        install = move.run_one  # between the first and the last part of the restore
        subprocess.run(["kubectl", "config", "use-context", "new"], env=shell, check=True, capture_output=True)
        backup.run_one("Into an empty cluster")
        install("Start the new one")
        log = there.run_operator()
        backup.skip("Into an empty cluster")
        backup.run_one("Into an empty cluster")
        assert "billing" in move.run_one("Start the new one")

        after = there.secret("team-a", "billing")
        assert after.fingerprint() == before.fingerprint() and works(before) and not minted(log)
        assert registry.client_ids() == ["acme_team-a_billing"]
        now = registry.client("acme_team-a_billing")
        assert now["secrets"][0]["id"] == marked["secrets"][0]["id"] and len(now["secrets"]) == 1

        move.run("Let the old cluster go")
        move.finish()
        assert works(after), "what goes in the old cluster stays in the registry"
        _, rotated = there.rotate("team-a", "billing")
        assert works(rotated)
        there.stop()
