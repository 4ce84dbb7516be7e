"""Runs the containers of a workload as processes, as a kubelet would: their command, arguments, environment and user, each
with a file system of its own in which the volumes, the ServiceAccount's token and the names of the Services are where they
belong. Needs root, and mount namespaces. All share one network: what listens on a fixed port runs once.

The file system below is that of this machine with the programs in it, or an image's that APICLIENT_IMAGE_ROOT names."""

import base64
import json
import os
import shlex
import shutil

import controller
import registry
from kubeapi import path
from ports import free_ports
from processes import Failed, answers, tail, wait_until

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
IMAGE = os.environ.get("APICLIENT_IMAGE_ROOT")
PROGRAMS = ("apiclient-controller", "apiclient-registry")

# $1: directory of the Pod, $2: the file system below, $3, $4: uid and gid; then the command. Nothing is left on the machine:
# the mounts end with the process.
_ENTER = r"""
set -e; umask 022
pod=$1 lower=$2 uid=$3 gid=$4; shift 4
mount -t tmpfs none "$pod/layers"; mkdir "$pod/layers/upper" "$pod/layers/work"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$pod/layers/upper,workdir=$pod/layers/work" "$pod/root"
mount --rbind /proc "$pod/root/proc"; mount --rbind /dev "$pod/root/dev"
mkdir -p "$pod/root/usr/local/bin"; cp -r "$pod/programs/." "$pod/root/usr/local/bin"
cp "$pod/hosts" "$pod/root/etc/hosts"
while read -r source target mode; do
  chroot "$pod/root" mkdir -p "$target"
  target=$(chroot "$pod/root" readlink -f "$target")  # a link there must not lead out
  mount --bind "$source" "$pod/root$target"
  if [ "$mode" = ro ]; then mount -o remount,bind,ro "$pod/root$target"; fi
done < "$pod/mounts"
# The image's own files are for reading only.
mount -o remount,ro "$pod/root"
exec chroot "$pod/root" setpriv --reuid="$uid" --regid="$gid" --clear-groups --bounding-set=-all --inh-caps=-all \
  --no-new-privs env -i PATH=/usr/local/bin:/usr/bin:/bin "$@"
"""


def program(name):
    """The file that a Pod runs under this name."""
    if IMAGE:
        return f"{IMAGE}/usr/local/bin/{name}"
    return {"apiclient-controller": controller.PROGRAM, "apiclient-registry": registry.PROGRAM}[name]


class Pods:
    """Those of one control plane. Stopped with it at the latest."""

    def __init__(self, plane, api):
        self._plane, self._api = plane, api
        self._names = []
        self._ports = {}

    def run(self, workload, replica=0):
        """Starts one replica once the Secrets of its volumes are there, and waits until it is ready."""
        template = workload["spec"]["template"]["spec"]
        container, = template["containers"]
        name = f"pod-{workload['metadata']['name']}-{replica}"
        directory = self._plane.directory / name
        volumes = self._volumes(workload, template, directory)
        mounts = [(volumes[one["name"]], one["mountPath"], one.get("readOnly")) for one in container.get("volumeMounts", [])]
        if template.get("automountServiceAccountToken"):
            mounts.append((self._account(workload, template, directory / "account"), ACCOUNT, True))
        self._write(directory, mounts)
        ports = {one["name"]: one["containerPort"] for one in container["ports"]}
        environment = self._environment(workload, container)
        if container["command"] == ["apiclient-controller"]:
            ports = self._own_ports(ports, environment)
        security = {**template["securityContext"], **container["securityContext"]}
        argv = ["unshare", "--mount", "sh", "-c", _ENTER, "enter", str(directory), IMAGE or "/", str(security["runAsUser"]),
                str(security["runAsGroup"]), *(f"{k}={v}" for k, v in environment.items()), *container["command"],
                *container.get("args", [])]
        self._plane.processes.spawn(name, argv, self.log(name))
        self._names.append(name)
        self._ports[name] = ports
        probe = container["readinessProbe"]["httpGet"]
        self._wait_ready(name, f"http://127.0.0.1:{ports[probe['port']]}{probe['path']}")
        return name

    def _wait_ready(self, name, url):
        def ready():
            if self._plane.processes.pid(name) is None:
                raise Failed(f"{name} ended")
            return answers(url)

        try:
            wait_until(ready, 30, f"{name} answers {url}")
        except Failed as error:
            raise Failed(f"{error}; its log ends:\n{tail(self.log(name), 8)}") from None

    def port(self, name, port):
        """Where a running one listens."""
        return self._ports[name][port]

    def log(self, name):
        return self._plane.directory / f"{name}.log"

    def pids(self):
        """{name: pid}"""
        return {name: self._plane.processes.pid(name) for name in self._names}

    def stop(self):
        while self._names:
            self._plane.processes.stop(self._names.pop(), 15)

    @staticmethod
    def _own_ports(ports, environment):
        """Each Pod has an address of its own; here they share one."""
        own = dict(zip(ports, free_ports(len(ports))))
        environment["APICLIENT_METRICS_ADDRESS"] = f":{own['metrics']}"
        environment["APICLIENT_HEALTH_ADDRESS"] = f":{own['health']}"
        return own

    def _volumes(self, workload, template, directory):
        """{name: directory}"""
        found = {}
        for volume in template.get("volumes", []):
            found[volume["name"]] = self._secret(volume["secret"], workload, directory / volume["name"])
        for claim in workload["spec"].get("volumeClaimTemplates", []):
            name = claim["metadata"]["name"]
            found[name] = directory.parent / f"claim-{directory.name}-{name}"  # it outlives the Pod
            found[name].mkdir(exist_ok=True)
            os.chown(found[name], -1, template["securityContext"]["fsGroup"])
            found[name].chmod(0o2770)
        return found

    def _secret(self, source, workload, directory):
        where = path("v1", "secrets", workload["metadata"]["namespace"], source["secretName"])

        def found():
            answer = self._api.request("GET", where)
            return answer.body if answer.ok else None

        data = wait_until(found, 30, f"Secret {source['secretName']} is there")["data"]
        items = source.get("items") or [{"key": key, "path": key} for key in data]
        directory.mkdir(parents=True)
        for item in items:
            (directory / item["path"]).write_bytes(base64.b64decode(data[item["key"]]))
        return _readable(directory)

    def _account(self, workload, template, directory):
        namespace = workload["metadata"]["namespace"]
        answer = self._api.post(path("v1", "serviceaccounts", namespace, template["serviceAccountName"], "token"),
                                {"spec": {"expirationSeconds": 3600}})
        assert answer.status == 201, answer.message
        directory.mkdir(parents=True)
        (directory / "token").write_text(answer.body["status"]["token"])
        (directory / "namespace").write_text(namespace)
        shutil.copyfile(self._plane.directory / "certificates" / "ca.crt", directory / "ca.crt")
        return _readable(directory)

    def _environment(self, workload, container):
        state = json.loads((self._plane.directory / "controlplane.json").read_text())
        variables = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": state["url"].rpartition(":")[2]}
        for one in container.get("env", []):
            field = one.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")
            variables[one["name"]] = {"metadata.namespace": workload["metadata"]["namespace"]}[field] if field else one["value"]
        return variables

    def _write(self, directory, mounts):
        for part in ("root", "layers", "programs"):
            (directory / part).mkdir(parents=True, exist_ok=True)
        if not IMAGE:
            for name in PROGRAMS:
                shutil.copy(program(name), directory / "programs" / name)
        services = self._api.request("GET", "/api/v1/services").body["items"]
        names = " ".join(f"{one['metadata']['name']}.{one['metadata']['namespace']}.svc" for one in services)
        (directory / "hosts").write_text(f"127.0.0.1 localhost {names}\n")
        (directory / "mounts").write_text("".join(
            f"{shlex.quote(str(source))} {target} {'ro' if read_only else 'rw'}\n" for source, target, read_only in mounts))


def _readable(directory):
    """By the user of the container, as the kubelet leaves it."""
    directory.chmod(0o755)
    for file in directory.iterdir():
        file.chmod(0o644)
    return directory
