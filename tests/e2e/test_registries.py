"""ClusterClientRegistry in full: what an outage costs, credentials and certificates that change, deletion of a registry
in use, and a registry that has lost its clients."""

import subprocess
import time

import pytest

from fault_proxy import FaultProxy
from kstatus import conditions
from kubeapi import path
from processes import wait_until
from registry import PROGRAM
from tls_front import SERVER_NAME, tls_front
from world import API

_CLIENTS = 20
_MANY = 1000
_RECOVERS_WITHIN = 60
_FINALIZER = "apiclient.dev/in-use"


def reconcile(world, names):
    for name in names:
        world.annotate(name, "reconcile", f"at-{time.time_ns()}")


def restored(world, names, before):
    """All of them work again with the very Secrets that they had."""
    for name in names:
        world.wait_ready(name, _RECOVERS_WITHIN)
        assert world.secret(name).fingerprint() == before[name], f"Secret {name} changed"
        assert world.token(name) == 200


# Outages

def test_an_outage_costs_one_probe_for_each_step_and_not_one_call_for_each_client(make_world, numbers):
    with FaultProxy() as proxy:
        world = make_world(embedded={"adminUrl": proxy.url})
        proxy.upstream = world.registry.admin_port
        names = [f"client-{number}" for number in range(_CLIENTS)]
        for name in names:
            world.create(name)
        for name in names:
            world.wait_ready(name)
        world.registry.stop()
        calls, began = len(proxy.seen()), time.monotonic()
        reconcile(world, names)
        world.wait_registry("RegistryUnreachable")
        for name in names:
            client = world.wait_condition(name, "Registered", "Unknown", "RegistryUnreachable")
            assert conditions(client)["Ready"]["status"] == "True", "the published Secret still works"
        reconcile(world, names)
        wait_until(lambda: world.registry_object()["status"]["failure"]["count"] >= 4, 30, "four failed probes")
        took = time.monotonic() - began
        cost = len(proxy.seen()) - calls
        probes = world.registry_object()["status"]["failure"]["count"]
        numbers("registry down", f"{cost} calls in {took:.0f} s with {_CLIENTS} clients, {probes} probes")
        assert cost < _CLIENTS, f"{cost} calls of {_CLIENTS} clients to a registry that is down"
        world.registry.start()
        world.wait_registry("Reachable", seconds=_RECOVERS_WITHIN)
        for name in names:
            world.wait_condition(name, "Registered", "True", "UpToDate", seconds=_RECOVERS_WITHIN)


def test_after_degraded_after_a_client_is_no_longer_ready(make_world):
    world = make_world(degradedAfter="3s")
    world.create_ready("working")
    before = world.secret("working")
    world.registry.stop()
    reconcile(world, ["working"])
    world.wait_condition("working", "Registered", "Unknown", "RegistryUnreachable")
    world.wait_condition("working", "Ready", "False", "RegistryUnreachable")
    assert world.secret("working").resource_version == before.resource_version
    world.registry.start()
    world.wait_ready("working", _RECOVERS_WITHIN)
    assert world.secret("working").resource_version == before.resource_version


# What a registry says of itself

def test_a_registry_shows_the_version_of_its_server(world):
    status = world.wait_registry("Reachable")["status"]
    said = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
    assert said == f"apiclient-registry {status['serverVersion']}\n"


# Credentials and certificates

def test_a_rotated_admin_token_is_picked_up_without_a_restart(world, controller):
    world.create_ready("before")
    pid = controller.pid
    world.registry.write_admin_token("another-admin-token-of-forty-characters-0")
    world.patch_operator_secret(world.credentials_name, token="another-admin-token-of-forty-characters-0")
    world.create("after")
    world.wait_ready("after", _RECOVERS_WITHIN)
    world.wait_registry("Reachable")
    assert controller.pid == pid


@pytest.fixture
def front(tmp_path):
    with tls_front(tmp_path / "pki", "operator", "second") as front:
        yield front


def test_ca_and_client_certificate_come_from_secrets_that_may_appear_later(make_world, front):
    proxy, authority = front
    suffix = str(proxy.port)
    world = make_world(embedded={"adminUrl": proxy.url},
                       tls={"caSecretRef": {"name": f"ca-{suffix}", "key": "ca.crt"},
                            "clientCertificateSecretRef": {"name": f"me-{suffix}"},
                            "serverName": SERVER_NAME})
    proxy.upstream = world.registry.admin_port
    found = conditions(world.wait_registry("CredentialsNotFound"))
    assert "spec.tls.caSecretRef" in found["Ready"]["message"] and "create it" in found["Ready"]["message"]
    assert found["Reconciling"]["status"] == "True" and "Stalled" not in found
    world.create_operator_secret(f"ca-{suffix}", **{"ca.crt": authority.certificate("ca").read_text()})
    wait_until(lambda: "spec.tls.clientCertificateSecretRef" in
               conditions(world.registry_object())["Ready"]["message"], 30, "the next missing Secret is named")
    world.create_operator_secret(f"me-{suffix}", **{"tls.crt": authority.certificate("operator").read_text(),
                                                   "tls.key": authority.key("operator").read_text()})
    world.wait_registry("Reachable")
    world.create_ready("one")
    assert world.token("one") == 200 and proxy.seen("POST"), "registered through the TLS front"
    world.patch_operator_secret(f"me-{suffix}", **{"tls.crt": authority.certificate("second").read_text(),
                                                  "tls.key": authority.key("operator").read_text()})
    message = conditions(world.wait_registry("CredentialsNotUsable"))["Ready"]["message"]
    assert f"me-{suffix}" in message and "PRIVATE" not in message
    world.patch_operator_secret(f"me-{suffix}", **{"tls.key": authority.key("second").read_text()})
    world.wait_registry("Reachable")
    world.create_ready("two")


# A registry in use

def registry_or_none(world):
    answer = world.api.get(path(API, "clusterclientregistries", name=world.registry_name))
    return None if answer.status == 404 else world.must(answer)


def test_a_registry_in_use_stays_until_its_last_client_is_gone(world):
    assert _FINALIZER not in world.registry_object()["metadata"].get("finalizers", [])
    world.create_ready("one")
    wait_until(lambda: _FINALIZER in world.registry_object()["metadata"].get("finalizers", []), 30, "it is in use")
    world.must(world.api.delete(path(API, "clusterclientregistries", name=world.registry_name)))
    wait_until(lambda: conditions(world.registry_object()).get("DeletionBlocked"), 30, "it says why it stays")
    blocked = conditions(world.registry_object())["DeletionBlocked"]
    assert blocked["reason"] == "InUse" and "1 ApiClients" in blocked["message"]
    assert world.token("one") == 200
    world.delete_and_wait("one")
    assert world.registered("one") is None, "its client was removed before the registry object went"
    wait_until(lambda: registry_or_none(world) is None, 30, "the registry object is gone")


def test_orphan_on_delete_lets_registry_and_clients_go(make_world):
    world = make_world(orphanOnDelete=True)
    world.create_ready("one")
    wait_until(lambda: _FINALIZER in world.registry_object()["metadata"].get("finalizers", []), 30, "it is in use")
    world.must(world.api.delete(path(API, "clusterclientregistries", name=world.registry_name)))
    wait_until(lambda: registry_or_none(world) is None, 30, "the registry object is gone")
    world.delete_and_wait("one")
    assert world.registered("one") is not None, "its client stays in the registry"
    assert "client abandoned" in world.controller.log.read_text(), "and a line in the log says so"


# Two defaults

def test_two_defaults_are_stalled_and_still_serve_who_names_them(world):
    names = [f"{world.registry_name}-{letter}" for letter in "ab"]
    for name in names:
        world.create_registry(name, default=True)
    for name in names:
        found = conditions(world.wait_registry("AmbiguousDefaultRegistry", name))
        assert found["Stalled"]["status"] == "True"
    world.create_ready("named", registryRef={"kind": "ClusterClientRegistry", "name": names[0]})
    world.create("unnamed", registryRef=None)
    world.wait_condition("unnamed", "Ready", "False", "AmbiguousDefaultRegistry")
    world.patch_registry({"metadata": {"annotations": {"apiclient.dev/is-default-registry": None}}}, names[1])
    for name in names:
        world.wait_registry("Reachable", name)
    world.wait_ready("unnamed")
    world.delete_and_wait("unnamed")


# State loss

def empty_the_database(world):
    world.registry.stop()
    for file in world.registry.data_directory.glob("*.db*"):
        file.unlink()
    world.registry.start()


def test_an_emptied_registry_is_not_refilled_without_a_word_and_then_with_the_same_secrets(world, numbers):
    names = [f"client-{number:04}" for number in range(_MANY)]
    for name in names:
        world.create(name)
    before = {}
    for name in names:
        world.wait_ready(name, 120)
        before[name] = world.secret(name).fingerprint()
    empty_the_database(world)
    assert world.registry.client_ids() == []
    reconcile(world, names)
    message = conditions(world.wait_registry("StateLost"))["Ready"]["message"]
    assert f"{_MANY} of {_MANY}" in message
    for name in names:
        world.wait_condition(name, "Ready", "False", "StateLost", seconds=120)
    world.delete(names[0])
    world.wait_condition(names[0], "DeletionBlocked", "True", "StateLost")
    world.controller.stop()
    world.controller.start()
    reconcile(world, names[1:])
    world.wait_condition(names[1], "Ready", "False", "StateLost")
    assert world.registry.client_ids() == [], "nothing is registered again, not after a restart either"
    began = time.monotonic()
    world.patch_registry({"metadata": {"annotations": {"apiclient.dev/accept-state-loss": "disk-died"}}})
    world.wait_gone(names[0])
    restored(world, names[1:], before)
    numbers("state loss", f"{_MANY - 1} clients restored in {time.monotonic() - began:.1f} s")
    assert world.registry_object()["status"]["acceptedStateLoss"]["token"] == "disk-died"
    assert len(world.registry.client_ids()) == _MANY - 1


def test_a_few_lost_clients_are_registered_again_by_themselves(world):
    names = [f"client-{number}" for number in range(8)]
    for name in names:
        world.create(name)
    before = {}
    for name in names:
        world.wait_ready(name)
        before[name] = world.secret(name).fingerprint()
    for name in names[:3]:
        assert world.registry.admin("DELETE", f"/clients/{world.client_id(name)}")[0] in (204, 412)
    reconcile(world, names[:3])
    for name in names[:3]:
        wait_until(lambda: world.registered(name), 30, f"{name} is registered again")
    world.wait_registry("Reachable")
