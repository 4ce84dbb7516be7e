"""The whole product in one directory: a control plane, apiclient-registry, and apiclient-controller as its own user."""

import base64
import json
import socket
from pathlib import Path

from controlplane import OPERATOR_NAMESPACE, ControlPlane
from ports import free_ports
from processes import Failed, answers, tail, wait_until
from repository import REPOSITORY

REGISTRY, OPERATOR = "apiclient-registry", "apiclient-controller"

_READY_WITHIN = 30.0


class Stack:
    """Used by one thread. Everything it starts is recorded in `pids` of its directory: another process may stop it.

    `programs`: {name: path}, by default those of `make build`.
    """

    def __init__(self, directory, die_with_us=False, programs=None):
        self.plane = ControlPlane(directory, die_with_us)
        self.directory = self.plane.directory
        self.processes = self.plane.processes
        self._programs = programs or {name: REPOSITORY / "build" / "bin" / name for name in (REGISTRY, OPERATOR)}

    @property
    def admin_token(self):
        return (self.directory / "registry" / "admin-token").read_text().strip()

    def log(self, name):
        return self.directory / f"{name}.log"

    def running(self):
        return [name for name in self.processes.names() if self.processes.pid(name) is not None]

    def start(self, public_port, admin_port):
        for port in (public_port, admin_port):
            require_free(port)
        try:
            self.plane.start()
            self.plane.install()
            self._start_registry(public_port, admin_port)
            self._publish_admin_token()
            self._start_operator()
        except BaseException:
            self.stop()
            raise

    def stop(self):
        for name in (OPERATOR, REGISTRY):
            if name in self.processes.names():
                self.processes.stop(name)
        self.plane.stop()

    def _start_registry(self, public_port, admin_port):
        data = self.directory / "registry"
        data.mkdir(mode=0o700, exist_ok=True)
        (metrics,) = free_ports(1)
        self._spawn(REGISTRY, f"http://127.0.0.1:{metrics}/readyz",
                    "--data-dir", data, "--issuer", f"http://127.0.0.1:{public_port}",
                    "--public-address", f"127.0.0.1:{public_port}", "--admin-address", f"127.0.0.1:{admin_port}",
                    "--metrics-address", f"127.0.0.1:{metrics}", "--admin-token-file", data / "admin-token",
                    "--key-file", data / "secrets.key", "--create-missing-keys")

    def _publish_admin_token(self):
        secret = {
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": "registry-admin", "namespace": OPERATOR_NAMESPACE,
                         "labels": {"apiclient.dev/usable-by": "registry"}},
            "data": {"token": base64.b64encode(self.admin_token.encode()).decode()},
        }
        self.plane.kubectl("apply", "--server-side", "--field-manager=apiclient-testbed", "-f", "-",
                           stdin=json.dumps(secret))

    def _start_operator(self):
        metrics, health = free_ports(2)
        self._spawn(OPERATOR, f"http://127.0.0.1:{health}/readyz",
                    "--kubeconfig", self.plane.kubeconfig("operator"), "--namespace", OPERATOR_NAMESPACE,
                    "--leader-elect", "--metrics-address", f"127.0.0.1:{metrics}",
                    "--health-address", f"127.0.0.1:{health}", "--log-format", "text")

    def _spawn(self, name, ready_url, *arguments):
        program = Path(self._programs[name])
        if not program.exists():
            raise Failed(f"{str(program).removeprefix(f'{REPOSITORY}/')} is not built: run make build")
        self.processes.spawn(name, [str(program), *map(str, arguments)], self.log(name))

        def ready():
            if self.processes.pid(name) is None:
                raise Failed(f"{name} ended")
            return answers(ready_url)

        try:
            wait_until(ready, _READY_WITHIN, f"{name} answers {ready_url}")
        except Failed as error:
            raise Failed(f"{error}\n{name}.log ends:\n{tail(self.log(name))}") from None


def require_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise Failed(f"port {port} on 127.0.0.1 is taken: stop what listens there") from None
