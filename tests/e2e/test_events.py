"""What the operator tells people (Events) and auditors (audit lines) of what it does."""

import json

import pytest

from kubeapi import path
from processes import wait_until
from world import API

EVENTS = "events.k8s.io/v1"


def events_about(world, uid, namespace=None):
    """Events about the object, oldest first."""
    items = world.must(world.api.get(path(EVENTS, "events", namespace or world.namespace)))["items"]
    return sorted((one for one in items if one["regarding"].get("uid") == uid), key=lambda one: one["eventTime"])


def wait_events(world, uid, reasons, namespace=None):
    """Until the Events about the object have exactly these reasons, in this order; returns them."""
    def there():
        found = events_about(world, uid, namespace)
        return found if [one["reason"] for one in found] == reasons else None

    try:
        return wait_until(there, 20, f"Events {reasons}")
    except Exception as error:
        found = [f"{one['reason']}: {one['note']}" for one in events_about(world, uid, namespace)]
        raise AssertionError(f"{error}; there are {found}") from None


def audit_lines(controller, uid):
    lines = [line for line in controller.log.read_text().splitlines() if '"audit":true' in line]
    return [line for line in map(json.loads, lines) if line.get("uid") == uid]


def actions(controller, uid):
    return [line["action"] for line in audit_lines(controller, uid)]


def uid_of(manifest):
    return manifest["metadata"]["uid"]


def test_a_life_is_told_in_a_few_events(world, numbers):
    client = world.create_ready("one")
    uid, values = uid_of(client), [world.secret("one").reveal("client-secret")]
    issued, = wait_events(world, uid, ["Issued"])
    assert issued["type"] == "Normal" and issued["action"] == "Issue"
    assert issued["reportingController"] == "apiclient.dev/apiclient-operator" and issued["reportingInstance"]
    assert issued["regarding"] == {"apiVersion": API, "kind": "ApiClient", "namespace": world.namespace,
                                   "name": "one", "uid": uid}
    assert issued["metadata"]["name"].startswith("one.")
    assert world.client_id("one") in issued["note"] and "Secret one" in issued["note"]
    assert client["status"]["credential"]["hint"] in issued["note"], "long secrets may be told apart"

    world.patch("one", {"spec": {"displayName": "Renamed"}})
    world.wait_ready("one")
    wait_events(world, uid, ["Issued", "Updated"])
    world.delete_secret("one")
    values.append(world.wait_secret("one").reveal("client-secret"))
    wait_events(world, uid, ["Issued", "Updated", "CredentialRecovered"])
    shown = world.plane.kubectl("-n", world.namespace, "describe", "apic", "one")
    assert "CredentialRecovered" in shown and "Issued" in shown, "kubectl describe shows them"
    world.delete_and_wait("one")
    found = wait_events(world, uid, ["Issued", "Updated", "CredentialRecovered", "Deleted"])
    assert_holds_no_secret(json.dumps(found), values)
    assert all("series" not in one for one in found)
    numbers("Events of a life (issue, update, recovery, deletion)", len(found))


def test_a_life_is_audited_line_by_line(world, controller):
    uid = uid_of(world.create_ready("one"))
    values = [world.secret("one").reveal("client-secret")]
    world.settle()
    first = audit_lines(controller, uid)
    assert [line["action"] for line in first] == ["secret.staged", "client.created", "secret.published",
                                                  "secret.unstaged"]
    credential = world.client("one")["status"]["credential"]["id"]
    operation = world.secret("one").annotation("operation-id")
    for line in first:
        assert (line["namespace"], line["name"], line["outcome"]) == (world.namespace, "one", "done")
        assert line["client_id"] == world.client_id("one") and line["registry"] == world.registry_name
        assert line["revision"] == 1 and line["operation_id"] == operation
        assert line["installation_id"] == world.secret("one").annotation("installation-id")
    assert first[1]["credential_id"] == first[2]["credential_id"] == credential
    assert first[2]["secret"] == f"{world.namespace}/one"

    world.patch("one", {"spec": {"displayName": "Renamed"}})
    world.wait_ready("one")
    world.delete_secret("one")
    values.append(world.wait_secret("one").reveal("client-secret"))
    world.settle()
    world.delete_and_wait("one")
    whole = audit_lines(controller, uid)
    assert [line["action"] for line in whole[4:]] == ["client.updated", "secret.staged", "credential.added",
                                                      "secret.published", "secret.unstaged", "client.removed",
                                                      "secret.deleted"]
    assert [line["time"] for line in whole] == sorted(line["time"] for line in whole)
    assert_holds_no_secret(json.dumps(whole), values)


def assert_holds_no_secret(text, values):
    for value in values:
        assert value[-5:] not in text, "more than a hint of a secret is told"
        assert value[:5] not in text, "the beginning of a secret is told"


def test_a_rotation_is_told_and_audited(world, controller):
    uid = uid_of(world.create_ready("one", rotation={"overlap": "2s"}))
    old = world.secret("one").reveal("client-secret")
    world.annotate("one", "rotate", "r1:Lost")
    found = wait_events(world, uid, ["Issued", "Rotated", "PreviousRetired"])
    assert "(Lost)" in found[1]["note"] and "revision 1 works until" in found[1]["note"]
    lines = audit_lines(controller, uid)[4:]
    assert [line["action"] for line in lines] == ["secret.staged", "credential.added", "secret.published",
                                                  "secret.unstaged", "credential.retired"]
    assert {line.get("token") for line in lines[:2]} == {"r1"} and lines[1]["reason"] == "Rotate"
    assert [line["revision"] for line in lines] == [2, 2, 2, 2, 1]
    world.annotate("one", "rotate", "no token")
    refused = wait_events(world, uid, ["Issued", "Rotated", "PreviousRetired", "TokenRefused"])[-1]
    assert refused["type"] == "Warning" and "no token" not in refused["note"]
    assert_holds_no_secret(json.dumps([found, lines]), [old, world.secret("one").reveal("client-secret")])


def test_what_stalls_is_told_once(world):
    world.create_secret("one")
    client = world.create("one")
    world.wait_condition("one", "Stalled", "True", "SecretNameConflict")
    world.annotate("one", "reconcile", "again")
    world.settle()
    event, = wait_events(world, uid_of(client), ["SecretNameConflict"])
    assert event["type"] == "Warning" and "one" in event["note"]
    assert "series" not in event


def test_an_outage_is_told_once_on_the_registry(world):
    uid = uid_of(world.create_ready("one"))
    registry = uid_of(world.registry_object())
    wait_events(world, registry, ["Reachable"], "default")
    world.registry.stop()
    world.annotate("one", "reconcile", "now")
    world.wait_registry("RegistryUnreachable")
    wait_events(world, registry, ["Reachable", "RegistryUnreachable"], "default")
    world.registry.start()
    world.wait_registry("Reachable", seconds=60)

    def is_series():
        found = {one["reason"]: one for one in events_about(world, registry, "default")}
        return found["Reachable"].get("series", {}).get("count") == 2

    wait_until(is_series, 20, "the second recovery within six minutes is counted on the first Event")
    world.settle()
    assert [one["reason"] for one in events_about(world, uid)] == ["Issued"], "its clients are not told of it"


def test_a_blocked_deletion_and_its_abandonment_are_told_everywhere(world, controller):
    client = world.create_ready("one")
    before = abandoned(controller, world)
    world.registry.stop()
    world.delete("one")
    world.wait_condition("one", "DeletionBlocked", "True", "RegistryUnreachable")
    blocked = wait_events(world, uid_of(client), ["Issued", "DeletionBlocked"])[-1]
    assert blocked["type"] == "Warning" and "apiclient.dev/abandon" in blocked["note"]
    world.annotate("one", "abandon", uid_of(client))
    world.wait_gone("one")
    wait_events(world, uid_of(client), ["Issued", "DeletionBlocked", "Abandoned"])
    assert actions(controller, uid_of(client))[-2:] == ["secret.deleted", "client.abandoned"]
    assert '"message":"client abandoned' in controller.log.read_text()
    assert abandoned(controller, world) == before + 1
    world.registry.start()


def abandoned(controller, world):
    return metric(controller, f'apiclient_clients_abandoned_total{{registry="{world.registry_name}"}}')


def metric(controller, series):
    return sum(float(line.split()[-1]) for line in controller.metrics().splitlines() if line.startswith(f"{series} "))


def test_a_namespace_that_goes_holds_nothing_up(world, controller):
    uid = uid_of(world.create_ready("one"))
    wait_events(world, uid, ["Issued"])
    before = metric(controller, 'apiclient_events_total{outcome="dropped"}')
    world.must(world.api.delete(path("v1", "namespaces", name=world.namespace)))
    wait_until(lambda: world.api.get(path("v1", "namespaces", name=world.namespace)).status == 404, 60,
               "the namespace is gone")
    wait_until(lambda: metric(controller, 'apiclient_events_total{outcome="dropped"}') > before, 20,
               "its last Event is dropped")
    # Its Secret may have gone before it.
    assert "client.removed" in actions(controller, uid)


@pytest.fixture
def in_text(controller):
    controller.stop()
    controller.start("--log-format", "text", "--log-level", "error")
    yield controller
    controller.stop()


def test_audit_lines_are_json_whatever_the_log_is(in_text, world):
    uid = uid_of(world.create_ready("one"))
    world.settle()
    assert actions(in_text, uid) == ["secret.staged", "client.created", "secret.published", "secret.unstaged"]


def test_a_restart_tells_nothing_again(world, controller, audit):
    uid = uid_of(world.create_ready("one"))
    wait_events(world, uid, ["Issued"])
    registry = uid_of(world.registry_object())
    wait_events(world, registry, ["Reachable"], "default")
    world.settle()
    told = len(audit_lines(controller, uid))
    controller.stop()
    mark = audit.mark()
    controller.start()
    world.settle()
    assert not audit.events(mark, world.namespace, "one"), "nothing has happened to it"
    assert not audit.events(mark, "default"), "nothing has happened to a registry"
    assert len(audit_lines(controller, uid)) == told
