"""A world whose registry is the peer, managed through a proxy that harms single calls."""

import re

from controlplane import OPERATOR_NAMESPACE
from kubeapi import path
from world import World


class PeerWorld(World):
    """`registry` is the Peer, which is there before and after; `proxy` stands before its admin side."""

    def __init__(self, plane, api, audit, controller, peer, proxy, spec):
        members = {"resyncInterval": "0s", **peer.members(proxy.url), **spec}
        super().__init__(plane, api, audit, controller, members, issuer=peer.issuer)
        self._registry_spec.setdefault("auth", peer.auth(self.credentials_name))
        self.registry, self.proxy = peer, proxy
        self._picked_ids = {}
        proxy.upstream = peer.admin_port

    def create_credentials(self, *arguments, **named):
        if arguments or named:
            return super().create_credentials(*arguments, **named)
        manifest = {"metadata": {"name": self.credentials_name, "labels": {"apiclient.dev/usable-by": "registry"}},
                    "stringData": self.registry.credentials()}
        return self.must(self.api.post(path("v1", "secrets", self.credentials_namespace), manifest))

    def once(self, call, action):
        """The operator's next call of this kind goes to `action`."""
        return self.proxy.once(*self.registry.calls[call], action)

    def every(self, call, action):
        return self.proxy.every(*self.registry.calls[call], action)

    def calls(self, call):
        """How many of this kind the operator has made."""
        method, pattern = self.registry.calls[call]
        return sum(1 for one in self.proxy.seen(method) if re.search(pattern, one.path.partition("?")[0]))

    def client_id(self, name):
        """Where the server picks it, the one that the status has shown last."""
        if not self.registry.picks_ids:
            return super().client_id(name)
        self._note_id(self.client(name))
        return self._picked_ids[name]

    def wait_condition(self, name, *arguments, **named):
        client = super().wait_condition(name, *arguments, **named)
        self._note_id(client)
        return client

    def registrations(self):
        """Names of the Secrets with registration access tokens of our clients."""
        where = path("v1", "secrets", OPERATOR_NAMESPACE) + "?labelSelector=apiclient.dev/registration=true"
        return [one["metadata"]["name"] for one in self.must(self.api.get(where))["items"]
                if one["metadata"]["annotations"]["apiclient.dev/owner-namespace"] == self.namespace]

    def _note_id(self, client):
        if client and client.get("status", {}).get("clientId"):
            self._picked_ids[client["metadata"]["name"]] = client["status"]["clientId"]

    def _start_registry(self):
        """It runs already."""

    def _stop_registry(self):
        """Others go on with it."""
