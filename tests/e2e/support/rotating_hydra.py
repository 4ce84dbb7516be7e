"""A Hydra that keeps rotated secrets: the real one, with what its API description says of /secrets/rotate put in front of
it. No message from here holds a secret's value.

    POST   /admin/clients/{id}/secrets/rotate   a new secret, in the answer; the older ones, five at most, go on working
    DELETE /admin/clients/{id}/secrets/rotate   ends all but the newest
    PUT    with a client_secret                 ends them too; without one nothing becomes of them
"""

import base64
import json
import re
import secrets
import urllib.parse

from fault_proxy import FaultProxy
from faults import Reply
from hydra import HydraWorld
from registry import basic_authorization

_KEPT = 5
_CLIENT = r"/admin/clients/(?P<id>[^/]+)"


class RotatingHydra:
    """Two proxies, in front of the admin and of the public port. `lose_next_rotation`: its reply does not arrive."""

    def __init__(self):
        self.admin, self.public = FaultProxy(), FaultProxy()
        self.lose_next_rotation = False
        self._secrets = {}  # client id: values, newest last
        self.admin.every("POST", rf"{_CLIENT}/secrets/rotate$", self._rotate)
        self.admin.every("DELETE", rf"{_CLIENT}/secrets/rotate$", self._retire)
        for method, pattern in (("POST", r"/admin/clients$"), ("PUT", rf"{_CLIENT}$")):
            self.admin.every(method, pattern, self._write)
        self.public.every("POST", r"/oauth2/token$", self._ask)

    def __enter__(self):
        self.admin.__enter__()
        self.public.__enter__()
        return self

    def __exit__(self, *_):
        self.public.__exit__()
        self.admin.__exit__()

    def kept(self, client_id):
        """How many secrets of the client work."""
        return len(self._secrets.get(client_id, ()))

    def _write(self, exchange):
        reply = exchange.forward()
        sent = json.loads(exchange.body)
        if reply.status < 300 and sent.get("client_secret"):
            self._secrets[sent["client_id"]] = [sent["client_secret"]]
        return reply

    def _rotate(self, exchange):
        client_id = self._id_in(exchange)
        found = self._read(exchange, client_id)
        if found.status != 200:
            return found
        client = {**json.loads(found.body), "client_secret": secrets.token_urlsafe(24)}
        exchange.method, exchange.path = "PUT", f"/admin/clients/{urllib.parse.quote(client_id, safe='')}"
        exchange.headers = {**exchange.headers, "Content-Type": "application/json"}
        exchange.body = json.dumps(client).encode()
        assert exchange.forward().status == 200
        self._secrets[client_id] = [*self._secrets[client_id][-_KEPT:], client["client_secret"]]
        if self.lose_next_rotation:
            self.lose_next_rotation = False
            return None
        return Reply(200, (("Content-Type", "application/json"),), exchange.body)

    def _retire(self, exchange):
        client_id = self._id_in(exchange)
        found = self._read(exchange, client_id)
        if found.status != 200:
            return found
        self._secrets[client_id] = self._secrets[client_id][-1:]
        return Reply(204)

    @staticmethod
    def _read(exchange, client_id):
        exchange.method, exchange.path = "GET", f"/admin/clients/{urllib.parse.quote(client_id, safe='')}"
        exchange.body = b""
        return exchange.forward()

    @staticmethod
    def _id_in(exchange):
        return urllib.parse.unquote(re.search(_CLIENT, exchange.path)["id"])

    def _ask(self, exchange):
        """An older secret is as good as the newest."""
        scheme, _, encoded = exchange.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            client_id, _, value = map(urllib.parse.unquote_plus, base64.b64decode(encoded).decode().partition(":"))
            known = self._secrets.get(client_id, ())
            if value in known:
                exchange.headers = {**exchange.headers, **basic_authorization(client_id, known[-1])}
        return exchange.forward()


class RotatingHydraWorld(HydraWorld):
    """Reached, and calling itself, by the addresses of `hydra`."""

    def __init__(self, plane, api, audit, controller, registry_spec=None):
        self.hydra = RotatingHydra()
        super().__init__(plane, api, audit, controller, registry_spec)
        self._issuer = self.hydra.public.url
        self.hydra.public.upstream, self.hydra.admin.upstream = self.registry.public_port, self.registry.admin_port

    def open(self):
        self.hydra.__enter__()
        return super().open()

    def close(self):
        super().close()
        self.hydra.__exit__()

    def create_registry(self, name=None, default=False, **spec):
        return super().create_registry(name, default, **{"hydra": {"adminUrl": self.hydra.admin.url}, **spec})
