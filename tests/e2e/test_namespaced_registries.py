"""Registries that belong to a namespace: they do all that a cluster registry does, for that namespace alone, and lead
to no Secret, host or client of anybody else."""

import base64
import json
from pathlib import Path

import pytest
import yaml

from answering_server import AnsweringServer
from controlplane import OPERATOR_NAMESPACE
from kstatus import conditions
from kubeapi import path
from namespaced_world import ALLOWED, HOSTS, NamespacedWorld, restart_for
from processes import wait_until
from registry import token_status
from rotation import revision, rotate
from world import API

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "client-registry.yaml"


@pytest.fixture
def own(make_world, controller):
    """A namespace with a registry of its own, which the operator may reach."""
    world = make_world(NamespacedWorld)
    restart_for(controller, world)
    return world


def message_of(manifest, condition="Ready"):
    return conditions(manifest)[condition]["message"]


def registry_requests(world, mark):
    return [one for one in world.audit.since(mark) if one.resource == "clientregistries"]


# ---- all that a registry does

def test_a_client_lives_its_whole_life(own):
    own.wait_registry("Reachable")
    client = own.create_ready("one")
    assert client["status"]["registry"] == {"kind": "ClientRegistry", "name": own.registry_name,
                                            "issuer": own.registry.issuer}
    assert client["status"]["effective"]["registry"] == {"kind": "ClientRegistry", "name": own.registry_name}
    assert own.secret("one").annotation("registry") == f"ClientRegistry/{own.registry_name}"
    assert own.token("one") == 200 and own.registered("one")
    assert own.registry_object()["metadata"]["finalizers"] == ["apiclient.dev/in-use"]
    old = own.secret("one")
    rotate(own, "one", "r1")
    wait_until(lambda: revision(own.client("one")) == 2, 30, "the rotation is done")
    assert own.token("one") == 200 and token_status(old) == 200, "both work while they overlap"
    assert f'registry="{own.namespace}/{own.registry_name}"' in own.controller.metrics()
    own.delete_and_wait("one")
    assert own.registered("one") is None and own.secret("one") is None
    assert token_status(old) == 401
    wait_until(lambda: "finalizers" not in own.registry_object()["metadata"], 20, "the registry is free")


def test_a_registry_in_use_waits_for_its_clients(own):
    own.create_ready("one")
    own.delete_registry()
    own.wait_registry_condition("DeletionBlocked", "InUse")
    own.delete_and_wait("one")
    gone = path(API, "clientregistries", own.namespace, own.registry_name)
    wait_until(lambda: own.api.get(gone).status == 404, 20, "the registry object is gone")
    assert own.registry.client_ids() == []


def test_orphan_on_delete_lets_both_go(own):
    own.create_ready("one")
    own.patch_registry({"spec": {"orphanOnDelete": True}})
    own.delete_registry()
    own.wait_condition("one", "Registered", "Unknown", "RegistryNotFound")
    own.delete_and_wait("one")
    assert own.registered("one"), "its client is left in the registry"


def test_an_emptied_registry_is_noticed(own):
    for name in ("one", "two", "three"):
        own.create_ready(name)
    for client_id in own.registry.client_ids():
        assert own.registry.admin("DELETE", f"/clients/{client_id}")[0] in (200, 204)
    own.annotate("one", "reconcile", "now")
    own.wait_registry("StateLost")
    assert own.registry.client_ids() == [], "nothing is registered again"
    own.must(own.api.merge_patch(own.registry_path(own.registry_name), {
        "metadata": {"annotations": {"apiclient.dev/accept-state-loss": "a1"}}}))
    own.wait_registry("Reachable", seconds=60)
    own.wait_ready("one", 60)
    assert own.token("one") == 200


def test_a_restart_writes_nothing(own):
    own.create_ready("one")
    own.wait_registry("Reachable")
    mark = own.audit.mark()
    restart_for(own.controller, own)
    own.create_ready("two")
    touched = [one for one in own.writes(mark)
               if one.name in ("one", own.registry_name) or one.resource == "clientregistries"]
    assert touched == []


def test_changed_credentials_are_picked_up(own):
    own.wait_registry("Reachable")
    own.patch_secret(own.credentials_name, {"data": {"token": base64.b64encode(b"wrong" * 9).decode()}})
    own.wait_registry("CredentialsRefused")
    right = base64.b64encode(own.registry.admin_token.encode()).decode()
    own.patch_secret(own.credentials_name, {"data": {"token": right}})
    own.wait_registry("Reachable")


def test_the_example(own, tmp_path):
    own.create_credentials("team-registry")
    documents = list(yaml.safe_load_all(EXAMPLE.read_text()))
    registry, client = documents
    registry["spec"]["embedded"]["adminUrl"], registry["spec"]["issuer"] = own.registry.admin_url, own.registry.issuer
    own.registry_names.append(registry["metadata"]["name"])
    file = tmp_path / "example.yaml"
    file.write_text(yaml.safe_dump_all(documents))
    own.plane.kubectl("-n", own.namespace, "apply", "-f", file)
    own.wait_ready(client["metadata"]["name"])
    assert own.token(client["metadata"]["name"]) == 200


# ---- off unless somebody allows it

def test_it_is_off_by_default(make_world, controller, audit):
    mark = audit.mark()
    controller.stop()
    controller.ensure_default()
    world = make_world(NamespacedWorld)
    world.create("one")
    stalled = world.wait_condition("one", "Stalled", "True", "NamespacedRegistriesDisabled")
    for part in (ALLOWED, f"ClientRegistry {world.namespace}/{world.registry_name}"):
        assert part in message_of(stalled)
    assert registry_requests(world, mark) == [], "the kind is neither listed nor watched"
    assert "status" not in world.registry_object() or "conditions" not in world.registry_object()["status"]
    assert world.registry.client_ids() == []

    restart_for(controller, world)
    world.wait_ready("one")
    credentials = world.secret("one")

    controller.stop()
    controller.ensure_default()
    world.wait_condition("one", "Stalled", "True", "NamespacedRegistriesDisabled")
    assert world.secret("one").resource_version == credentials.resource_version and token_status(credentials) == 200
    world.delete("one")
    blocked = world.wait_condition("one", "DeletionBlocked", "True", "NamespacedRegistriesDisabled")
    assert ALLOWED in message_of(blocked, "DeletionBlocked")
    world.annotate("one", "abandon", blocked["metadata"]["uid"])
    world.wait_gone("one")
    assert world.registered("one"), "abandoned"


# ---- Secrets of others

def test_a_secret_of_that_name_in_the_operators_namespace_is_not_used(own):
    """The registry names a Secret that its namespace does not have, and that the operator's has, labelled and all."""
    name = f"{own.namespace}-operators"
    own.create_operator_secret(name, token=own.registry.admin_token)
    mark = own.audit.mark()
    own.create_registry("thief", auth={"bearer": {"secretRef": {"name": name, "key": "token"}}})
    found = own.wait_registry("CredentialsNotFound", "thief")
    assert f"Secret {own.namespace}/{name} does not exist" in message_of(found)
    own.create("one", registryRef=own.registry_ref("thief"))
    own.wait_condition("one", "Ready", "False", "CredentialsNotFound")
    reads = [one.namespace for one in own.audit.since(mark)
             if one.resource == "secrets" and one.verb == "get" and one.name == name]
    assert set(reads) == {own.namespace}
    own.delete_secret(name, OPERATOR_NAMESPACE)


def test_a_secret_of_another_namespace_cannot_be_named(own):
    for name in (f"{OPERATOR_NAMESPACE}/registry-admin", f"../{OPERATOR_NAMESPACE}/secrets/registry-admin"):
        answer = own.api.post(own.registry_path(), {
            "apiVersion": API, "kind": "ClientRegistry", "metadata": {"name": "thief"},
            "spec": {"embedded": {"adminUrl": own.registry.admin_url}, "issuer": own.registry.issuer,
                     "auth": {"bearer": {"secretRef": {"name": name, "key": "token"}}}}})
        assert answer.status == 422 and "not a valid name of a Secret" in answer.message
    spec = {"embedded": {"adminUrl": own.registry.admin_url}, "issuer": own.registry.issuer,
            "auth": {"bearer": {"secretRef": {"name": "a", "key": "token", "namespace": OPERATOR_NAMESPACE}}}}
    answer = own.api.post(own.registry_path(), {"apiVersion": API, "kind": "ClientRegistry",
                                                 "metadata": {"name": "thief"}, "spec": spec}, fieldValidation="Strict")
    assert answer.status == 400 and "unknown field" in answer.message


def test_a_secret_without_the_label_is_not_used(own):
    """Somebody who may write registries but not read Secrets must not read one through the operator."""
    own.create_credentials("somebody-elses", labelled=False)
    own.create_registry("thief", auth={"bearer": {"secretRef": {"name": "somebody-elses", "key": "token"}}})
    found = own.wait_registry("CredentialsNotUsable", "thief")
    assert "apiclient.dev/usable-by: registry" in message_of(found)
    own.patch_secret("somebody-elses", {"metadata": {"labels": {"apiclient.dev/usable-by": "registry"}}})
    own.wait_registry("Reachable", "thief")


# ---- hosts of others

FOREIGN_FIELDS = {
    "embedded.adminUrl": lambda url: {"embedded": {"adminUrl": url}},
    "hydra.adminUrl": lambda url: {"embedded": None, "tenant": None, "hydra": {"adminUrl": url}},
    "dynamicRegistration.registrationEndpoint": lambda url: {
        "embedded": None, "dynamicRegistration": {"registrationEndpoint": f"{url}/register"}},
    "issuer": lambda url: {"issuer": url},
    "tokenUrl": lambda url: {"tokenUrl": f"{url}/oauth2/token"},
    "auth.clientCredentials.tokenUrl": lambda url: {"auth": {"clientCredentials": {
        "secretRef": {"name": "a", "clientIdKey": "id", "clientSecretKey": "secret"}, "tokenUrl": f"{url}/token"}}},
}


@pytest.mark.parametrize("field", FOREIGN_FIELDS)
def test_a_host_that_is_not_listed_is_not_asked(own, field):
    with AnsweringServer() as foreign:
        own.create_registry("tunnel", **FOREIGN_FIELDS[field](foreign.url))
        found = own.wait_stalled("HostNotAllowed", "tunnel")
        for part in (f"spec.{field}:", foreign.host, HOSTS):
            assert part in message_of(found)
        own.create("one", registryRef=own.registry_ref("tunnel"))
        own.wait_condition("one", "Ready", "False", "HostNotAllowed")
        own.settle()
        assert foreign.connections == 0


def test_a_registry_that_moves_to_another_host_is_not_followed(own):
    own.create_ready("one")
    with AnsweringServer() as foreign:
        own.patch_registry({"spec": {"embedded": {"adminUrl": foreign.url}}})
        own.wait_stalled("HostNotAllowed")
        own.annotate("one", "reconcile", "now")
        own.delete("one")
        own.wait_condition("one", "DeletionBlocked", "True", "HostNotAllowed")
        own.patch_registry({"spec": {"embedded": {"adminUrl": own.registry.admin_url}}})
        own.wait_gone("one")
        assert foreign.connections == 0
    assert own.registered("one") is None


def test_a_token_endpoint_elsewhere_is_not_asked(make_world, controller):
    """The issuer is listed, and its metadata send the operator, with a client's credentials, to a host that is not."""
    world = make_world(NamespacedWorld)
    with AnsweringServer() as foreign:
        with AnsweringServer(lambda _: (200, {"Content-Type": "application/json"}, json.dumps(
                {"issuer": issuer.url, "token_endpoint": f"{foreign.url}/token"}))) as issuer:
            restart_for(controller, world, more=[issuer.host])
            world.create_registry("misled", issuer=issuer.url)
            found = world.wait_registry("HostNotAllowed", "misled")
            assert foreign.host in message_of(found) and HOSTS in message_of(found)
            assert "Stalled" not in conditions(found), "the server may be put right without a change of the object"
            world.create("one", registryRef=world.registry_ref("misled"))
            world.wait_condition("one", "Ready", "False", "HostNotAllowed")
            world.wait_registry("Reachable")
            world.settle()
            assert foreign.connections == 0 and issuer.connections > 0
            assert world.registry.client_ids() == []

            restart_for(controller, world, more=[issuer.host, foreign.host])
            world.wait_registry("Reachable", "misled")


def test_a_redirect_is_not_followed(make_world, controller):
    world = make_world(NamespacedWorld)
    with AnsweringServer() as foreign:
        with AnsweringServer(lambda at: (307, {"Location": foreign.url + at}, "")) as listed:
            restart_for(controller, world, more=[listed.host])
            elsewhere = {"admin": {"embedded": {"adminUrl": listed.url}}, "issuer": {"issuer": listed.url}}
            for name, spec in elsewhere.items():
                world.create_registry(name, **spec)
                world.wait_registry("UnexpectedAnswer", name)
                world.create(f"of-{name}", registryRef=world.registry_ref(name))
                world.wait_condition(f"of-{name}", "Ready", "False", "UnexpectedAnswer")
            assert foreign.connections == 0 and listed.connections > 1


def test_no_host_is_reachable_until_one_is_listed(make_world, controller):
    world = make_world(NamespacedWorld)
    controller.stop()
    controller.start(ALLOWED)
    found = world.wait_stalled("HostNotAllowed")
    assert HOSTS in message_of(found)


# ---- clients of others

def test_a_client_of_another_namespace_cannot_use_it(own, make_world):
    other = make_world()
    other.create("one", registryRef=own.registry_ref())
    found = other.wait_condition("one", "Ready", "False", "RegistryNotFound")
    assert f"ClientRegistry {other.namespace}/{own.registry_name} does not exist" in message_of(found)
    own.settle()
    assert own.registry.client_ids() == []


def test_registries_of_one_name_do_not_mix(make_world, controller):
    """Two namespaces and a cluster registry of that name: each client is where it belongs."""
    first, second, cluster = make_world(NamespacedWorld), make_world(NamespacedWorld), make_world()
    restart_for(controller, first, second)
    for world in (first, second):
        world.create_registry("same", resyncInterval="1s")
        world.create_ready("one", registryRef=world.registry_ref("same"))
    cluster.create_registry("same")
    cluster.create_ready("one", registryRef={"kind": "ClusterClientRegistry", "name": "same"})
    for world in (first, second, cluster):
        assert world.registry.client_ids() == [f"acme_{world.namespace}_one"] and world.token("one") == 200

    first.delete("one")
    first.wait_gone("one")
    first.delete_registry("same")
    gone = path(API, "clientregistries", first.namespace, "same")
    wait_until(lambda: first.api.get(gone).status == 404, 20, "the first one is gone")
    for world in (second, cluster):
        rotate(world, "one", "r1")
        wait_until(lambda: revision(world.client("one")) == 2, 30, "the others go on")
        assert world.token("one") == 200
    assert first.registry.client_ids() == []


def test_a_namespace_goes_with_registry_clients_and_credentials(own):
    """In whatever order: the credentials have no finalizer, so they go at once."""
    for name in ("one", "two", "three"):
        own.create_ready(name)
    where = path("v1", "namespaces", name=own.namespace)
    own.must(own.api.delete(where))
    wait_until(lambda: own.api.get(where).status == 404, 60, "the namespace is gone")
    assert own.registry.client_ids() == []
