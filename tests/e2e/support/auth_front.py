"""A server before a registry's admin side that lets in whom the test says, and goes on as the registry's admin.

    with AuthFront(basic("operator", password)) as front:
        world = make_world(embedded={"adminUrl": front.url}, auth={"basic": ...})
        front.registry = world.registry
"""

import base64
import hmac
import json

from fault_proxy import Fault, FaultProxy
from faults import Reply

_REFUSAL = Reply(401, (("Content-Type", "application/problem+json"),),
                 json.dumps({"title": "who are you?", "status": 401, "code": "unauthorized"}).encode())
_TURN_AWAY = Fault("", "", lambda _exchange: _REFUSAL, b"", nth=None)


class AuthFront(FaultProxy):
    """`demand(header)` says whether this Authorization header is good; it may be replaced at any time."""

    def __init__(self, demand):
        super().__init__()
        self.demand = demand
        self._registry = None

    @property
    def registry(self):
        return self._registry

    @registry.setter
    def registry(self, registry):
        self._registry, self.upstream = registry, registry.admin_port

    def fault_for(self, exchange):
        if not self._registry or not self.demand(exchange.headers.pop("Authorization", "")):
            return _TURN_AWAY
        exchange.headers["Authorization"] = f"Bearer {self._registry.admin_token}"
        return super().fault_for(exchange)

    def refused(self):
        """How often somebody was turned away."""
        return sum(1 for one in self.seen() if one.status == _REFUSAL.status)


def basic(username, password):
    """RFC 7617."""
    wanted = b"Basic " + base64.b64encode(f"{username}:{password}".encode())
    return lambda header: hmac.compare_digest(header.encode(), wanted)


class Introspected:
    """A bearer token of the registry itself: active (RFC 7662), issued to this client, and for this scope."""

    def __init__(self, registry, client_id, secret, scope):
        self._registry, self._client_id, self._secret, self._scope = registry, client_id, secret, scope
        self.tokens = []  # different ones that were let in, oldest first

    def __call__(self, header):
        scheme, _, token = header.partition(" ")
        if scheme != "Bearer" or not self.is_active(token):
            return False
        if token not in self.tokens:
            self.tokens.append(token)
        return True

    def revoke(self, token):
        """RFC 7009."""
        status, _ = self._ask("revoke", token)
        assert status == 200, f"the registry revokes with {status}"

    def is_active(self, token):
        status, answer = self._ask("introspect", token)
        return (status == 200 and answer["active"] and answer["client_id"] == self._client_id
                and answer["scope"] == self._scope)

    def _ask(self, endpoint, token):
        return self._registry.form(f"/oauth2/{endpoint}", {"token": token}, self._client_id, self._secret)
