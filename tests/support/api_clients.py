"""ApiClients in a cluster that has no World (tests/e2e/support): made, and waited for."""

from kstatus import is_ready
from kubeapi import path
from processes import wait_until

API = "apiclient.dev/v1alpha1"


def client_path(namespace, name=None):
    return path(API, "apiclients", namespace, name)


def create(api, namespace, name, **spec):
    answer = api.post(client_path(namespace), {"apiVersion": API, "kind": "ApiClient", "metadata": {"name": name},
                                               "spec": {"displayName": name, **spec}})
    assert answer.status == 201, answer.message


def wait_ready(api, namespace, name, seconds=30):
    """Returns the object."""
    def ready():
        found = api.request("GET", client_path(namespace, name))
        return found.body if found.ok and is_ready(found.body) else None

    return wait_until(ready, seconds, f"{namespace}/{name} is ready")
