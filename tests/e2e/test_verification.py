"""Nothing is published before the registry has accepted it."""

import json

import pytest
from crash_helpers import ProxiedWorld, all_staged, assert_issued
from fault_proxy import FaultProxy
from faults import answer
from kubeapi import path
from secret_scanner import History


@pytest.fixture
def published(api):
    """published(world, name): the revisions of all versions of the Secret that anybody could have read."""
    versions = []

    def note(secret):
        annotations = secret["metadata"].get("annotations", {})
        key = (secret["metadata"].get("namespace"), secret["metadata"]["name"])
        versions.append((key, annotations.get("apiclient.dev/revision")))

    history = History(api, path("v1", "secrets"), note)

    def of(world, name):
        secret = world.api.get(path("v1", "secrets", world.namespace, name))
        if secret.status == 200:
            history.wait_for(secret.body)
        return {revision for key, revision in versions if key == (world.namespace, name)}
    return of


def garble(exchange):
    """The registry stores another value than it was sent, and says that all is well."""
    body = json.loads(exchange.body)
    secret = body.get("secret", body)
    secret["value"] = secret["value"][::-1]
    exchange.body = json.dumps(body).encode()
    return exchange.forward()


def test_rejected_secret_is_replaced_and_never_published(make_world, published):
    with ProxiedWorld(make_world) as (world, proxy):
        proxy.once("POST", r"/clients$", garble)
        world.create("client")
        world.wait_ready("client")
        assert_issued(world, "client", (2,))
        assert published(world, "client") == {"2"}


def test_third_rejection_stalls(make_world, published):
    with ProxiedWorld(make_world) as (world, proxy):
        proxy.once("POST", r"/clients$", garble)
        for _ in range(2):
            proxy.once("POST", r"/secrets$", garble)
        world.create("client")
        world.wait_condition("client", "Stalled", reason="CredentialRejected")
        assert world.secret("client") is None
        assert published(world, "client") == set()
        assert all_staged(world) == []
        world.annotate("client", "reconcile", "the registry was repaired")
        world.wait_ready("client")
        assert_issued(world, "client", (4,))


@pytest.mark.parametrize("status", [500, 503, 429])
def test_no_verdict_is_no_acceptance(make_world, published, status):
    with FaultProxy() as tokens:
        world = make_world(resyncInterval="0s", tokenUrl=f"{tokens.url}/oauth2/token")
        tokens.upstream = world.registry.public_port
        for _ in range(20):
            tokens.once("POST", r"/token$", answer(status))
        world.create("client")
        world.wait_condition("client", "Ready", reason="VerificationPending")
        assert world.secret("client") is None
        tokens.clear()
        world.wait_ready("client")
        assert_issued(world, "client")
        assert published(world, "client") == {"1"}
