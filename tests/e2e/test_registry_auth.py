"""How the operator proves itself to a registry: with a password (`basic`), and with tokens of the registry itself
(`clientCredentials`). A server before the registry's admin side demands the one or the other."""

import json
import secrets
from dataclasses import dataclass

import pytest

from auth_front import AuthFront, Introspected, basic
from faults import answer
from kstatus import conditions
from processes import wait_until
from world import World

_CLIENT_ID, _SCOPE = "the-operator", "admin"


@dataclass
class Front:
    """The server, and the ClusterClientRegistry that leads to it. `values`: what the operator's Secret holds."""

    world: World
    server: AuthFront
    registry: str
    credentials: str
    values: dict

    def create(self, **auth):
        self.world.create_operator_secret(self.credentials, **self.values)
        self.world.create_registry(self.registry, embedded={"adminUrl": self.server.url}, auth=auth)
        return self.world.wait_registry("Reachable", self.registry)

    def set_value(self, key, value):
        self.world.patch_operator_secret(self.credentials, **{key: value})

    def issue(self, name):
        self.world.create_ready(name, registryRef={"kind": "ClusterClientRegistry", "name": self.registry})
        assert self.world.token(name) == 200

    def ready_since(self):
        return conditions(self.world.registry_object(self.registry))["Ready"]["lastTransitionTime"]


@pytest.fixture
def front(world):
    with AuthFront(lambda header: False) as server:
        server.registry = world.registry
        front = Front(world, server, f"{world.registry_name}-front", f"front-{server.port}", {})
        yield front
        for client in ("one", "two"):  # while their registry can be asked
            if world.client(client):
                world.delete_and_wait(client)


def demand_password(front):
    front.values = {"username": "operator", "password": secrets.token_urlsafe(24)}
    front.server.demand = basic("operator", front.values["password"])
    front.create(basic={"secretRef": {
        "name": front.credentials, "usernameKey": "username", "passwordKey": "password"}})
    return "password"


def demand_token(front, lifetime=3600):
    """Lifetime in seconds."""
    front.values = {"id": _CLIENT_ID, "secret": secrets.token_urlsafe(32)}
    status, _ = front.world.registry.admin("POST", "/clients", {
        "client_id": _CLIENT_ID, "client_name": "The operator itself", "type": "machine", "scope": _SCOPE,
        "access_token_lifetime_seconds": lifetime,
        "secret": {"operation_id": "by-hand", "revision": 1, "value": front.values["secret"]}})
    assert status == 201
    front.server.demand = Introspected(front.world.registry, _CLIENT_ID, front.values["secret"], _SCOPE)
    front.create(clientCredentials={"scopes": [_SCOPE], "secretRef": {
        "name": front.credentials, "clientIdKey": "id", "clientSecretKey": "secret"}})
    return "secret"


@pytest.mark.parametrize("demand", [demand_password, demand_token], ids=["basic", "client-credentials"])
def test_a_wrong_value_is_named_and_the_right_one_picked_up_again(front, demand):
    key = demand(front)
    front.issue("one")
    assert front.server.refused() == 0, "nothing is sent without credentials"
    wrong = secrets.token_urlsafe(32)
    front.set_value(key, wrong)
    registry = front.world.wait_registry("CredentialsRefused", front.registry)
    found = conditions(registry)
    assert found["Ready"]["status"] == "False" and "Reconciling" in found and "Stalled" not in found
    client = front.world.wait_condition("one", "Registered", "Unknown", "CredentialsRefused")
    assert conditions(client)["Ready"]["status"] == "True", "the published Secret still works"
    front.set_value(key, front.values[key])
    front.world.wait_registry("Reachable", front.registry)
    front.world.wait_condition("one", "Registered", "True", "UpToDate", seconds=60)
    front.issue("two")
    told = front.world.controller.log.read_text() + json.dumps([registry, client])
    assert wrong not in told and front.values[key] not in told


def test_a_token_is_renewed_before_it_expires(front):
    demand_token(front, lifetime=12)  # a token ends with a whole second, so a tenth of it must be more than one
    front.issue("one")
    first = front.server.demand.tokens[0]
    wait_until(lambda: not front.server.demand.is_active(first), 30, "the first token has expired", interval=0.1)
    front.issue("two")
    assert len(front.server.demand.tokens) >= 2
    assert front.server.refused() == 0, "it never came with a token that had expired"


def test_a_token_that_is_refused_is_replaced_and_the_request_sent_once_more(front):
    demand_token(front)
    since = front.ready_since()
    front.server.demand.revoke(front.server.demand.tokens[-1])
    front.issue("one")
    assert front.server.refused() == 1 and len(front.server.demand.tokens) == 2
    refused = front.server.once("POST", r"/clients$", answer(401))
    front.issue("two")
    assert refused.done.is_set() and len(front.server.demand.tokens) == 3
    assert front.ready_since() == since, "the registry was well all the time"
