"""Sees every version of every ApiClient and registry and checks the kstatus rules on each."""

import http.client
import threading
import uuid

from kstatus import broken_rules, conditions
from kubeapi import path
from processes import wait_until

_API = "apiclient.dev/v1alpha1"
_MARKER = "watch-marker-"
_MARKERS = {
    path(_API, "apiclients", "default"): {
        "apiVersion": _API, "kind": "ApiClient",
        "spec": {"displayName": "marker", "registryRef": {"name": "there-is-none"}}},
    path(_API, "clusterclientregistries"): {
        "apiVersion": _API, "kind": "ClusterClientRegistry",
        "spec": {"embedded": {"adminUrl": "http://127.0.0.1:1"}, "issuer": "http://127.0.0.1:1", "tenant": "marker",
                 "auth": {"bearer": {"secretRef": {"name": "there-is-none", "key": "token"}}}}},
    path(_API, "clientregistries", "default"): {
        "apiVersion": _API, "kind": "ClientRegistry",
        "spec": {"embedded": {"adminUrl": "http://127.0.0.1:1"}, "issuer": "http://127.0.0.1:1", "tenant": "marker",
                 "auth": {"bearer": {"secretRef": {"name": "there-is-none", "key": "token"}}}}},
}


class StatusWatch:
    """One thread a kind. `check(world)` raises for what was seen of that world's objects."""

    def __init__(self, api):
        self._api = api
        self._lock = threading.Lock()
        self._problems = []  # (namespace or "", name, line)
        self._markers_seen = set()
        self._stopping = threading.Event()
        for plural in ("apiclients", "clusterclientregistries", "clientregistries"):
            threading.Thread(target=self._follow, args=(path(_API, plural),), daemon=True).start()

    def stop(self):
        self._stopping.set()

    def check(self, world):
        """Waits until the watches have seen what happened until now; fails when a status broke a rule."""
        for collection, manifest in _MARKERS.items():
            wait_until(lambda: self._sees_marker(collection, manifest), 30, "the status watch has caught up")
        with self._lock:
            lines = [line for namespace, name, line in self._problems
                     if namespace == world.namespace or (not namespace and name in world.registry_names)]
        assert not lines, "a status broke the rules of kstatus:\n" + "\n".join(lines)

    def _sees_marker(self, collection, manifest):
        """A short-lived object; another one when it is missed, because a watch was just being opened again."""
        name = _MARKER + uuid.uuid4().hex[:10]
        answer = self._api.post(collection, {**manifest, "metadata": {"name": name}})
        assert answer.status == 201, answer.message
        self._api.delete(f"{collection}/{name}")
        for _ in range(100):
            if name in self._markers_seen:
                return True
            self._stopping.wait(0.02)
        return False

    def _follow(self, collection):
        while not self._stopping.is_set():
            try:
                for event in self._api.watch(collection):
                    if event["type"] == "ERROR":
                        break
                    self._look_at(event["object"])
            except (OSError, ValueError, http.client.HTTPException):
                self._stopping.wait(0.1)  # the API server restarts

    def _look_at(self, manifest):
        metadata = manifest["metadata"]
        if metadata["name"].startswith(_MARKER):
            self._markers_seen.add(metadata["name"])
            return
        problems = broken_rules(manifest)
        if problems:
            seen = {name: f"{one['status']}/{one['reason']}" for name, one in conditions(manifest).items()}
            line = f"{manifest['kind']} {metadata['name']}: {'; '.join(problems)}; conditions {seen}"
            with self._lock:
                self._problems.append((metadata.get("namespace", ""), metadata["name"], line))
