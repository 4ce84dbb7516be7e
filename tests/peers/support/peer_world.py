"""A world whose registry is the peer, managed through a proxy that harms single calls."""

import re

from world import World


class PeerWorld(World):
    """`registry` is the Peer, which is there before and after; `proxy` stands before its admin side."""

    def __init__(self, plane, api, audit, controller, peer, proxy, spec):
        members = {"resyncInterval": "0s", **peer.members(proxy.url), **spec}
        super().__init__(plane, api, audit, controller, members, issuer=peer.issuer)
        self.registry, self.proxy = peer, proxy
        proxy.upstream = peer.admin_port

    def once(self, call, action):
        """The operator's next call of this kind goes to `action`."""
        return self.proxy.once(*self.registry.calls[call], action)

    def every(self, call, action):
        return self.proxy.every(*self.registry.calls[call], action)

    def calls(self, call):
        """How many of this kind the operator has made."""
        method, pattern = self.registry.calls[call]
        return sum(1 for one in self.proxy.seen(method) if re.search(pattern, one.path.partition("?")[0]))

    def _start_registry(self):
        """It runs already."""

    def _stop_registry(self):
        """Others go on with it."""
