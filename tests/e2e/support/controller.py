"""The operator as a process of its own user. One at a time for a control plane: each would watch all ApiClients."""

import os
import re
import signal
import urllib.request
from pathlib import Path

from controlplane import OPERATOR_NAMESPACE
from kubeapi import path
from ports import free_ports
from processes import Failed, answers, tail, wait_until

_BUILD = Path(__file__).resolve().parents[3] / "build" / "dev"
PROGRAM = os.environ.get("APICLIENT_CONTROLLER", str(_BUILD / "controller" / "apiclient-controller"))
CHECKPOINTS = os.environ.get("APICLIENT_CONTROLLER_CHECKPOINTS",
                             str(_BUILD / "tests" / "e2e" / "apiclient-controller-checkpoints"))
LEASE = path("coordination.k8s.io/v1", "leases", OPERATOR_NAMESPACE, "apiclient-operator")


class Controller:
    """`name` tells several apart (replicas): it names the log file and the entry in the table of processes."""

    def __init__(self, plane, api, name="controller", user="operator"):
        self._plane, self._api, self._name, self._user = plane, api, name, user
        self._default = False
        self._metrics = self._health = None
        self.log = plane.directory / f"{name}.log"

    def ensure_default(self):
        """Running, unmodified. Does nothing when it already is."""
        if self._default and self.state() == "running":
            return
        self.stop()
        self.start()
        self._default = True

    def start(self, *flags, program=PROGRAM, environment=None, ready=True):
        """Starts it; with `ready` returns when its caches are filled and it leads. Stop the one that runs first."""
        if self.pid is not None:
            raise Failed(f"{self._name} already runs")
        self._default = False
        self._metrics, self._health = free_ports(2)
        argv = [program, "--kubeconfig", self._plane.kubeconfig(self._user), "--namespace", OPERATOR_NAMESPACE,
                "--metrics-address", f"127.0.0.1:{self._metrics}", "--health-address", f"127.0.0.1:{self._health}",
                *flags]
        env = {**os.environ, **(environment or {})}
        self._plane.processes.spawn(self._name, [str(argument) for argument in argv], self.log, env)
        if ready:
            self.wait_ready()

    def wait_ready(self, seconds=30):
        def ready():
            if self.pid is None:
                raise Failed(f"{self._name} ended; its log ends:\n{tail(self.log)}")
            return self.is_ready()

        wait_until(ready, seconds, f"{self._name} is ready")

    def is_ready(self):
        return answers(f"http://127.0.0.1:{self._health}/readyz")

    def stop(self, grace=15.0):
        """As an installation stops it: it gives its Lease back."""
        self._default = False
        self._plane.processes.stop(self._name, grace)

    def kill(self):
        """SIGKILL, and its Lease is given back for it, so that the next one need not wait until it expires."""
        self.stop(grace=0)
        self.release_lease()

    def release_lease(self):
        self._api.merge_patch(LEASE, {"spec": {"holderIdentity": "", "leaseDurationSeconds": 1}})

    def freeze(self):
        self._default = False
        self._plane.processes.signal(self._name, signal.SIGSTOP)

    def resume(self):
        self._plane.processes.signal(self._name, signal.SIGCONT)

    def state(self):
        """"running", "paused" or "stopped"."""
        return self._plane.processes.state(self._name)

    def wait_state(self, state, seconds=30):
        """Until a checkpoint has frozen ("paused") or killed ("stopped") it."""
        wait_until(lambda: self.state() == state, seconds, f"{self._name} is {state}", interval=0.01)

    @property
    def pid(self):
        return self._plane.processes.pid(self._name)

    def exit_code(self):
        """-N for signal N; None while it runs."""
        return self._plane.processes.exit_code(self._name)

    def resident_megabytes(self):
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024

    @property
    def metrics_port(self):
        return self._metrics

    def metrics(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self._metrics}/metrics", timeout=5) as response:
            return response.read().decode()
