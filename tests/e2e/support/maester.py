"""Ory's hydra-maester as a process, with its CustomResourceDefinition."""

import peer_binaries
from kstatus import is_ready
from kubeapi import path
from ports import free_ports
from processes import wait_until

API = "hydra.ory.sh/v1alpha1"


class Maester:
    """Works on one namespace, with the Hydra of a HydraWorld."""

    name = "hydra-maester"

    def __init__(self, world):
        self._world, self._plane = world, world.plane
        self._log = world.plane.directory / f"{self.name}.log"

    def install(self):
        self._plane.kubectl("apply", "-f", peer_binaries.oauth2client_crd())
        self._plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd/oauth2clients.hydra.ory.sh")

    def start(self):
        url, _, port = self._world.registry.admin_url.rpartition(":")
        argv = [peer_binaries.find("hydra-maester"), "--kubeconfig", self._plane.kubeconfig(), f"--hydra-url={url}",
                f"--hydra-port={port}", "--endpoint=/admin/clients", f"--metrics-addr=127.0.0.1:{free_ports(1)[0]}",
                f"--namespace={self._world.namespace}"]
        self._plane.processes.spawn(self.name, [str(argument) for argument in argv], self._log)

    def stop(self):
        self._plane.processes.stop(self.name, 5)

    def client(self, name):
        """The OAuth2Client, or None."""
        answer = self._world.api.get(path(API, "oauth2clients", self._world.namespace, name))
        return None if answer.status == 404 else self._world.must(answer)

    def wait_observed(self, name):
        """Until it has done what the present generation asks for."""
        def observed():
            client = self.client(name)
            generation = client.get("status", {}).get("observedGeneration")
            return generation == client["metadata"]["generation"] and is_ready(client)

        wait_until(observed, 30, f"hydra-maester has handled OAuth2Client {name}", interval=0.1)
