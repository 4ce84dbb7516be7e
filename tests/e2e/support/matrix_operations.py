"""The operations of the crash matrix. The steps are those that the operator's plans really have: the test compares
them."""

import dataclasses
import secrets as random
from datetime import datetime, timedelta, timezone

from faults import answer
from kstatus import conditions
from kubeapi import path
from matrix import End, Operation, Phase
from matrix_grounds import DynamicRegistration, Embedded, OneSecret, OryHydra
from workloads import Workloads, target

NEW_NAME = "{name}-new"
PUBLIC = {"type": "Public", "redirectUris": ["https://app.example.com/callback"]}
PAST = "2020-01-01T00:00:00Z"


# Looks at a Snapshot: true when the operator is done with it

def status(snapshot, cell):
    return snapshot.clients.get(cell.name, {}).get("status", {})


def ready(snapshot, cell, reason=None):
    manifest = snapshot.clients.get(cell.name, {})
    found = conditions(manifest).get("Ready")
    return bool(found and found["status"] == "True" and found["reason"] == (reason or found["reason"])
                and manifest["status"]["observedGeneration"] == manifest["metadata"]["generation"]
                and cell.uid not in snapshot.staged)


def handled(token):
    return lambda snapshot, cell: ready(snapshot, cell) and (
        status(snapshot, cell).get("rotation", {}).get("lastHandledToken") == token)


def at_revision(revision):
    return lambda snapshot, cell: (
        ready(snapshot, cell) and cell.secret_name in snapshot.secrets
        and status(snapshot, cell)["credential"]["revision"] == revision
        and snapshot.secrets[cell.secret_name].annotation("revision") == str(revision))


def overlap_over(snapshot, cell):
    return ready(snapshot, cell) and "previous" not in status(snapshot, cell)


def waits_for_overlap(snapshot, cell):
    return conditions(snapshot.clients[cell.name]).get("Rotating", {}).get("reason") == "WaitingForOverlap"


def verification_is_pending(snapshot, cell):
    found = conditions(snapshot.clients[cell.name]).get("Ready", {})
    return found.get("reason") == "VerificationPending" and cell.uid in snapshot.staged


def bound_to_new_name(snapshot, cell):
    return ready(snapshot, cell) and status(snapshot, cell)["binding"]["name"] == NEW_NAME.format(name=cell.name)


def former_is_gone(snapshot, cell):
    return ready(snapshot, cell) and cell.name not in snapshot.secrets


def gone(snapshot, cell):
    return cell.name not in snapshot.clients and cell.uid not in snapshot.staged


def rolled_out(snapshot, cell):
    """The Deployment has been seen by its controller, and the client is ready."""
    workload = snapshot.deployments[cell.name]
    return ready(snapshot, cell) and (
        workload.get("status", {}).get("observedGeneration") == workload["metadata"]["generation"])


# What a person does

def create(**spec):
    def act(world, cell):
        cell.uid = world.create(cell.name, tokenEndpointAuthMethod="client_secret_post", **spec)["metadata"]["uid"]
    return act


def create_public(world, cell):
    cell.uid = world.create(cell.name, **PUBLIC)["metadata"]["uid"]


def create_unverified(world, cell):
    """The token endpoint says nothing that would be a verdict."""
    of_cell = cell.has_newest_id(world) if world.ground.picks_ids else cell.client_id.encode()
    world.tokens.every("POST", "/token$", answer(403), containing=of_cell)
    create()(world, cell)


def annotate(annotation, value):
    return lambda world, cell: world.annotate(cell.name, annotation, value)


def change(**spec):
    return lambda world, cell: world.patch(cell.name, {"spec": spec})


def rename(world, cell):
    change(secret={"name": NEW_NAME.format(name=cell.name)})(world, cell)


def create_with_consumer(world, cell):
    """A workload that runs no pods: its controller has nothing to wait for."""
    Workloads(world).create(cell.name, replicas=0)
    create(restartTargets=[target(cell.name)])(world, cell)


def reach_rotation_time(world, cell):
    """As if the secret were as old as its interval and what the client adds to it, which is 6 minutes at most."""
    issued = datetime.now(timezone.utc) - timedelta(hours=1, minutes=6, seconds=30)
    world.registry.remember_issue(cell.client_id, 1, issued)
    where = path("apiclient.dev/v1alpha1", "apiclients", world.namespace, cell.name, "status")
    world.must(world.api.merge_patch(where, {"status": {"rotation": {"nextTime": PAST}}}))


def lose_secret(world, cell):
    world.delete_secret(cell.name)


def delete(world, cell):
    world.tokens.clear()
    world.delete(cell.name)


def end_overlap(world, cell):
    """As if the hour of the overlap were over."""
    where = path("apiclient.dev/v1alpha1", "apiclients", world.namespace, cell.name, "status")
    world.must(world.api.merge_patch(where, {"status": {"previous": {"retireAt": PAST}}}))


def end_former(world, cell):
    """The same for the Secret under its former name."""
    world.patch_secret(cell.name, {"metadata": {"annotations": {"apiclient.dev/retire-at": PAST}}})


def make_by_hand(world, cell):
    """A client in the registry that nobody owns, and a Secret that shows its present secret."""
    present = random.token_urlsafe(32)
    body = {"client_id": cell.client_id, "client_name": "Made by hand", "type": "machine",
            "token_endpoint_auth_method": "client_secret_post",
            "secret": {"operation_id": f"by-hand-{cell.name}", "revision": 1, "value": present}}
    code, _ = world.registry.admin("POST", "/clients", body)
    assert code == 201, f"a client made by hand is refused with {code}"
    shown = f"{cell.name}-shown"
    world.create_secret(shown, {"client-secret": present},
                        metadata={"name": shown, "labels": {"apiclient.dev/usable-by": "adopt"}})


def adopt(with_secret):
    def act(world, cell):
        shown = {"secretRef": {"name": f"{cell.name}-shown"}} if with_secret else {}
        create(adopt={"clientId": cell.client_id, **shown}, deletionPolicy="Delete")(world, cell)
    return act


# What else is to be true in the end

def has_new_display_name(snapshot, cell):
    name = snapshot.registered[cell.client_id]["client_name"]
    return [] if name == "Another name" else [f"the registry has the name {name!r}"]


def former_says_the_same(snapshot, cell):
    former, present = snapshot.secrets.get(cell.name), snapshot.secrets[cell.secret_name]
    if not former:
        return ["the Secret under the former name is gone"]
    same = former.fingerprint() == present.fingerprint() == cell.before.fingerprint()
    return [] if same and former.annotation("retire-at") else ["the two Secrets differ, or the former one stays"]


def restarted_once(snapshot, cell):
    generation = snapshot.deployments[cell.name]["metadata"]["generation"]
    return [] if generation == 2 else [f"the Deployment was changed {generation - 1} times"]


def rotated_by_schedule(snapshot, cell):
    reason = status(snapshot, cell)["rotation"]["lastReason"]
    return [] if reason == "Scheduled" else [f"the last rotation was {reason}"]


ISSUED = Phase(create(), ready)
ROTATED = Phase(annotate("rotate", "r1"), handled("r1"))
MINT = ("stage", "add-credential", "verify", "publish", "status", "unstage")
RECOVER = ("stage", "add-credential", "verify", "publish new", "status", "unstage")

_EMBEDDED = [
    Operation("issue", ("finalizer", "stage", "create", "verify", "publish new", "status", "unstage"),
              trigger=create(), done=ready, end=End(1, (1,)), sampled=True),
    Operation("issue Public", ("finalizer", "fence", "create", "publish new", "status"),
              trigger=create_public, done=ready, end=End(0, ())),
    Operation("rotate by Overlap", MINT, prepare=(ISSUED,), trigger=annotate("rotate", "r1"), done=handled("r1"),
              end=End(2, (1, 2), old_works=True), sampled=True),
    Operation("rotate now", ("stage", "add-credential", "verify", "publish", "retire", "status", "unstage"),
              prepare=(ISSUED,), trigger=annotate("rotate", "r1:now"), done=handled("r1:now"),
              end=End(2, (2,), old_works=False)),
    Operation("waiting token", ("retire", "publish -", "status", *MINT), sampled=True,
              prepare=(ISSUED, ROTATED, Phase(annotate("rotate", "r2"), waits_for_overlap)),
              trigger=end_overlap, done=handled("r2"), end=End(3, (2, 3), old_works=True)),
    Operation("end an overlap", ("retire", "publish -", "status"), prepare=(ISSUED, ROTATED), sampled=True,
              trigger=end_overlap, done=overlap_over, end=End(2, (2,))),
    Operation("revoke the previous secret", ("retire", "publish", "status"), prepare=(ISSUED, ROTATED), sampled=True,
              trigger=annotate("revoke-previous", "end-it"), done=overlap_over, end=End(2, (2,))),
    Operation("adopt with its secret", ("finalizer", "adopt", "publish new", "status"), adopts=True, sampled=True,
              prepare=(Phase(make_by_hand, lambda *_: True),), trigger=adopt(True), done=ready, end=End(1, (1,))),
    Operation("adopt without its secret",
              ("finalizer", "stage", "adopt", "add-credential", "verify", "publish new", "status", "unstage"),
              adopts=True, sampled=True, prepare=(Phase(make_by_hand, lambda *_: True),),
              trigger=adopt(False), done=ready, end=End(2, (1, 2))),
    Operation("update", ("update", "publish -", "status"), prepare=(ISSUED,), sampled=True,
              trigger=change(displayName="Another name"), done=ready, end=End(1, (1,), old_works=True),
              also=has_new_display_name),
    Operation("suspend", ("disable", "publish -", "status"), prepare=(ISSUED,), trigger=change(suspended=True),
              done=lambda snapshot, cell: ready(snapshot, cell, "Suspended"),
              end=End(1, (1,), disabled=True, old_works=False)),
    Operation("resume", ("enable", "verify", "publish -", "status"), trigger=change(suspended=False),
              prepare=(ISSUED, Phase(change(suspended=True), lambda *seen: ready(*seen, "Suspended"))),
              done=lambda snapshot, cell: ready(snapshot, cell, "Issued"), end=End(1, (1,), old_works=True)),
    Operation("rename the Secret", ("publish new", "publish-former", "status"), prepare=(ISSUED,), trigger=rename,
              done=bound_to_new_name, end=End(1, (1,), old_works=True), also=former_says_the_same, secret=NEW_NAME,
              sampled=True),
    Operation("drop the former Secret", ("publish -", "delete-former", "status -"), trigger=end_former, secret=NEW_NAME,
              prepare=(ISSUED, Phase(rename, bound_to_new_name)), done=former_is_gone,
              end=End(1, (1,), old_works=True), sampled=True),
    Operation("recover a lost Secret", RECOVER, prepare=(ISSUED,), trigger=lose_secret, done=at_revision(2),
              end=End(2, (1, 2)), sampled=True),
    Operation("recover at the registry's limit", ("stage", "retire-oldest", *RECOVER[1:]), sampled=True,
              prepare=(ISSUED, Phase(lose_secret, at_revision(2)), Phase(lose_secret, at_revision(3))),
              trigger=lose_secret, done=at_revision(4), end=End(4, (2, 3, 4))),
    Operation("delete", ("remove-client", "delete-secret", "release"), prepare=(ISSUED,), trigger=delete, done=gone,
              end=End(None, None, old_works=False), gone=True),
    Operation("delete, and only disable", ("disable-client", "delete-secret", "release"), trigger=delete, done=gone,
              prepare=(Phase(create(deletionPolicy="Disable"), ready),),
              end=End(None, (1,), disabled=True, old_works=False), gone=True),
    Operation("delete while it is being issued", ("remove-client", "unstage", "release"), trigger=delete, done=gone,
              prepare=(Phase(create_unverified, verification_is_pending),), end=End(None, None), gone=True),
    Operation("rotate by schedule", MINT, prepare=(Phase(create(rotation={"interval": "1h"}), ready),), sampled=True,
              trigger=reach_rotation_time, done=at_revision(2), end=End(2, (1, 2), old_works=True),
              also=rotated_by_schedule),
    Operation("rotate and restart a consumer", (*MINT[:-2], "restart", *MINT[-2:]), sampled=True,
              prepare=(Phase(create_with_consumer, rolled_out),), trigger=annotate("rotate", "r1"), done=handled("r1"),
              end=End(2, (1, 2), old_works=True), also=restarted_once),
]
_ONE_SECRET = [
    Operation("rotate InPlace", ("stage", "rehearse", "replace-credential", *MINT[2:]), in_place=True,
              prepare=(Phase(create(rotation={"overlap": "0s"}), ready),), trigger=annotate("rotate", "r1"),
              done=handled("r1"), end=End(2, (2,), old_works=False)),
    Operation("recover a lost Secret InPlace", ("stage", "rehearse new", "replace-credential", *RECOVER[2:]),
              prepare=(ISSUED,), trigger=lose_secret, done=at_revision(2), end=End(2, (2,), old_works=False),
              in_place=True),
]
_REGISTER = ("fence", "register", "stage-answer", "verify")
_REREGISTER = [
    Operation("issue", ("finalizer", *_REGISTER, "publish new", "status", "unstage"),
              trigger=create(), done=ready, end=End(1, (1,)), sampled=True),
    Operation("issue Public", ("finalizer", *_REGISTER[:-1], "publish new", "status", "unstage"),
              trigger=create_public, done=ready, end=End(0, ())),
    Operation("rotate", (*_REGISTER, "publish", "status", "unstage"), prepare=(ISSUED,), sampled=True,
              trigger=annotate("rotate", "r1"), done=handled("r1"), end=End(2, (2,), old_works=True, former=True)),
    Operation("rotate now", (*_REGISTER, "publish", "remove-client", "status", "unstage"), prepare=(ISSUED,),
              trigger=annotate("rotate", "r1:now"), done=handled("r1:now"), end=End(2, (2,), old_works=False)),
    Operation("end an overlap", ("remove-client", "publish -", "status"), prepare=(ISSUED, ROTATED), sampled=True,
              trigger=end_overlap, done=overlap_over, end=End(2, (2,))),
    Operation("recover a lost Secret", (*_REGISTER, "publish new", "status", "unstage"), prepare=(ISSUED,), sampled=True,
              trigger=lose_secret, done=at_revision(2), end=End(2, (2,), former=True)),
    Operation("delete", ("remove-client", "delete-secret", "forget-registrations -", "release"), prepare=(ISSUED,),
              trigger=delete, done=gone, end=End(None, None, old_works=False), gone=True),
    Operation("delete while it is being issued", ("remove-client", "unstage", "release"),
              prepare=(Phase(create_unverified, verification_is_pending),), trigger=delete, done=gone,
              end=End(None, None), gone=True),
]
_OF_HYDRA = ("issue", "issue Public", "update", "delete", "delete while it is being issued")


def on(ground, operations):
    return [dataclasses.replace(one, ground=ground) for one in operations]


OPERATIONS = [
    *on(Embedded, _EMBEDDED), *on(OneSecret, _ONE_SECRET),
    *on(OryHydra, [*(one for one in _EMBEDDED if one.name in _OF_HYDRA), *_ONE_SECRET]),
    *on(DynamicRegistration, _REREGISTER),
]
