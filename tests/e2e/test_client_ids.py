"""Client ids come from the registry's template; nobody else's client is ever taken."""

import pytest

from kstatus import conditions

REFERENCE = "registryRef"


def stalled(world, name, reason):
    client = world.wait_condition(name, "Stalled", "True", reason)
    assert conditions(client)["Ready"]["status"] == "False"
    assert "credential" not in client["status"] and world.secret(name) is None
    return conditions(client)["Stalled"]["message"]


def foreign_client(world, name, mark=None):
    """Somebody registers a client under the id that ours would get."""
    body = {"client_id": world.client_id(name), "client_name": "Not ours", "type": "machine", "mark": mark}
    status, _ = world.registry.admin("POST", "/clients", {key: value for key, value in body.items() if value})
    assert status == 201
    return world.registered(name)


@pytest.mark.parametrize("tenant, template, expected", [
    ("acme", None, "acme_{namespace}_one"),
    (None, None, "{namespace}_one"),
    ("acme", "{tenant}.{namespace}.{clientId}", "acme.{namespace}.one"),
    (None, "k8s:{namespace}:{clientId}", "k8s:{namespace}:one"),
], ids=["tenant", "no-tenant", "template", "template-with-text"])
def test_the_template_makes_the_id(make_world, tenant, template, expected):
    world = make_world(tenant=tenant, clientIdTemplate=template)
    client = world.create_ready("one")
    assert client["status"]["clientId"] == expected.format(namespace=world.namespace)
    assert world.registry.client_ids() == [client["status"]["clientId"]]
    assert world.secret("one").text("client-id") == client["status"]["clientId"]
    assert world.token("one") == 200


def test_spec_client_id_replaces_the_name(world):
    client = world.create_ready("one", clientId="invoices")
    assert client["status"]["clientId"] == world.client_id("invoices")
    assert world.registered("invoices") and not world.registered("one")


def test_one_name_in_two_namespaces_makes_two_clients(make_world):
    first, second = make_world(), make_world()
    reference = {"kind": "ClusterClientRegistry", "name": first.registry_name}
    first.create_ready("one")
    second.create_ready("one", registryRef=reference)
    assert sorted(first.registry.client_ids()) == sorted([first.client_id("one"), second.client_id("one")])
    assert first.secret("one").fingerprint() != second.secret("one").fingerprint()
    first.delete_and_wait("one")
    assert second.token("one") == 200, "deleting one leaves the other"


def test_of_two_clients_with_one_id_the_younger_is_told(world):
    world.create_ready("elder", clientId="shared")
    before = world.registered("shared")
    world.create("younger", clientId="shared")
    message = stalled(world, "younger", "ClientIdConflict")
    assert f"{world.namespace}/elder" in message and "spec.clientId" in message
    assert world.registered("shared") == before, "the elder's client is untouched"
    world.delete_and_wait("younger")
    assert world.registered("shared") == before, "deleting the loser removes nothing"
    assert world.token("elder") == 200


def test_a_client_of_another_installation_is_never_touched(world):
    before = foreign_client(world, "one", {"installation_id": "elsewhere", "namespace": world.namespace, "name": "one",
                                           "uid": "11111111-2222-3333-4444-555555555555", "revision": 1})
    world.create("one")
    assert "another installation" in stalled(world, "one", "OwnedElsewhere")
    world.settle()
    world.delete_and_wait("one")
    assert world.registered("one") == before


def test_a_client_that_nobody_marked_is_never_touched(world):
    before = foreign_client(world, "one")
    client = world.create("one")
    assert "not made by the operator" in stalled(world, "one", "ClientIdConflict")
    world.settle()
    assert world.registered("one") == before
    assert world.staged(client["metadata"]["uid"]) is None, "nothing is staged for an id that is taken"
    assert world.registry.admin("DELETE", f"/clients/{world.client_id('one')}")[0] == 204
    world.annotate("one", "reconcile", "look-again")
    world.wait_ready("one")
