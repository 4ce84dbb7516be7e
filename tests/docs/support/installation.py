"""The product as the chart installs it in a control plane, its Pods as processes."""

import secrets as random

from api_clients import client_path, create, wait_ready
from chart import NAMESPACE
from kubeapi import KubeApi, path
from pods import Pods
from processes import wait_until
from registry import token_status
from secret_view import SecretView


class Installation:
    def __init__(self, plane):
        self.plane = plane
        self.api = KubeApi.from_kubeconfig(plane.kubeconfig())
        self._pods = Pods(plane, self.api)

    def run_operator(self):
        """One replica is enough. Returns its log."""
        return self._pods.log(self._pods.run(self._workload("deployments", "apiclient-operator")))

    def run_registry(self):
        self._pods.run(self._workload("statefulsets", "apiclient-operator-registry"))

    def stop(self):
        self._pods.stop()

    def secret(self, namespace, name):
        """A SecretView, or None."""
        found = self.api.get(path("v1", "secrets", namespace, name))
        return SecretView(found.body) if found.ok else None

    def create_ready(self, namespace, name, **spec):
        self.create_namespace(namespace)
        create(self.api, namespace, name, **spec)
        self.wait_ready(namespace, name)
        return self.secret(namespace, name)

    def create_namespace(self, name):
        answer = self.api.post(path("v1", "namespaces"), {"metadata": {"name": name}})
        assert answer.status in (201, 409), answer.message

    def wait_ready(self, namespace, name, seconds=30):
        wait_ready(self.api, namespace, name, seconds)

    def rotate(self, namespace, name):
        """Returns the Secret before and after."""
        before, token = self.secret(namespace, name), f"r-{random.token_hex(4)}"
        where = client_path(namespace, name)
        assert self.api.merge_patch(where, {"metadata": {"annotations": {"apiclient.dev/rotate": token}}}).ok
        wait_until(lambda: self.api.get(where).body["status"].get("rotation", {}).get("lastHandledToken") == token, 20,
                   "the token is handled")
        return before, self.secret(namespace, name)

    def _workload(self, plural, name):
        answer = self.api.get(path("apps/v1", plural, NAMESPACE, name))
        assert answer.ok, answer.message
        return answer.body


def works(secret):
    """Names of Services in the cluster are on this machine here."""
    return token_status(_Here(secret)) == 200


class _Here:
    def __init__(self, secret):
        self._secret = secret
        self.reveal = secret.reveal

    def text(self, key):
        found = self._secret.text(key)
        return found.replace("apiclient-operator-registry.apiclient-system.svc", "127.0.0.1") if key == "token-uri" else found
