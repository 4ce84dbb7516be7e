"""A world whose registry is a ClientRegistry: it and its credentials live in the namespace of its clients."""

import urllib.parse

from kubeapi import path
from world import API, World

ALLOWED = "--allow-namespaced-registries"
HOSTS = "--namespaced-registry-hosts"


class NamespacedWorld(World):
    """The operator has to be started with `restart_for`."""

    registry_kind = "ClientRegistry"

    def registry_path(self, name=None):
        return path(API, "clientregistries", self.namespace, name)

    @property
    def credentials_namespace(self):
        return self.namespace

    def delete_registry(self, name=None):
        """Begins the deletion."""
        self.must(self.api.delete(self.registry_path(name or self.registry_name)))

    def wait_stalled(self, reason, name=None):
        """Until the registry is Stalled for this reason; returns the object."""
        return self.wait_registry_condition("Stalled", reason, name)

    def wait_registry_condition(self, type, reason, name=None, seconds=30):
        return self._wait(lambda: self.registry_object(name), type, "True", reason, seconds)

    def close(self):
        """By force: an operator without the flag does not know these registries."""
        for name in self.registry_names:
            self.api.delete(self.registry_path(name))
            self.api.merge_patch(self.registry_path(name), {"metadata": {"finalizers": []}})
        super().close()


def restart_for(controller, *worlds, more=()):
    """The operator, allowed to reach the registries of these worlds, and `more` hosts."""
    urls = [url for world in worlds for url in (world.registry.issuer, world.registry.admin_url)]
    hosts = [urllib.parse.urlsplit(url).netloc for url in urls] + [*more]
    controller.stop()
    controller.start(ALLOWED, HOSTS, ",".join(hosts))
