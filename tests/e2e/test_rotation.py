"""Rotation by annotation: what a token does, once, and what it never does."""

import pytest

from controller import CHECKPOINTS, LEASE, Controller
from controlplane import OPERATOR_NAMESPACE
from crash_helpers import expect_killed
from kstatus import conditions, is_ready
from kubeapi import path
from processes import wait_until
from rotation import ends, revision, rotate, wait_handled, wait_overlap_over, wait_refused, works
from world import API

REDIRECT = "https://app.example.com/callback"


UNTHROTTLED = {"APICLIENT_ROTATION_THROTTLE_MS": "0"}


@pytest.fixture
def brisk(controller):
    """The operator without the minute between two rotations."""
    controller.stop()
    controller.start(program=CHECKPOINTS, environment=UNTHROTTLED)
    return controller


@pytest.fixture
def standby(plane, api):
    """A second replica, which does not run yet."""
    replica = Controller(plane, api, "standby")
    yield replica
    replica.stop()


def test_old_and_new_secret_work_until_the_overlap_ends(world):
    world.create_ready("one", rotation={"overlap": "4s"})
    old = world.secret("one")
    client = rotate(world, "one", "r1")
    new = world.secret("one")
    assert revision(client) == 2 and is_ready(client)
    assert new.fingerprint() != old.fingerprint() and new.text("client-id") == old.text("client-id")
    assert works(old) and works(new)
    assert conditions(client)["PreviousSecretActive"]["reason"] == "Overlap"
    assert client["status"]["previous"]["revision"] == 1 and client["status"]["previous"]["retireAt"]
    assert client["status"]["rotation"]["lastReason"] == "Requested"
    client = wait_overlap_over(world, "one")
    ends(old)
    assert works(new) and "PreviousSecretActive" not in conditions(client)
    assert world.secret("one").fingerprint() == new.fingerprint()
    assert len(world.registered("one")["secrets"]) == 1


def test_a_rotation_takes_five_writes_and_now_takes_four(world, audit, numbers):
    world.create_ready("one", rotation={"overlap": "2s"})
    world.settle()
    uid = world.client("one")["metadata"]["uid"]
    mark = audit.mark()
    rotate(world, "one", "r1")
    wait_overlap_over(world, "one")
    world.settle()
    writes = [one for one in world.writes(mark, uid) if one.name == "one" or one.name.endswith(uid)]
    assert len(writes) <= 5, [str(one) for one in writes]
    numbers("writes to rotate", len(writes))
    events = audit.events(mark, world.namespace, "one")
    assert len(events) <= 2, [str(one) for one in events]
    mark = audit.mark()
    rotate(world, "one", "r2:now")
    world.settle()
    writes = [one for one in world.writes(mark, uid) if one.name == "one" or one.name.endswith(uid)]
    assert len(writes) <= 4, [str(one) for one in writes]
    numbers("writes to rotate now", len(writes))
    events = audit.events(mark, world.namespace, "one")
    assert len(events) <= 2, [str(one) for one in events]


def test_now_ends_the_old_secret_at_once(world):
    world.create_ready("one")
    old = world.secret("one")
    client = rotate(world, "one", "r1:now:Lost")
    assert revision(client) == 2 and "previous" not in client["status"]
    assert client["status"]["rotation"]["lastReason"] == "Lost"
    assert not works(old) and works(world.secret("one"))


def test_an_overlap_of_zero_is_an_immediate_cut(world):
    world.create_ready("one", rotation={"overlap": "0s"})
    old = world.secret("one")
    rotate(world, "one", "r1")
    assert not works(old) and works(world.secret("one"))


def test_compromised_ends_every_older_secret_during_an_overlap_and_a_throttle(world):
    world.create_ready("one")
    first = world.secret("one")
    rotate(world, "one", "r1")
    second = world.secret("one")
    assert works(first) and works(second)
    world.annotate("one", "rotate", "queued")  # waits for the overlap
    wait_until(lambda: "Rotating" in conditions(world.client("one")), 10, "the queued token waits")
    world.annotate("one", "rotate", "leak:Compromised")
    ends(first)
    ends(second)
    client = wait_handled(world, "one", "leak:Compromised")
    assert works(world.secret("one")) and revision(client) == 3
    assert client["status"]["rotation"]["lastReason"] == "Compromised"
    assert "queued" not in client["status"]["rotation"]["handledIds"], "a token replaced while it waits is never seen"


def test_a_token_waits_for_the_overlap_and_says_so(world, brisk):
    world.create_ready("one", rotation={"overlap": "3s"})
    rotate(world, "one", "r1")
    world.annotate("one", "rotate", "r2")
    client = world.wait_condition("one", "Rotating", "True", "WaitingForOverlap")
    assert "r2 waits until" in conditions(client)["Rotating"]["message"]
    assert revision(client) == 2 and is_ready(client)
    client = wait_handled(world, "one", "r2")
    assert revision(client) == 3 and "Rotating" not in conditions(client)


def test_revoke_previous_ends_the_overlap_it_sees_and_no_later_one(world):
    world.create_ready("one")
    first = world.secret("one")
    rotate(world, "one", "r1")
    second = world.secret("one")
    world.annotate("one", "revoke-previous", "now-please")
    client = wait_overlap_over(world, "one")
    ends(first)
    assert works(second) and client["status"]["rotation"]["lastHandledRevoke"] == "now-please"
    assert revision(client) == 2, "nothing is minted"
    rotate(world, "one", "r2:now")
    world.patch("one", {"metadata": {"annotations": {"apiclient.dev/rotate": None}}})
    third = world.secret("one")
    assert works(third), "the next rotation is another one"


def test_a_stronger_suffix_ends_the_overlap_of_its_own_rotation_without_minting(world):
    world.create_ready("one")
    first = world.secret("one")
    rotate(world, "one", "r1")
    second = world.secret("one")
    client = rotate(world, "one", "r1:Compromised")
    ends(first)
    assert works(second) and revision(client) == 2
    assert client["status"]["rotation"]["lastReason"] == "Compromised"


def test_a_token_there_at_first_issuance_is_consumed_by_it(world):
    world.must(world.api.post(path(API, "apiclients", world.namespace), {
        **world.manifest("one"), "metadata": {"name": "one", "namespace": world.namespace,
                                              "annotations": {"apiclient.dev/rotate": "r1"}}}))
    client = wait_handled(world, "one", "r1")
    assert revision(client) == 1
    world.annotate("one", "rotate", "r1:Compromised")
    client = wait_refused(world, "one", "r1:Compromised", "IdAlreadyUsed")
    assert revision(client) == 1 and is_ready(client) and "Stalled" not in conditions(client)


@pytest.mark.parametrize("token", ["two words", "r1:later", "a=b", ":now", "x" * 64])
def test_a_malformed_token_is_refused_and_changes_nothing_else(world, token):
    world.create_ready("one")
    before = world.secret("one")
    world.annotate("one", "rotate", token)
    client = wait_refused(world, "one", token, "Malformed")
    assert is_ready(client) and "Stalled" not in conditions(client)
    assert world.secret("one").resource_version == before.resource_version
    world.patch("one", {"metadata": {"annotations": {"apiclient.dev/rotate": None}}})
    wait_until(lambda: "refused" not in world.client("one")["status"]["rotation"], 20, "the refusal is gone with it")


def test_a_client_without_a_secret_refuses_to_rotate_and_stays_ready(world):
    world.create_ready("phone", type="Public", redirectUris=[REDIRECT])
    world.annotate("phone", "rotate", "r1")
    client = wait_refused(world, "phone", "r1", "ClientHasNoSecret")
    assert is_ready(client) and "Stalled" not in conditions(client)


def holder(world):
    """Of the Lease; empty when nobody leads."""
    return world.must(world.api.get(LEASE))["spec"]["holderIdentity"]


def change_leader_in_the_middle_of_a_rotation(world, leader, standby, token):
    """The leader dies right after the registry has the new secret, and the other replica goes on. In the end the first
    one leads again."""
    leader.stop()
    leader.start(program=CHECKPOINTS,
                 environment={**UNTHROTTLED, "APICLIENT_CHECKPOINT": "kill:add-credential:after:1"})
    wait_until(lambda: holder(world), 20, "it leads")
    standby.start(program=CHECKPOINTS, environment=UNTHROTTLED)
    wait_until(lambda: "another replica leads" in standby.log.read_text(), 20, "the other one waits for the Lease")
    world.annotate("one", "rotate", token)
    expect_killed(leader, "after add-credential")
    wait_handled(world, "one", token)
    leader.start(program=CHECKPOINTS, environment=UNTHROTTLED)
    standby.stop()
    wait_until(lambda: holder(world), 20, "the first one leads again")


def test_one_id_rotates_once(world, brisk, standby):
    world.create_ready("one", rotation={"overlap": "0s"})
    rotate(world, "one", "r1")
    for number in range(2, 4):
        rotate(world, "one", f"r{number}")
    change_leader_in_the_middle_of_a_rotation(world, brisk, standby, "r4")
    published = world.secret("one").fingerprint()
    settled = world.client("one")
    assert len(world.registered("one")["secrets"]) == 1, "the secret that the dead leader added is the published one"
    # applied again and again, taken away and put back
    for _ in range(100):
        world.annotate("one", "rotate", "r4")
    world.patch("one", {"metadata": {"annotations": {"apiclient.dev/rotate": None}}})
    world.annotate("one", "rotate", "r4")
    # a revert in Git
    world.annotate("one", "rotate", "r1")
    wait_refused(world, "one", "r1", "IdAlreadyUsed")
    world.annotate("one", "rotate", "r4")
    # restarts
    for _ in range(20):
        brisk.stop()
        brisk.start(program=CHECKPOINTS, environment=UNTHROTTLED)
    world.settle()
    client = world.client("one")
    assert world.secret("one").fingerprint() == published
    assert revision(client) == revision(settled) == 5
    assert client["status"]["rotation"]["lastHandledToken"] == "r4"


def test_a_restored_status_or_secret_does_not_rotate_again(world, brisk):
    world.create_ready("one", rotation={"overlap": "0s"})
    rotate(world, "one", "r1")
    secret = world.secret("one")
    where = path(API, "apiclients", world.namespace, "one") + "/status"
    brisk.stop()
    live = world.client("one")
    live["status"] = {"observedGeneration": -1}
    world.must(world.api.put(where, live))
    brisk.start(program=CHECKPOINTS, environment=UNTHROTTLED)
    client = wait_handled(world, "one", "r1")
    assert revision(client) == 2 and world.secret("one").fingerprint() == secret.fingerprint()
    # the Secret of an older backup has forgotten the id; the status has not
    world.patch_secret("one", {"metadata": {"annotations": {"apiclient.dev/handled-rotate": None}}})
    world.settle()
    assert revision(world.client("one")) == 2 and world.secret("one").fingerprint() == secret.fingerprint()


def test_a_retained_client_that_is_created_again_remembers_its_ids(world):
    world.create_ready("one", deletionPolicy="Retain")
    rotate(world, "one", "r1:now")
    secret = world.secret("one")
    world.delete_and_wait("one")
    assert works(world.secret("one"))
    world.must(world.api.post(path(API, "apiclients", world.namespace), {
        **world.manifest("one"), "metadata": {"name": "one", "namespace": world.namespace,
                                              "annotations": {"apiclient.dev/rotate": "r1:now"}}}))
    client = wait_handled(world, "one", "r1:now")
    assert world.secret("one").fingerprint() == secret.fingerprint() and revision(client) == 2
    assert works(secret)


def test_nothing_is_left_behind_by_a_rotation(world):
    uid = world.create_ready("one")["metadata"]["uid"]
    rotate(world, "one", "r1:now")
    wait_until(lambda: world.secret(f"staged-{uid}", OPERATOR_NAMESPACE) is None, 10, "nothing is staged")
