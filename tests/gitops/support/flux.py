"""Flux as processes beside the control plane, and a pipeline from a Git repository into one namespace."""

import itertools
import os

import peer_binaries
import yaml
from git_server import GitServer
from kstatus import conditions
from kubeapi import path
from ports import free_ports
from processes import Failed, wait_until
from repository import REPOSITORY
from server_process import start_server

NAMESPACE = "flux-system"
EXAMPLE = REPOSITORY / "examples" / "gitops" / "flux.yaml"
_PLURALS = {"GitRepository": "gitrepositories", "Kustomization": "kustomizations"}
_serial = itertools.count(1)


class Flux:
    """source-controller and kustomize-controller, with the rights that their installation gives them. One for a control
    plane; take pipelines away before they stop."""

    def __init__(self, plane):
        self._plane = plane

    def start(self):
        for crd in peer_binaries.flux_crds():
            self._plane.kubectl("apply", "--server-side", "-f", crd)
        self._plane.kubectl("create", "namespace", NAMESPACE)
        self._plane.user("flux", ["system:masters"])
        (storage,) = free_ports(1)
        address = f"127.0.0.1:{storage}"
        self._run("source-controller", "--storage-path", self._folder("artifacts"), "--storage-addr", address,
                  "--storage-adv-addr", address)
        self._run("kustomize-controller")
        return self

    def stop(self):
        for name in ("kustomize-controller", "source-controller"):
            self._plane.processes.stop(name, grace=2)

    def _folder(self, name):
        folder = self._plane.directory / name
        folder.mkdir(exist_ok=True)
        return folder

    def _run(self, name, *arguments):
        metrics, health = free_ports(2)
        argv = [peer_binaries.find(name), "--watch-all-namespaces=false", "--events-addr=",
                "--interval-jitter-percentage=0", "--metrics-addr", f"127.0.0.1:{metrics}",
                "--health-addr", f"127.0.0.1:{health}", *arguments]
        environment = {**os.environ, "KUBECONFIG": str(self._plane.kubeconfig("flux")), "RUNTIME_NAMESPACE": NAMESPACE,
                       "TMPDIR": str(self._folder(f"{name}-tmp"))}
        start_server(self._plane, name, argv, self._plane.directory / f"{name}.log",
                     f"http://127.0.0.1:{health}/readyz", 60, environment=environment)


class Pipeline:
    """What examples/gitops/flux.yaml makes of a repository of its own, for the namespace of this world. It looks there
    when it is asked to, not by time."""

    def __init__(self, world, directory):
        self._world, self._api = world, world.api
        directory.mkdir()
        self.git = GitServer(directory)

    def open(self):
        for manifest in yaml.safe_load_all(EXAMPLE.read_text()):
            manifest["metadata"]["name"] = self._world.namespace
            manifest["spec"].update(self._changed[manifest["kind"]])
            self._world.must(self._api.post(self._path(manifest["kind"], collection=True), manifest))
        return self

    def close(self):
        for kind in reversed(_PLURALS):
            self._api.delete(self._path(kind))
            wait_until(lambda: self._api.get(self._path(kind)).status == 404, 60, f"the {kind} is gone")
        self.git.close()

    def manifest(self, name, annotations=None, **spec):
        """An ApiClient as it is in Git: the pipeline says which namespace it is for."""
        manifest = self._world.manifest(name, **spec)
        manifest["metadata"] = {"name": name, **({"annotations": annotations} if annotations else {})}
        return yaml.safe_dump(manifest)

    def commit(self, **manifests):
        """One commit with these ApiClients, by name; None removes one."""
        self.push(self.git.commit({f"{name}.yaml": manifest for name, manifest in manifests.items()}))

    def push(self, digest):
        """Has Flux fetch it; the Kustomization begins by itself then."""
        self._ask("GitRepository")
        wait_until(lambda: self._status("GitRepository").get("artifact", {}).get("revision", "").endswith(digest), 60,
                   f"commit {digest} is fetched")

    def sync(self):
        """Applies once more what is in Git; returns when it is healthy."""
        token = self._ask("Kustomization")
        wait_until(lambda: self._status("Kustomization").get("lastHandledReconcileAt") == token, 60, f"sync {token} is done")
        self.wait_healthy()

    def is_healthy(self):
        """For what was fetched last."""
        fetched, applied = self._object("GitRepository"), self._object("Kustomization")
        return (_ready(applied)["status"] == "True" and
                applied["status"].get("lastAppliedRevision") == fetched["status"]["artifact"]["revision"])

    def wait_healthy(self, seconds=60):
        try:
            wait_until(self.is_healthy, seconds, "the Kustomization is healthy")
        except Failed as error:
            raise AssertionError(f"{error}; it says {self.ready()}") from None

    def wait_unhealthy(self):
        """Until a health check has failed; returns what it says. Another begins two seconds later."""
        def failed():
            ready = self.ready()
            return ready["message"] if ready["reason"] == "HealthCheckFailed" else None

        return wait_until(failed, 90, "the health check has failed")

    def ready(self):
        """Its condition Ready."""
        return _ready(self._object("Kustomization"))

    @property
    def _changed(self):
        reference = {"kind": "GitRepository", "name": self._world.namespace}
        return {"GitRepository": {"url": self.git.url, "interval": "1h"},
                "Kustomization": {"sourceRef": reference, "targetNamespace": self._world.namespace, "interval": "1h",
                                  "retryInterval": "2s", "timeout": "30s"}}

    def _ask(self, kind):
        token = f"ask-{next(_serial)}"
        self._world.must(self._api.merge_patch(self._path(kind), {
            "metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}}))
        return token

    def _status(self, kind):
        return self._object(kind).get("status", {})

    def _object(self, kind):
        return self._world.must(self._api.get(self._path(kind)))

    def _path(self, kind, collection=False):
        group = "source" if kind == "GitRepository" else "kustomize"
        return path(f"{group}.toolkit.fluxcd.io/v1", _PLURALS[kind], NAMESPACE,
                    None if collection else self._world.namespace)


def _ready(kustomization):
    return conditions(kustomization).get("Ready", {"status": "Unknown", "reason": ""})
