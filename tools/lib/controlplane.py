"""A real Kubernetes control plane on loopback: etcd, kube-apiserver and kube-controller-manager in one directory.

    with ControlPlane.temporary() as plane:
        plane.install()
        plane.kubectl("get", "namespaces")

What the directory holds afterwards: `env` (for a shell to source), one kubeconfig a user, `audit.log`, a log for each
server, `pids`. There is no kubelet, so Pods stay Pending. One instance is used by one thread; several instances run
side by side.
"""

import base64
import contextlib
import http.client
import json
import os
import shlex
import shutil
import signal
import ssl
import subprocess
import tempfile
from pathlib import Path

import controlplane_flags as flags
import kube_binaries
from certificates import CertificateAuthority
from ports import free_ports
from processes import Failed, ProcessTable, answers, tail, wait_until
from repository import REPOSITORY

OPERATOR_NAMESPACE = "apiclient-system"
OPERATOR_USER = "apiclient-operator"
ETCD, APISERVER, CONTROLLER_MANAGER = "etcd", "kube-apiserver", "kube-controller-manager"

_READY_WITHIN = 60.0
_OUR_FILES = ("audit.log", "audit-policy.yaml", "certificates", "env", "etcd", "kubectl-cache", "controlplane.json",
              "pids", "*.kubeconfig", *(f"{name}.log" for name in (ETCD, APISERVER, CONTROLLER_MANAGER)))

_OPERATOR_BINDINGS = f"""\
apiVersion: v1
kind: Namespace
metadata: {{name: {OPERATOR_NAMESPACE}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: apiclient-operator}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: apiclient-operator}}
subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: User, name: {OPERATOR_USER}}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: apiclient-operator, namespace: {OPERATOR_NAMESPACE}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: apiclient-operator}}
subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: User, name: {OPERATOR_USER}}}]
"""


class ControlPlane:
    """One control plane in one directory. All of its state is there, so another process may stop what this one started.

    `die_with_us`: the servers are killed when this process ends, however it ends. Start it from the main thread then,
    because the kernel counts the end of the starting thread.
    """

    def __init__(self, directory, die_with_us=False):
        self.directory = Path(directory).resolve()
        self.processes = ProcessTable(self.directory, die_with_us)
        self._authority = CertificateAuthority(self.directory / "certificates")
        self._throw_away = die_with_us

    @classmethod
    @contextlib.contextmanager
    def temporary(cls, keep=False, **start):
        """A started one in a directory of its own, which is removed again unless `keep`."""
        directory = Path(tempfile.mkdtemp(prefix="apiclient-controlplane-"))
        plane = cls(directory, die_with_us=True)
        try:
            plane.start(**start)
            yield plane
        finally:
            plane.stop()
            if not keep:
                shutil.rmtree(directory, ignore_errors=True)

    # What it consists of

    @property
    def url(self):
        return self._state()["url"]

    @property
    def audit_log(self):
        return self.directory / "audit.log"

    def kubeconfig(self, user="admin"):
        """The kubeconfig of `admin`, `operator` or a user made by `user()`."""
        return self.directory / f"{user}.kubeconfig"

    def log(self, component):
        return self.directory / f"{component}.log"

    def environment(self):
        """The variables with which kubectl and the tests find this control plane, PATH included."""
        return {
            "KUBECONFIG": str(self.kubeconfig()),
            # Discovery is cached by host and port; ports come back, with another control plane behind them.
            "KUBECACHEDIR": str(self.directory / "kubectl-cache"),
            "APICLIENT_CONTROLPLANE": str(self.directory),
            "PATH": f"{kube_binaries.directory()}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        }

    def status(self):
        """{component: "running" | "paused" | "stopped"}"""
        return {name: self.processes.state(name) for name in self._state().get("argv", {})}

    # Life

    def start(self, apiserver_args=(), controller_manager=True):
        """Starts afresh, returns when it is ready. Data of an earlier run in this directory is removed."""
        kube_binaries.find("kubectl")
        self._prepare_directory()
        try:
            for attempt in range(3):
                try:
                    return self._start_servers(apiserver_args, controller_manager)
                except Failed:
                    self.stop()
                    if attempt == 2 or not self._lost_a_port():
                        raise
                    self._remove_files()
        except BaseException:
            self.stop()
            raise

    def stop(self):
        """Stops whatever runs, the last started first. Logs, audit log and certificates stay."""
        grace = 0.0 if self._throw_away else 15.0
        for name in (CONTROLLER_MANAGER, APISERVER, ETCD):
            if name in self.processes.names():
                self.processes.stop(name, grace)

    def restart(self, component=APISERVER, grace=3.0):
        """Stops one server and starts it again with the same arguments; returns when the API server is ready.

        `grace`: seconds until SIGKILL follows SIGTERM; 0 is a crash.
        """
        argv = self._argv(component)
        self.processes.stop(component, grace)
        self._spawn(component, argv)
        for name in dict.fromkeys((component, APISERVER)):
            self._wait_ready(name)

    def pause(self, component=APISERVER):
        """Freezes a server: its connections stay open and nothing answers."""
        self._signal(component, signal.SIGSTOP)

    def resume(self, component=APISERVER):
        self._signal(component, signal.SIGCONT)

    # Users and content

    def user(self, name, groups=(), namespace="default"):
        """Writes NAME.kubeconfig for an ordinary user, who may do nothing until RBAC says so."""
        if name in ("admin", "operator", "controller-manager"):
            raise Failed(f"{name}.kubeconfig is ours: take another name")
        return self._write_kubeconfig(name, name, groups, namespace)

    def kubectl(self, *arguments, user="admin", stdin=None, seconds=60):
        """Runs kubectl, returns its output; raises Failed with what it said otherwise."""
        argv = [str(kube_binaries.find("kubectl")), "--kubeconfig", str(self.kubeconfig(user)), *map(str, arguments)]
        said = f"kubectl {shlex.join(map(str, arguments))}"
        try:
            done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=seconds,
                                  env={**os.environ, **self.environment()})
        except subprocess.TimeoutExpired:
            raise Failed(f"{said}: no answer within {seconds} s") from None
        if done.returncode != 0:
            raise Failed(f"{said}: {done.stderr.strip()}")
        return done.stdout

    def get(self, path):
        """GET of an API path as admin: (HTTP status, text)."""
        host, port = self.url.removeprefix("https://").split(":")
        connection = http.client.HTTPSConnection(host, int(port), timeout=5, context=self._tls())
        with contextlib.closing(connection):
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()

    def install(self, crds=None, roles=None):
        """Creates the operator's namespace, its role bound to its user, the custom resource definitions, and the opt-in
        role for restartTargets, which is bound to nobody. `crds`, `roles`: directories of those of another version."""
        roles = roles or REPOSITORY / "charts" / "apiclient-operator" / "files"
        definitions = Path(crds) if crds else REPOSITORY / "crds"
        if not any(definitions.glob("*.yaml")):
            raise Failed(f"no *.yaml in {definitions}")
        apply = ("apply", "--server-side", "--field-manager=apiclient-testbed")
        self.kubectl(*apply, "-f", "-", "-f", roles, "-f", definitions, stdin=_OPERATOR_BINDINGS)
        wait_until(self._definitions_served, 30, "every custom resource definition is served")

    # How it is done

    def _prepare_directory(self):
        if any(self.processes.pid(name) for name in self.processes.names()):
            raise Failed(f"a control plane already runs in {self.directory}")
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (self.directory / "controlplane.json").exists():
            self._remove_files()

    def _remove_files(self):
        for pattern in _OUR_FILES:
            for path in self.directory.glob(pattern):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _start_servers(self, apiserver_args, controller_manager):
        etcd, peer, secure = free_ports(3)
        argv = {ETCD: flags.etcd(self.directory, etcd, peer),
                APISERVER: [*flags.apiserver(self.directory, etcd, secure), *apiserver_args]}
        if controller_manager:
            argv[CONTROLLER_MANAGER] = flags.controller_manager(self.directory)
        state = {"url": f"https://127.0.0.1:{secure}", "etcd": f"http://127.0.0.1:{etcd}",
                 "argv": {name: [str(kube_binaries.find(name)), *rest] for name, rest in argv.items()}}
        (self.directory / "controlplane.json").write_text(json.dumps(state, indent=1))
        self._spawn(ETCD, state["argv"][ETCD])
        self._write_files()  # while etcd starts
        for name in list(argv)[1:]:
            self._wait_ready(ETCD if name == APISERVER else APISERVER)
            self._spawn(name, state["argv"][name])
        self._wait_ready(list(argv)[-1])

    def _write_files(self):
        self._authority.create()
        self._authority.server("apiserver")
        self._authority.signing_key("service-accounts")
        (self.directory / "audit-policy.yaml").write_text(flags.AUDIT_POLICY)
        self._write_kubeconfig("admin", "admin", ["system:masters"], "default")
        self._write_kubeconfig("operator", OPERATOR_USER, [], OPERATOR_NAMESPACE)
        self._write_kubeconfig("controller-manager", "system:kube-controller-manager", [], "default")
        exports = {name: shlex.quote(value) for name, value in self.environment().items()}
        exports["PATH"] = f'{shlex.quote(str(kube_binaries.directory()))}:"$PATH"'
        (self.directory / "env").write_text("".join(f"export {name}={value}\n" for name, value in exports.items()))

    def _write_kubeconfig(self, name, user, groups, namespace):
        certificate, key = self._authority.client(f"user-{name}", user, groups)
        authority, certificate, key = (base64.b64encode(path.read_bytes()).decode()
                                       for path in (self._authority.certificate("ca"), certificate, key))
        path = self.kubeconfig(name)
        path.touch(mode=0o600)
        path.write_text(f"""\
apiVersion: v1
kind: Config
current-context: {name}
contexts:
- name: {name}
  context: {{cluster: testbed, user: "{user}", namespace: "{namespace}"}}
clusters:
- name: testbed
  cluster:
    server: {self.url}
    certificate-authority-data: {authority}
users:
- name: "{user}"
  user:
    client-certificate-data: {certificate}
    client-key-data: {key}
""")
        return path

    def _spawn(self, name, argv):
        self.processes.spawn(name, argv, self.log(name))

    def _wait_ready(self, name):
        check = {ETCD: self._etcd_ready, APISERVER: self._apiserver_ready,
                 CONTROLLER_MANAGER: self._controller_manager_ready}[name]
        wait_until(lambda: self._alive(name) and check(), _READY_WITHIN,
                   f"{name} is ready; the end of its log:\n{tail(self.log(name))}")

    def _alive(self, name):
        if self.processes.pid(name) is None:
            raise Failed(f"{name} ended; the end of its log:\n{tail(self.log(name))}")
        return True

    def _etcd_ready(self):
        return answers(f"{self._state()['etcd']}/health")

    def _apiserver_ready(self):
        try:
            return self.get("/readyz")[0] == 200 and self.get("/api/v1/namespaces/default")[0] == 200
        except OSError:
            return False

    def _controller_manager_ready(self):
        # Its first deed for every namespace; Pods are refused until it is done.
        return self.get("/api/v1/namespaces/default/serviceaccounts/default")[0] == 200

    def _definitions_served(self):
        _, text = self.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
        for definition in (item["spec"] for item in json.loads(text)["items"]):
            for version in (entry["name"] for entry in definition["versions"] if entry["served"]):
                status, resources = self.get(f"/apis/{definition['group']}/{version}")
                names = [entry["name"] for entry in json.loads(resources)["resources"]] if status == 200 else []
                if definition["names"]["plural"] not in names:
                    return False
        return True

    def _lost_a_port(self):
        logs = (self.log(name) for name in (ETCD, APISERVER))
        return any("address already in use" in log.read_text(errors="replace") for log in logs if log.exists())

    def _signal(self, component, signum):
        if not self.processes.signal(component, signum):
            raise Failed(f"{component} does not run in {self.directory}")

    def _argv(self, component):
        try:
            return self._state()["argv"][component]
        except KeyError:
            raise Failed(f"{self.directory} has no {component}") from None

    def _state(self):
        try:
            return json.loads((self.directory / "controlplane.json").read_text())
        except FileNotFoundError:
            return {}

    def _tls(self):
        context = ssl.create_default_context(cafile=self._authority.certificate("ca"))
        context.load_cert_chain(self._authority.certificate("user-admin"), self._authority.key("user-admin"))
        return context
