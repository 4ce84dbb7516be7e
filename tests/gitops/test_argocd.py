"""What examples/gitops/argocd-cm.yaml tells Argo CD, evaluated by Argo CD's own command line.

Every condition type and every reason of controller/api/conditions.h is in one of the families below; one that is not fails
test_no_condition_and_no_reason_is_left_out.
"""

import re

import pytest
import yaml
from api_clients import API
from argocd import CUSTOMIZATIONS
from documented import commands, run
from kstatus import conditions
from kubeapi import path
from processes import wait_until
from repository import REPOSITORY
from rotation import revision, wait_handled, wait_overlap_over

CLIENT, REGISTRIES = ("ApiClient",), ("ClusterClientRegistry", "ClientRegistry")
GENERATION = 3

# Reasons as they are set with Ready (and Reconciling or Stalled), by kind.
WELL = {CLIENT: ["Issued"], REGISTRIES: ["Reachable"]}
SUSPENDED = {CLIENT: ["Suspended"]}
OF_A_REGISTRY = [
    "CredentialsNotFound", "CredentialsNotUsable", "CredentialsRefused", "HostNotAllowed", "IssuerMismatch",
    "RegistryUnreachable", "ServerError", "StateLost", "Throttled", "UnexpectedAnswer"]
WAITING = {
    CLIENT: [*OF_A_REGISTRY, "AdoptedClientNotFound", "AdoptedSecretNotUsable", "AmbiguousDefaultRegistry",
             "CredentialRejected", "NamespaceNotAllowed", "NoDefaultRegistry", "Paused",
             "RegistryNotFound", "Retrying", "VerificationPending"],
    REGISTRIES: OF_A_REGISTRY}
STALLED = {
    CLIENT: ["AdoptionNotAllowed", "AudienceNotAllowed", "ClientIdConflict", "CredentialRejected",
             "GrantTypeNotAllowed", "InvalidSpec", "NamespacedRegistriesDisabled", "NotSupportedByRegistry",
             "OwnedElsewhere", "ParameterNotAllowed", "RefusedByRegistry", "RegistryChanged",
             "RotationScheduleInvalid", "RotationTooFrequent", "ScopeNotAllowed", "SecretContended",
             "SecretImmutable", "SecretNameConflict", "SecretRefused", "Unsupported"],
    REGISTRIES: ["AmbiguousDefaultRegistry", "HostNotAllowed", "InvalidSpec", "Unsupported"]}
# Beside Ready True, which they do not change; by type.
BESIDE = {
    CLIENT: {"Registered": [("True", "UpToDate"), *(("Unknown", reason) for reason in OF_A_REGISTRY)],
             "SecretPublished": [("True", "Published")],
             "PreviousSecretActive": [("True", "Overlap"), ("True", "ClockSkew")],
             "Rotating": [("True", "WaitingForOverlap"), ("True", "RollingOut")],
             "RestartIncomplete": [("True", "RestartTargetNotFound"), ("True", "RestartTargetForbidden"),
                                   ("True", "RolloutTimedOut")]},
    REGISTRIES: {"InsecureTls": [("True", "InsecureSkipVerify")],
                 "Orphans": [("True", "OrphanedClients"), ("True", "OrphanedSecrets")]}}
DELETING = {CLIENT: ["RegistryNotFound"], REGISTRIES: ["InUse"]}


def condition(type, status, reason):
    return {"type": type, "status": status, "reason": reason, "message": f"{type}: what {reason} says",
            "lastTransitionTime": "2026-05-01T10:00:00Z", "observedGeneration": GENERATION}


def manifest(kind, *conditions, observed=GENERATION, spec=None, **metadata):
    return {"apiVersion": API, "kind": kind, "metadata": {"name": "one", "generation": GENERATION, **metadata},
            "spec": spec or {"displayName": "One"},
            "status": {"observedGeneration": observed, "conditions": list(conditions)}}


def ready(reason="Issued"):
    return condition("Ready", "True", reason)


def each(families):
    return [pytest.param(kind, reason, id=f"{kind}-{reason}")
            for kinds, reasons in families.items() for kind in kinds for reason in reasons]


def each_beside():
    return [pytest.param(kind, type, status, reason, id=f"{kind}-{type}-{reason}")
            for kinds, types in BESIDE.items() for kind in kinds
            for type, values in types.items() for status, reason in values]


def test_no_condition_and_no_reason_is_left_out():
    types, reasons = (REPOSITORY / "controller" / "api" / "conditions.h").read_text().split("namespace reason {")

    def constants(text):
        return set(re.findall(r'std::string_view k\w+ = "(\w+)";', text))

    beside = [types for types in BESIDE.values()]
    families = [*WELL.values(), *SUSPENDED.values(), *WAITING.values(), *STALLED.values(), *DELETING.values(),
                *([reason for _, reason in values] for types in beside for values in types.values())]
    assert set().union(*families) == constants(reasons)
    assert {"Ready", "Reconciling", "Stalled", "DeletionBlocked"}.union(*beside) == constants(types)


@pytest.mark.parametrize("kind, reason", each(WELL))
def test_what_is_ready_is_healthy(argocd, kind, reason):
    assert argocd.health(manifest(kind, ready(reason))) == ("Healthy", f"Ready: what {reason} says")


@pytest.mark.parametrize("kind, type, status, reason", each_beside())
def test_conditions_beside_ready_change_nothing(argocd, kind, type, status, reason):
    found = manifest(kind, condition(type, status, reason), ready())
    assert argocd.health(found) == ("Healthy", "Ready: what Issued says")


@pytest.mark.parametrize("kind, reason", each(SUSPENDED))
def test_what_is_suspended_is_suspended(argocd, kind, reason):
    assert argocd.health(manifest(kind, ready(reason))) == ("Suspended", f"Ready: what {reason} says")


@pytest.mark.parametrize("kind, reason", each(WAITING))
def test_what_waits_progresses(argocd, kind, reason):
    found = manifest(kind, condition("Ready", "False", reason), condition("Reconciling", "True", reason))
    assert argocd.health(found) == ("Progressing", f"Ready: what {reason} says")


@pytest.mark.parametrize("kind, reason", each({CLIENT: OF_A_REGISTRY}))
def test_what_cannot_be_told_progresses(argocd, kind, reason):
    found = manifest(kind, condition("Ready", "Unknown", reason), condition("Reconciling", "True", reason))
    assert argocd.health(found) == ("Progressing", f"Ready: what {reason} says")


@pytest.mark.parametrize("kind, reason", each(STALLED))
def test_what_a_person_has_to_change_is_degraded(argocd, kind, reason):
    found = manifest(kind, condition("Ready", "False", reason), condition("Stalled", "True", reason))
    assert argocd.health(found) == ("Degraded", f"Stalled: what {reason} says")


@pytest.mark.parametrize("kind, reason", each(DELETING))
def test_what_is_being_deleted_progresses(argocd, kind, reason):
    found = manifest(kind, condition("Ready", "False", "DeletionBlocked"), condition("DeletionBlocked", "True", reason),
                     deletionTimestamp="2026-05-01T10:00:00Z", finalizers=["apiclient.dev/registry-cleanup"])
    assert argocd.health(found)[0] == "Progressing"


@pytest.mark.parametrize("kind", CLIENT + REGISTRIES)
def test_what_the_operator_has_not_seen_progresses(argocd, kind):
    unseen = manifest(kind)
    del unseen["status"]
    for found in (manifest(kind, observed=-1), manifest(kind), unseen, manifest(kind, ready(), observed=GENERATION - 1),
                  manifest(kind, condition("Stalled", "True", "InvalidSpec"), observed=GENERATION - 1)):
        assert argocd.health(found)[0] == "Progressing"


@pytest.mark.parametrize("conditions", [(ready(),), (), (condition("Stalled", "True", "InvalidSpec"),)])
def test_what_is_paused_is_suspended(argocd, conditions):
    for value, expected in (("true", True), ("false", False)):
        found = manifest("ApiClient", *conditions, annotations={"apiclient.dev/paused": value})
        assert (argocd.health(found)[0] == "Suspended") is expected


def test_a_registry_cannot_be_paused(argocd):
    found = manifest("ClusterClientRegistry", ready("Reachable"), annotations={"apiclient.dev/paused": "true"})
    assert argocd.health(found)[0] == "Healthy"


@pytest.mark.parametrize("spec, status, disabled", [
    ({}, {}, {"revoke-previous"}),
    ({}, {"previous": {"revision": 1}}, set()),
    ({"tokenEndpointAuthMethod": "client_secret_post"}, {}, {"revoke-previous"}),
    ({"type": "Public"}, {}, {"rotate", "revoke-previous"}),
    ({"tokenEndpointAuthMethod": "private_key_jwt"}, {}, {"rotate", "revoke-previous"}),
], ids=["machine", "in-an-overlap", "post", "public", "private-key"])
def test_actions_can_be_chosen_where_they_do_something(argocd, spec, status, disabled):
    found = manifest("ApiClient", ready(), spec={"displayName": "One", **spec})
    found["status"].update(status)
    every = {"rotate", "revoke-previous", "reconcile"}
    assert argocd.actions(found) == {name: name not in disabled for name in every}


def test_actions_can_be_listed_before_there_is_a_status(argocd):
    found = manifest("ApiClient")
    del found["status"]
    assert argocd.actions(found) == {"rotate": True, "revoke-previous": False, "reconcile": True}


@pytest.mark.parametrize("annotations", [None, {"theirs": "1", "apiclient.dev/rotate": "r1"}])
@pytest.mark.parametrize("action", ["rotate", "revoke-previous", "reconcile"])
def test_an_action_sets_its_annotation_and_nothing_else(argocd, action, annotations):
    found = manifest("ApiClient", ready(), **({"annotations": annotations} if annotations else {}))
    changed = argocd.act(found, action)
    token = changed["metadata"]["annotations"][f"apiclient.dev/{action}"]
    assert re.fullmatch(r"argocd-\d{8}T\d{6}Z", token)
    expected = manifest("ApiClient", ready(), annotations={**(annotations or {}), f"apiclient.dev/{action}": token})
    assert changed == expected


def test_registries_have_no_actions(argocd):
    data = yaml.safe_load(CUSTOMIZATIONS.read_text())["data"]
    assert not [key for key in data if "actions" in key and "Registry" in key]


def test_the_commands_of_the_page_add_it_and_ask_it(world, api):
    configmaps = path("v1", "configmaps", "argocd")
    api.post(path("v1", "namespaces"), {"metadata": {"name": "argocd"}})
    api.post(configmaps, {"metadata": {"name": "argocd-cm"}, "data": {"url": "https://argocd.example.com"}})
    world.create_ready("invoices")
    add, show, ask = (command.replace("team-a", world.namespace) for command in commands("gitops.md", "Argo CD"))
    for _ in range(2):
        run(world.plane, add)
    added = yaml.safe_load(CUSTOMIZATIONS.read_text())["data"]
    assert api.get(f"{configmaps}/argocd-cm").body["data"] == {"url": "https://argocd.example.com", **added}
    run(world.plane, show)
    said = run(world.plane, ask, programs=("argocd",))
    assert said == f"STATUS: Healthy\nMESSAGE: {conditions(world.client('invoices'))['Ready']['message']}\n"


def test_what_the_actions_set_does_what_they_say(world, argocd):
    def act(action):
        changed = argocd.act(world.client("one"), action)
        return world.annotate("one", action, changed["metadata"]["annotations"][f"apiclient.dev/{action}"])

    world.create_ready("one")
    token = act("rotate")["metadata"]["annotations"]["apiclient.dev/rotate"]
    client = wait_handled(world, "one", token)
    assert revision(client) == 2 and argocd.health(client)[0] == "Healthy" and argocd.actions(client)["revoke-previous"]
    act("revoke-previous")
    wait_overlap_over(world, "one")
    act("reconcile")
    wait_until(lambda: world.client("one")["status"].get("lastHandledReconcile"), 30, "it is looked at again")
    assert not argocd.actions(world.client("one"))["revoke-previous"]
