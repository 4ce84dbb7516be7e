"""A world whose registry is a ClientRegistry: it and its credentials live in the namespace of its clients."""

import base64
import urllib.parse

from kubeapi import path
from world import API, World

ALLOWED = "--allow-namespaced-registries"
HOSTS = "--namespaced-registry-hosts"


class NamespacedWorld(World):
    """The operator has to be started with `restart_for`."""

    registry_kind = "ClientRegistry"

    def manifest(self, name, **spec):
        return super().manifest(name, **{"registryRef": self.registry_ref(), **spec})

    def registry_ref(self, name=None):
        return {"kind": self.registry_kind, "name": name or self.registry_name}

    def create_registry(self, name=None, default=False, **spec):
        name = name or self.registry_name
        whole = {"embedded": {"adminUrl": self.registry.admin_url}, "issuer": self._issuer, "tenant": "acme",
                 "auth": {"bearer": {"secretRef": {"name": self.credentials_name, "key": "token"}}}, **spec}
        manifest = {"apiVersion": API, "kind": self.registry_kind, "metadata": {"name": name},
                    "spec": {key: value for key, value in whole.items() if value is not None}}
        if name not in self.registry_names:
            self.registry_names.append(name)
        return self.must(self.api.post(self._registry_path(), manifest))

    def registry_object(self, name=None):
        return self.must(self.api.get(self._registry_path(name or self.registry_name)))

    def patch_registry(self, patch, name=None):
        patched = self.must(self.api.merge_patch(self._registry_path(name or self.registry_name), patch))
        if self.controller.state() == "running":
            self._wait_observed(patched["metadata"]["generation"], name)
        return patched

    def delete_registry(self, name=None):
        self.must(self.api.delete(self._registry_path(name or self.registry_name)))

    def create_credentials(self, name=None, labelled=True, key="token", token=None):
        labels = {"apiclient.dev/usable-by": "registry"} if labelled else {}
        manifest = {"metadata": {"name": name or self.credentials_name, "labels": labels},
                    "data": {key: base64.b64encode((token or self.registry.admin_token).encode()).decode()}}
        return self.must(self.api.post(path("v1", "secrets", self.namespace), manifest))["metadata"]

    def close(self):
        """By force: an operator without the flag does not know these registries."""
        for name in self.registry_names:
            self.api.delete(self._registry_path(name))
            self.api.merge_patch(self._registry_path(name), {"metadata": {"finalizers": []}})
        super().close()

    def _registry_path(self, name=None):
        return path(API, "clientregistries", self.namespace, name)


def restart_for(controller, *worlds, more=()):
    """The operator, allowed to reach the registries of these worlds, and `more` hosts."""
    urls = [url for world in worlds for url in (world.registry.issuer, world.registry.admin_url)]
    hosts = [urllib.parse.urlsplit(url).netloc for url in urls] + [*more]
    controller.stop()
    controller.start(ALLOWED, HOSTS, ",".join(hosts))
