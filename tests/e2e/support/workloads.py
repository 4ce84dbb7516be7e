"""Workloads that read a Secret. Their controllers are real; the kubelet is played here, for there is none."""

from kubeapi import path
from processes import wait_until

_PLURALS = {"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets"}


def target(name, kind="Deployment"):
    """One item of spec.restartTargets."""
    return {"kind": kind, "name": name}


class Workloads:
    """The workloads of one World."""

    def __init__(self, world):
        self._world = world

    def create(self, name, kind="Deployment", replicas=1):
        """Without replicas its controller rolls every template out by itself, and keeps a ReplicaSet of each."""
        labels = {"app": name}
        spec = {"selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels},
                             "spec": {"containers": [{"name": "main", "image": "example.com/main:1"}]}}}
        if kind != "DaemonSet":
            spec["replicas"] = replicas
        if kind == "StatefulSet":
            spec["serviceName"] = name
        return self._world.must(self._world.api.post(self._path(kind), {"metadata": {"name": name}, "spec": spec}))

    def workload(self, name, kind="Deployment"):
        return self._world.must(self._world.api.get(self._path(kind, name)))

    def delete(self, name, kind="Deployment"):
        self._world.must(self._world.api.delete(self._path(kind, name)))

    def carried(self, name, client, kind="Deployment"):
        """What the pod template says of the ApiClient; None: nothing."""
        annotations = self.workload(name, kind)["spec"]["template"]["metadata"].get("annotations", {})
        return annotations.get(f"{client}.apiclient.dev/credential-revision")

    def templates(self, name):
        """How many pod templates the Deployment has had: its controller keeps a ReplicaSet of each."""
        found = self._world.must(self._world.api.get(path("apps/v1", "replicasets", self._world.namespace)))["items"]
        return sum(1 for one in found if one["metadata"]["ownerReferences"][0]["name"] == name)

    def run_pods(self):
        """Every pod there is becomes ready, as a kubelet would report it."""
        pods = self._world.must(self._world.api.get(path("v1", "pods", self._world.namespace)))["items"]
        for pod in pods:
            name, status = pod["metadata"]["name"], pod.get("status", {})
            if not any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions", [])):
                self._world.api.merge_patch(
                    path("v1", "pods", self._world.namespace, name, "status"),
                    {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}})

    def roll_out(self, *names):
        """Runs the pods of these Deployments until each has rolled out what it was told last."""
        def complete():
            self.run_pods()
            return all(_is_rolled_out(self.workload(name)) for name in names)

        wait_until(complete, 60, f"{', '.join(names)}: rolled out", interval=0.1)

    def _path(self, kind, name=None):
        return path("apps/v1", _PLURALS[kind], self._world.namespace, name)


def _is_rolled_out(workload):
    status, wanted = workload.get("status", {}), workload["spec"]["replicas"]
    numbers = [status.get(member, 0) for member in ("replicas", "updatedReplicas", "availableReplicas")]
    return status.get("observedGeneration") == workload["metadata"]["generation"] and numbers == [wanted] * 3
