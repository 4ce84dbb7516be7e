"""The Secret in other hands: a foreign one is never touched, ours is made good again."""

import base64

import pytest

from controller import CHECKPOINTS
from controlplane import OPERATOR_NAMESPACE
from kstatus import conditions
from kubeapi import path
from processes import wait_until
from world import API


def stalled(world, name, reason):
    """It says so, and does not go on."""
    client = world.wait_condition(name, "Stalled", "True", reason)
    assert conditions(client)["Ready"]["status"] == "False"
    return conditions(client)["Stalled"]["message"]


def staged_since(audit, mark, uid):
    """Every request of the operator that would have staged something for this object."""
    return [str(one) for one in audit.writes(mark) if one.namespace == OPERATOR_NAMESPACE and one.name.endswith(uid)]


def touched_since(audit, mark, world, name):
    return [str(one) for one in audit.writes(mark)
            if (one.resource, one.namespace, one.name) == ("secrets", world.namespace, name)]


def look_again(world, name):
    world.annotate(name, "reconcile", f"after-{world.client(name)['metadata']['resourceVersion']}")


def test_a_foreign_secret_is_left_alone(world, audit):
    before = world.create_secret("one")
    mark = audit.mark()
    uid = world.create("one")["metadata"]["uid"]
    message = stalled(world, "one", "SecretNameConflict")
    assert "left alone" in message and "spec.secret.name" in message
    world.settle()
    assert touched_since(audit, mark, world, "one") == []
    assert staged_since(audit, mark, uid) == [], "nothing is staged for a name that is taken"
    assert world.secret("one").resource_version == before.resource_version
    assert world.registered("one") is None, "nothing is minted for a name that is taken"
    world.delete_secret("one")
    look_again(world, "one")
    world.wait_ready("one")
    assert world.token("one") == 200


def test_deleting_a_client_leaves_the_foreign_secret_of_its_name(world):
    before = world.create_secret("one")
    world.create("one")
    stalled(world, "one", "SecretNameConflict")
    world.delete_and_wait("one")
    assert world.secret("one").resource_version == before.resource_version


def test_a_foreign_secret_that_appears_between_our_read_and_our_write(world, controller, audit):
    controller.stop()
    uid = world.create("one")["metadata"]["uid"]
    controller.start(program=CHECKPOINTS, environment={"APICLIENT_CHECKPOINT": "freeze:publish:before:1"}, ready=False)
    controller.wait_state("paused")
    before = world.create_secret("one")
    mark = audit.mark()
    controller.resume()
    stalled(world, "one", "SecretNameConflict")
    refused = touched_since(audit, mark, world, "one")
    assert refused == [f"create secrets {world.namespace}/one -> 409"], "the one attempt, which touched nothing"
    assert world.secret("one").resource_version == before.resource_version
    world.delete_secret("one")
    look_again(world, "one")
    world.wait_ready("one")
    wait_until(lambda: world.staged(uid) is None, 20, "nothing is staged any more")
    assert world.token("one") == 200
    assert len(world.registered("one")["secrets"]) == 1, "what was staged before is what was published after"


def test_of_two_clients_with_one_secret_name_the_elder_wins(world, controller, audit):
    controller.stop()
    elder = world.create("zeta", secret={"name": "shared"})
    wait_until(lambda: clock_of(world) > elder["metadata"]["creationTimestamp"], 5, "a second has passed")
    younger = world.create("alpha", secret={"name": "shared"})
    mark = audit.mark()
    controller.start()
    world.wait_ready("zeta")
    assert "another ApiClient" in stalled(world, "alpha", "SecretNameConflict")
    assert world.registered("alpha") is None and staged_since(audit, mark, younger["metadata"]["uid"]) == []
    assert world.secret("shared").annotation("owner-uid") == elder["metadata"]["uid"]
    world.delete_and_wait("zeta")
    world.wait_ready("alpha")
    assert world.secret("shared").annotation("owner-uid") == younger["metadata"]["uid"]
    assert world.secret("shared").text("client-id") == world.client_id("alpha")


def clock_of(world):
    """The API server's, as it would stamp an object now."""
    answer = world.api.post(path(API, "apiclients", world.namespace), world.manifest("clock"), dryRun="All")
    return world.must(answer)["metadata"]["creationTimestamp"]


def test_a_lost_secret_comes_back(world):
    before = world.create_ready("one")
    lost = world.secret("one")
    world.delete_secret("one")
    found = world.wait_secret("one", lambda secret: secret and secret.uid != lost.uid, "a new one is there")
    world.wait_condition("one", "Ready", "True", "Issued")
    assert found.text("client-id") == lost.text("client-id") == before["status"]["clientId"]
    assert world.token("one") == 200
    assert found.fingerprint() != lost.fingerprint(), "the registry keeps no value, so this one is new"
    wait_until(lambda: world.client("one")["status"]["credential"]["revision"] == 2, 20, "the status says revision 2")
    assert found.annotation("revision") == "2"
    assert world.registry.client_ids() == [world.client_id("one")]


def replace_with(world, name, **members):
    """What a restore or a person may leave: our Secret, all of it, with other members. Needs a stopped operator."""
    where = path("v1", "secrets", world.namespace, name)
    manifest = world.must(world.api.get(where))
    world.delete_secret(name)
    kept = {key: manifest["metadata"][key] for key in ("name", "namespace", "labels", "annotations")}
    world.must(world.api.post(path("v1", "secrets", world.namespace),
                              {"metadata": kept, "data": manifest["data"], "type": manifest["type"], **members}))


@pytest.mark.parametrize("members", [{"immutable": True}, {"type": "Opaque"}], ids=["immutable", "other-type"])
def test_a_secret_that_cannot_be_rotated_is_refused_before_anything_is_staged(world, controller, audit, members):
    world.create_ready("one", deletionPolicy="Retain")
    world.delete_and_wait("one")
    replace_with(world, "one", **members)
    before = world.secret("one")
    mark = audit.mark()
    uid = world.create("one")["metadata"]["uid"]
    assert "delete it" in stalled(world, "one", "SecretImmutable")
    world.settle()
    assert staged_since(audit, mark, uid) == [] and touched_since(audit, mark, world, "one") == []
    assert world.secret("one").resource_version == before.resource_version
    world.delete_secret("one")
    world.wait_ready("one")
    assert world.token("one") == 200


def test_a_published_secret_that_was_made_immutable_is_reported(world):
    world.create_ready("one")
    world.patch_secret("one", {"immutable": True})
    stalled(world, "one", "SecretImmutable")
    assert world.token("one") == 200, "it still works"
    world.delete_secret("one")
    world.wait_ready("one")
    assert not world.secret("one").immutable and world.token("one") == 200


def test_an_overwritten_value_is_repaired(world):
    world.create_ready("one")
    value = base64.b64encode(b"x" * 43).decode()
    broken = world.patch_secret("one", {"data": {"client-secret": value}})
    world.wait_secret("one", lambda secret: secret.fingerprint() != broken.fingerprint(), "the value is ours again")
    world.wait_ready("one")
    assert world.token("one") == 200
    assert world.secret("one").text("client-id") == world.client_id("one")


def test_a_value_that_was_overwritten_while_the_operator_was_down_is_repaired(world, controller):
    world.create_ready("one")
    controller.stop()
    value = base64.b64encode(b"x" * 43).decode()
    broken = world.patch_secret("one", {"data": {"client-secret": value}})
    controller.ensure_default()
    world.wait_secret("one", lambda secret: secret.fingerprint() != broken.fingerprint(), "the value is ours again")
    world.wait_ready("one")
    assert world.token("one") == 200


def test_another_key_that_was_changed_or_taken_away_is_repaired_without_a_new_secret(world):
    world.create_ready("one")
    before = world.secret("one")
    world.patch_secret("one", {"data": {"token-uri": base64.b64encode(b"https://evil.example.com").decode(),
                                        "issuer-uri": None}})
    after = world.wait_secret("one", lambda secret: secret.keys == before.keys
                              and secret.text("token-uri") == before.text("token-uri"), "it says the truth again")
    assert after.fingerprint() == before.fingerprint(), "the secret was not in doubt"
    assert world.client("one")["status"]["credential"]["revision"] == 1


def test_what_others_add_to_our_secret_stays(world, audit):
    world.create_ready("one")
    theirs = {"labels": {"example.com/team": "a"}, "annotations": {"example.com/b": "c"}}
    world.patch_secret("one", {"metadata": theirs})
    world.patch("one", {"spec": {"secret": {"labels": {"example.com/ours": "d"}}}})
    after = world.wait_secret("one", lambda secret: "example.com/ours" in secret.metadata["labels"], "it is there")
    assert after.metadata["labels"]["example.com/team"] == "a"
    assert after.metadata["annotations"]["example.com/b"] == "c"
    world.patch("one", {"spec": {"secret": {"labels": None}}})
    after = world.wait_secret("one", lambda secret: "example.com/ours" not in secret.metadata["labels"], "it is gone")
    assert after.metadata["labels"]["example.com/team"] == "a", "only ours goes"


def test_two_writers_are_told_apart_and_the_other_one_is_named(world):
    """Three repairs, each by a new secret since the value was lost; then a person has to stop the other writer."""
    world.create_ready("one")
    where = path("v1", "secrets", world.namespace, "one")
    garbage = {"data": {"client-secret": base64.b64encode(b"garbage").decode()}}
    for repair in range(1, 4):
        world.must(world.api.merge_patch(where + "?fieldManager=helmfile", garbage))
        world.wait_secret("one", lambda one: one and one.annotation("revision") == str(repair + 1), "it is put right")
        world.wait_ready("one")
        assert world.token("one") == 200
    world.must(world.api.merge_patch(where + "?fieldManager=helmfile", garbage))
    message = stalled(world, "one", "SecretContended")
    assert "helmfile" in message and "spec.secret.name" in message
    left_alone = world.secret("one").resource_version
    world.settle()
    assert world.secret("one").resource_version == left_alone
