"""A registry that does not work is named as what it is, on itself and on its clients; working Secrets stay; and when
the registry is well again all goes on without anybody doing anything."""

import base64
import contextlib
import secrets
from dataclasses import dataclass
from typing import Callable

import pytest

from bad_server import BadServer
from controlplane import OPERATOR_NAMESPACE
from kstatus import conditions
from kubeapi import path

_RECOVERS_WITHIN = 60


@dataclass(frozen=True)
class Row:
    """`harm(world)` is a context manager: inside, the registry is bad; afterwards it is well. `watched`: the operator
    sees the harm in the cluster; else only when it next uses the registry."""

    name: str
    reason: str
    harm: Callable
    watched: bool = False


@contextlib.contextmanager
def stopped(world):
    world.registry.stop()
    yield
    world.registry.start()


def impostor(behaviour):
    @contextlib.contextmanager
    def harm(world):
        with stopped(world), BadServer(behaviour, world.registry.admin_port, world.registry.public_port):
            yield

    return harm


@contextlib.contextmanager
def other_issuer(world):
    world.registry.stop()
    world.registry.start(issuer="https://login.example.com")
    probe_now(world)
    world.wait_registry("IssuerMismatch")
    yield
    world.registry.stop()
    world.registry.start()


def probe_now(world):
    """A registry that is well is looked at once a minute; a change of its credentials brings that forward."""
    where = path("v1", "secrets", OPERATOR_NAMESPACE, world.credentials_name)
    world.must(world.api.merge_patch(where, {"metadata": {"annotations": {"example.com/touched": "yes"}}}))


@contextlib.contextmanager
def other_admin_token(world):
    old = world.registry.admin_token
    world.registry.write_admin_token(secrets.token_urlsafe(32))
    yield
    world.registry.write_admin_token(old)


def credentials_patched(patch, back):
    @contextlib.contextmanager
    def harm(world):
        where = path("v1", "secrets", OPERATOR_NAMESPACE, world.credentials_name)
        world.must(world.api.merge_patch(where, patch))
        yield
        world.must(world.api.merge_patch(where, back(world)))

    return harm


def with_token(world):
    return {"data": {"token": base64.b64encode(world.registry.admin_token.encode()).decode()}}


@contextlib.contextmanager
def credentials_deleted(world):
    world.delete_secret(world.credentials_name, OPERATOR_NAMESPACE)
    yield
    world.create_credentials()


LABEL = "apiclient.dev/usable-by"
ROWS = [
    Row("connection-refused", "RegistryUnreachable", stopped),
    Row("silent", "RegistryUnreachable", impostor("silent")),
    Row("hangs-up", "RegistryUnreachable", impostor("hangup")),
    Row("html", "UnexpectedAnswer", impostor("html")),
    Row("garbage", "UnexpectedAnswer", impostor("garbage")),
    Row("other-json", "UnexpectedAnswer", impostor("other_json")),
    Row("redirect", "UnexpectedAnswer", impostor("redirect")),
    Row("500", "ServerError", impostor("server_error")),
    Row("429", "Throttled", impostor("throttled")),
    Row("wrong-issuer", "IssuerMismatch", other_issuer),
    Row("credentials-refused", "CredentialsRefused", other_admin_token),
    Row("credentials-deleted", "CredentialsNotFound", credentials_deleted, watched=True),
    Row("credentials-without-label", "CredentialsNotUsable",
        credentials_patched({"metadata": {"labels": {LABEL: None}}},
                            lambda _: {"metadata": {"labels": {LABEL: "registry"}}}), watched=True),
    Row("credentials-without-key", "CredentialsNotFound", credentials_patched({"data": {"token": None}}, with_token),
        watched=True),
]


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_a_bad_registry_is_reported_and_recovers(world, row):
    world.create_ready("working")
    before = world.secret("working")
    with row.harm(world):
        if row.watched:
            world.wait_registry(row.reason)
        world.create("waiting")
        assert_registry_reports(world, row.reason)
        assert_waits(world.wait_condition("waiting", "Ready", "False", row.reason))
        assert_still_works(world, "working", row.reason)
        assert world.secret("working").resource_version == before.resource_version, "a working Secret is left alone"
    world.wait_registry("Reachable", seconds=_RECOVERS_WITHIN)
    status = world.registry_object()["status"]
    assert "nextRetryTime" not in status and "failure" not in status, "a registry that is well has nothing to retry"
    world.wait_ready("waiting")
    world.wait_condition("working", "Registered", "True", "UpToDate")
    assert world.token("waiting") == 200
    assert world.secret("working").fingerprint() == before.fingerprint() and world.token("working") == 200


def assert_registry_reports(world, reason):
    registry = world.wait_registry(reason)
    found = conditions(registry)
    assert (found["Ready"]["status"], found["Reconciling"]["status"]) == ("False", "True")
    assert "Stalled" not in found, "it may pass without a change of the object"
    assert registry["status"]["nextRetryTime"], "it says when it is tried again"
    message = found["Ready"]["message"]
    assert len(message) < 600 and "<html>" not in message, "answers of a registry are not repeated at length"


def assert_waits(client):
    found = conditions(client)
    assert found["Reconciling"]["status"] == "True" and "Stalled" not in found
    assert "failure" not in client["status"], "the registry reports the failure, its clients do not"


def assert_still_works(world, name, reason):
    client = world.wait_condition(name, "Registered", "Unknown", reason)
    assert conditions(client)["Ready"]["status"] == "True", "the published Secret still works"
    assert "failure" not in client["status"]


def test_a_registry_object_that_is_taken_away_and_comes_back(world):
    world.create_ready("working")
    before = world.secret("working")
    world.take_registry_away()
    world.create("waiting")
    for name in ("waiting", "working"):
        assert_waits(world.wait_condition(name, "Ready", "False", "RegistryNotFound"))
    assert world.secret("working").resource_version == before.resource_version and world.token("working") == 200
    world.create_registry()
    for name in ("waiting", "working"):
        world.wait_ready(name)
    assert world.secret("working").resource_version == before.resource_version, "it came back: nothing is to be done"


def test_a_registry_that_is_bad_from_the_start(world):
    name = f"{world.registry_name}-bad"
    port = world.registry.public_port
    world.registry.stop()
    with BadServer("html", port, world.registry.admin_port):
        world.create_registry(name)
        world.create("one", registryRef={"kind": "ClusterClientRegistry", "name": name})
        assert conditions(world.wait_registry("UnexpectedAnswer", name))["Ready"]["status"] == "False"
        assert_waits(world.wait_condition("one", "Ready", "False", "UnexpectedAnswer"))
    world.registry.start()
    world.wait_ready("one", _RECOVERS_WITHIN)


def test_many_waiting_clients_do_not_hammer_a_bad_registry(world):
    """Its clients share one fate; the registry is probed, not each client's call repeated."""
    world.registry.stop()
    names = [f"client-{number}" for number in range(10)]
    for name in names:
        world.create(name)
    for name in names:
        world.wait_condition(name, "Ready", "False", "RegistryUnreachable")
    count = world.registry_object()["status"]["failure"]["count"]
    assert count < 10, f"the registry was probed {count} times for {len(names)} clients"
    world.registry.start()
    for name in names:
        world.wait_ready(name, _RECOVERS_WITHIN)
