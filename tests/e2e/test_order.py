"""What another object may still bring is waited for: the order of creation does not matter, nobody has to retry."""

from kstatus import conditions
from kubeapi import path


def waits(world, name, reason):
    """Not ready, not stalled, and it says why."""
    client = world.wait_condition(name, "Ready", "False", reason)
    assert conditions(client)["Reconciling"]["reason"] == reason
    assert "Stalled" not in conditions(client)
    assert "failure" not in client["status"], "it waits for something else: nothing of its own failed"
    return client


def test_the_client_comes_before_its_registry(world):
    later = f"{world.registry_name}-later"
    world.create("one", registryRef={"kind": "ClusterClientRegistry", "name": later})
    client = waits(world, "one", "RegistryNotFound")
    assert later in conditions(client)["Ready"]["message"]
    world.create_registry(later)
    world.wait_ready("one")


def test_the_client_comes_before_the_default_registry(world):
    world.create("one", registryRef=None)
    waits(world, "one", "NoDefaultRegistry")
    world.create_registry(f"{world.registry_name}-default", default=True)
    client = world.wait_ready("one")
    assert client["status"]["registry"]["name"] == f"{world.registry_name}-default"


def test_a_second_default_registry_stops_new_clients_and_leaves_others(world):
    names = [f"{world.registry_name}-default-{number}" for number in (1, 2)]
    world.create_registry(names[0], default=True)
    before = world.create_ready("before", registryRef=None)
    world.create_registry(names[1], default=True)
    world.wait_registry("AmbiguousDefaultRegistry", names[1])
    world.create("after", registryRef=None)
    client = waits(world, "after", "AmbiguousDefaultRegistry")
    assert all(name in conditions(client)["Ready"]["message"] for name in names)
    world.patch_registry({"metadata": {"annotations": {"apiclient.dev/is-default-registry": None}}}, names[0])
    assert world.wait_ready("after")["status"]["registry"]["name"] == names[1]
    assert world.client("before")["status"] == before["status"], "a moved default moves no client"


def test_the_registry_comes_before_its_credentials(world):
    later = f"{world.registry_name}-later"
    world.create_registry(later, auth={"bearer": {"secretRef": {"name": later, "key": "token"}}})
    world.create("one", registryRef={"kind": "ClusterClientRegistry", "name": later})
    registry = world.wait_registry("CredentialsNotFound", later)
    assert "Stalled" not in conditions(registry) and registry["status"]["nextRetryTime"]
    waits(world, "one", "CredentialsNotFound")
    world.create_credentials(later)
    world.wait_registry("Reachable", later)
    world.wait_ready("one")


def test_the_namespace_is_allowed_later(make_world):
    world = make_world(allowedNamespaces={"matchLabels": {"example.com/tier": "gold"}})
    world.create("one")
    waits(world, "one", "NamespaceNotAllowed")
    assert world.registered("one") is None
    world.must(world.api.merge_patch(path("v1", "namespaces", name=world.namespace),
                                     {"metadata": {"labels": {"example.com/tier": "gold"}}}))
    world.wait_ready("one")


def test_leaving_the_allowed_namespaces_touches_no_working_secret(make_world):
    world = make_world(allowedNamespaces={"matchLabels": {"example.com/tier": "gold"}})
    space = path("v1", "namespaces", name=world.namespace)
    world.must(world.api.merge_patch(space, {"metadata": {"labels": {"example.com/tier": "gold"}}}))
    world.create_ready("one")
    before = world.secret("one")
    world.must(world.api.merge_patch(space, {"metadata": {"labels": {"example.com/tier": None}}}))
    world.wait_condition("one", "Registered", reason="NamespaceNotAllowed")
    assert world.secret("one").resource_version == before.resource_version
    assert world.token("one") == 200
