"""What the operator asks of the API server and of the registry, counted by the API server itself."""

import json

from fault_proxy import FaultProxy
from processes import wait_until

REDIRECT = "https://app.example.com/callback"


def short(writes):
    """Readable and comparable: the uid in the name of a staged Secret is left out."""
    return [f"{one.verb} {'staged secrets' if one.name.startswith('staged-') else one.target.split()[0]}"
            for one in writes]


def writes_of(world, name, since, uid):
    """Only of this client: not those of the ones that `settle` made."""
    world.settle()
    return [one for one in world.writes(since, uid) if one.name == name or one.name.endswith(uid)]


def events_of(world, audit, name, since):
    """Writes of Events about this client. They are written in order: one of a later client says that all are there."""
    world.settle()
    wait_until(lambda: any(one.name.startswith("settle-") for one in audit.events(since, world.namespace)), 20,
               "Events of a later client are written")
    return [f"{one.verb} {one.code}" for one in audit.events(since, world.namespace, name)]


def writes_while(world, audit, name, act):
    """What `act` makes the operator write for the client until it rests again."""
    world.settle()  # a pass that ends with Ready may have its staged Secret to delete yet
    mark, before = audit.mark(), world.client(name)
    act()
    return writes_of(world, name, mark, before["metadata"]["uid"])


def test_issuing_takes_five_writes(world, audit, numbers):
    mark = audit.mark()
    client = world.create_ready("one")
    writes = writes_of(world, "one", mark, client["metadata"]["uid"])
    assert short(writes) == ["patch apiclients", "create staged secrets", "create secrets", "update apiclients/status",
                             "delete staged secrets"]
    assert all(one.code < 300 for one in writes), [str(one) for one in writes]
    numbers("writes to issue a client", len(writes))
    events = events_of(world, audit, "one", mark)
    assert events == ["create 201"]
    numbers("Events to issue a client", len(events))


def test_a_client_without_a_secret_takes_four(world, audit, numbers):
    mark = audit.mark()
    client = world.create_ready("phone", type="Public", redirectUris=[REDIRECT])
    writes = writes_of(world, "phone", mark, client["metadata"]["uid"])
    assert short(writes) == ["patch apiclients", "update apiclients/status", "create secrets",
                             "update apiclients/status"]
    numbers("writes to issue a public client", len(writes))
    assert events_of(world, audit, "phone", mark) == ["create 201"]


def test_an_update_writes_what_changed(make_world, audit, numbers):
    world = make_world(allowedScopes=["*"])
    world.create_ready("one")

    def change(**spec):
        world.patch("one", {"spec": spec})
        world.wait_ready("one")

    writes = writes_while(world, audit, "one", lambda: change(displayName="Renamed"))
    assert short(writes) == ["update apiclients/status"], "a name is not in the Secret"
    numbers("writes to update a name", len(writes))
    mark = audit.mark()
    writes = writes_while(world, audit, "one", lambda: change(scopes=["read"]))
    assert short(writes) == ["update secrets", "update apiclients/status"]
    numbers("writes to update scopes", len(writes))
    assert len(events_of(world, audit, "one", mark)) == 1


def test_deleting_takes_two_writes(world, audit, numbers):
    world.create_ready("one")
    world.settle()  # the Event of its issuance is written after it is Ready
    mark = audit.mark()
    writes = writes_while(world, audit, "one", lambda: world.delete_and_wait("one"))
    assert short(writes) == ["delete secrets", "patch apiclients"]
    numbers("writes to delete a client", len(writes))
    events = events_of(world, audit, "one", mark)
    assert events == ["create 201"]
    numbers("Events to delete a client", len(events))


def test_at_rest_there_is_nothing_to_write_and_no_secret_to_read(world, audit):
    world.create_ready("one")
    world.settle()
    mark = audit.mark()
    world.settle()
    world.settle()
    requests = [one for one in audit.since(mark) if one.namespace == world.namespace and one.name == "one"]
    assert not requests, [str(one) for one in requests]
    assert not audit.events(mark, world.namespace, "one")


def test_applying_again_changes_nothing(world, audit):
    text = json.dumps(world.manifest("one", contacts=["team@example.com"], secret={"labels": {"a": "b"}}))
    world.plane.kubectl("apply", "-f", "-", stdin=text)
    world.wait_ready("one")

    def apply_thrice():
        before = world.client("one")["metadata"]["resourceVersion"]
        for _ in range(3):
            assert "unchanged" in world.plane.kubectl("apply", "-f", "-", stdin=text)
        assert world.client("one")["metadata"]["resourceVersion"] == before

    assert writes_while(world, audit, "one", apply_thrice) == []
    # kubectl diff ends with 1 when something differs, which is an error here.
    assert world.plane.kubectl("diff", "-f", "-", stdin=text) == ""
    assert world.plane.kubectl("diff", "--server-side", "--field-manager=kubectl-client-side-apply", "-f", "-",
                               stdin=text) == ""


def test_issuing_takes_three_registry_calls(world, numbers):
    name = f"{world.registry_name}-counted"
    with FaultProxy(world.registry.admin_port) as admin, FaultProxy(world.registry.public_port) as public:
        world.create_registry(name, embedded={"adminUrl": admin.url}, tokenUrl=f"{public.url}/oauth2/token")
        world.wait_registry("Reachable", name)
        probes = len(admin.seen()) + len(public.seen())
        client = world.create_ready("one", registryRef={"kind": "ClusterClientRegistry", "name": name})
        wait_until(lambda: world.staged(client["metadata"]["uid"]) is None, 20, "the work is done")
        calls = [f"{one.method} {one.path}" for one in admin.seen() + public.seen()]
        world.delete_and_wait("one")
    client_id = world.client_id("one")
    assert sorted(calls[probes:]) == sorted([f"GET /admin/v1/clients/{client_id}", "POST /admin/v1/clients",
                                             "POST /oauth2/token"])
    numbers("registry calls to issue a client", len(calls) - probes)
