"""The admission policies, with ordinary users."""

import secrets

import pytest
from kubeapi import path
from processes import wait_until

ROTATE, REVOKE, PROTECT = (f"apiclient.dev/{name}" for name in ("rotate", "revoke-previous", "protect"))
GROUP = "apiclient.dev/v1alpha1"


def where(name, namespace="default", subresource=None):
    return path(GROUP, "apiclients", namespace, name, subresource)


def manifest(name, **annotations):
    return {"apiVersion": GROUP, "kind": "ApiClient", "metadata": {"name": name, "annotations": annotations},
            "spec": {"displayName": "One"}}


def annotated(annotation, value):
    return {"metadata": {"annotations": {annotation: value}}}


@pytest.fixture(scope="module")
def people(installed):
    """Those with the chart's roles, and one who edits without the verb rotate."""
    rbac = "rbac.authorization.k8s.io/v1"
    role = {"metadata": {"name": "writer"}, "rules": [{"apiGroups": ["apiclient.dev"], "resources": ["apiclients"],
                                                       "verbs": ["get", "create", "update", "patch", "delete"]}]}
    assert installed.api.post(path(rbac, "clusterroles"), role).status in (201, 409)
    found = {name: installed.as_user(name, role) for name, role in (
        ("ed", "apiclient-editor"), ("ro", "apiclient-rotator"), ("writer", "writer"))}
    policies_work(installed.api, found["writer"])
    return found


def policies_work(api, writer):
    """A policy that has just been made is not enforced at once."""
    api.post(where("canary").removesuffix("/canary"), manifest("canary"))
    wait_until(lambda: writer.merge_patch(where("canary"), annotated(ROTATE, "r1"), dryRun="All").status == 403, 30,
               "the policies are enforced")


@pytest.fixture
def client(installed):
    """An ApiClient of the administrator's."""
    name = f"one-{secrets.token_hex(4)}"
    answer = installed.api.post(where("").rstrip("/"), manifest(name))
    assert answer.status == 201, answer.message
    yield name
    installed.api.merge_patch(where(name), annotated(PROTECT, None))
    installed.api.delete(where(name))


@pytest.mark.parametrize("annotation", [ROTATE, REVOKE])
def test_rotating_needs_the_verb(people, client, annotation):
    refused = people["writer"].merge_patch(where(client), annotated(annotation, "r1"))
    assert refused.status == 403 and "the verb rotate" in refused.message and "apiclient-rotator" in refused.message
    assert people["ro"].merge_patch(where(client), annotated(annotation, "r1")).ok
    assert people["ed"].merge_patch(where(client), annotated(annotation, "r2")).ok


def test_so_does_a_token_at_creation(people, installed):
    assert people["writer"].post(where("").rstrip("/"), manifest("with-token", **{ROTATE: "r1"})).status == 403
    assert people["writer"].post(where("").rstrip("/"), manifest("without-token")).status == 201
    assert people["ed"].post(where("").rstrip("/"), manifest("with-token", **{ROTATE: "r1"})).status == 201
    for name in ("with-token", "without-token"):
        installed.api.delete(where(name))


def test_so_does_server_side_apply(people, client):
    body = manifest(client, **{ROTATE: "r1"})
    refused = people["writer"].apply(where(client), body, "writer", force="true")
    assert refused.status == 403 and "the verb rotate" in refused.message
    assert people["ed"].apply(where(client), body, "ed", force="true").ok
    assert people["writer"].apply(where(client), body, "writer", force="true").ok, "it is there already"


def test_taking_a_token_away_rotates_nothing(people, client):
    assert people["ed"].merge_patch(where(client), annotated(ROTATE, "r1")).ok
    assert people["writer"].merge_patch(where(client), annotated(ROTATE, None)).ok


@pytest.mark.parametrize("patch", [
    {"spec": {"displayName": "Another"}}, {"metadata": {"labels": {"a": "b"}}}, {"metadata": {"finalizers": ["a.b/c"]}},
    annotated("apiclient.dev/paused", "true"), annotated("apiclient.dev/abandon", "x"),
    {"metadata": {"annotations": {ROTATE: "r9", "other": "x"}}}], ids=lambda patch: str(sorted(patch)))
def test_a_rotator_changes_nothing_else(people, client, patch):
    refused = people["ro"].merge_patch(where(client), patch)
    assert refused.status == 403 and "the verb update" in refused.message
    assert people["writer"].merge_patch(where(client), {**patch, "metadata": {
        **patch.get("metadata", {}), "annotations": {k: v for k, v in patch.get("metadata", {}).get("annotations", {}).items()
                                                     if k != ROTATE}}}, dryRun="All").ok


def test_a_rotator_takes_no_other_annotation_away(people, client):
    assert people["ed"].merge_patch(where(client), annotated("other", "x")).ok
    assert people["ro"].merge_patch(where(client), annotated("other", None)).status == 403


def test_a_rotator_does_not_reach_the_status(people, client):
    assert people["ro"].merge_patch(where(client, subresource="status"), {"status": {"clientId": "x"}}).status == 403


def test_who_rotated_is_in_the_audit_log_with_the_token(plane, people, client):
    assert people["ro"].merge_patch(where(client), annotated(ROTATE, "r7:Compromised")).ok
    log = plane.directory / "audit.log"
    wait_until(lambda: any('apiclient-operator-rotate/rotate":"r7:Compromised"' in line and '"username":"ro"' in line
                           for line in log.read_text().splitlines()), 10, "the audit log tells of it")


def test_protect_keeps_it_and_says_how_to_let_it_go(people, client):
    assert people["ed"].merge_patch(where(client), annotated(PROTECT, "true")).ok
    refused = people["ed"].delete(where(client))
    assert refused.status == 403 and "apiclient.dev/protect-" in refused.message
    assert people["ed"].merge_patch(where(client), annotated(PROTECT, None)).ok
    assert people["ed"].delete(where(client)).ok


def test_protect_yields_to_a_namespace_that_goes(installed):
    api, namespace = installed.api, "going"
    api.post(path("v1", "namespaces"), {"metadata": {"name": namespace}})
    created = api.post(path(GROUP, "apiclients", namespace), manifest("kept", **{PROTECT: "true"}))
    assert created.status == 201, created.message
    assert api.delete(where("kept", namespace)).status == 403
    assert api.delete(path("v1", "namespaces", name=namespace)).ok
    wait_until(lambda: api.request("GET", where("kept", namespace)).status == 404, 60, "the namespace has taken it along")


def test_the_operator_is_not_asked(installed, client):
    """It writes finalizers with patch alone, whatever its account is called."""
    operator = installed.as_user("another-operator", "apiclient-operator")
    patch = {"metadata": {"finalizers": ["apiclient.dev/registry-cleanup"]}}
    # Its roles were bound a moment ago.
    wait_until(lambda: operator.merge_patch(where(client), patch, dryRun="All").ok, 20, "the operator writes a finalizer")


@pytest.mark.parametrize("name", ["rotate", "protect"])
def test_the_expressions_have_the_types_that_the_server_expects(installed, name):
    where = path("admissionregistration.k8s.io/v1", "validatingadmissionpolicies", name=f"apiclient-operator-{name}")

    def checked():
        policy = installed.api.request("GET", where).body
        status = policy.get("status", {})
        return status if status.get("observedGeneration") == policy["metadata"]["generation"] else None

    status = wait_until(checked, 30, "the server has checked the policy")
    assert not status.get("typeChecking", {}).get("expressionWarnings"), status
