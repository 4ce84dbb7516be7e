"""Flux's own source-controller and kustomize-controller carry ApiClients from a Git repository into the cluster."""

import pytest
from documented import commands, run
from kstatus import conditions, is_ready
from rotation import revision, wait_handled, wait_refused, works

ROTATE = "apiclient.dev/rotate"


def versions(world, name):
    return world.client(name)["metadata"]["resourceVersion"], world.secret(name).resource_version


def secret_ids(world, name):
    """In the registry."""
    return [one["id"] for one in world.registered(name)["secrets"]]


def issue(pipeline, world, name, **annotations):
    """From Git; returns when Flux says that all is well."""
    pipeline.commit(**{name: pipeline.manifest(name, annotations)})
    pipeline.wait_healthy()
    return world.secret(name)


def test_it_is_healthy_when_the_client_is_ready_and_not_before(pipeline, world):
    issue(pipeline, world, "one")
    assert is_ready(world.client("one")) and world.token("one") == 200
    world.registry.stop()
    pipeline.commit(two=pipeline.manifest("two"))
    assert f"timeout waiting for: [ApiClient/{world.namespace}/two status: 'InProgress']" in pipeline.wait_unhealthy()
    assert not is_ready(world.client("two"))
    world.registry.start()
    pipeline.wait_healthy(90)
    assert is_ready(world.client("two")) and world.token("two") == 200
    since = conditions(world.client("two"))["Ready"]["lastTransitionTime"]
    assert since <= pipeline.ready()["lastTransitionTime"], "not healthy before it was Ready"


def test_a_mistake_in_the_spec_fails_at_once(pipeline, world):
    pipeline.commit(one=pipeline.manifest("one", scopes=["payroll.write"]))
    said = pipeline.wait_unhealthy()
    assert "failed early" in said and f"ApiClient/{world.namespace}/one status: 'Failed'" in said
    assert conditions(world.client("one"))["Stalled"]["reason"] == "ScopeNotAllowed"
    pipeline.commit(one=pipeline.manifest("one"))
    pipeline.wait_healthy()


def test_a_new_token_rotates_once_and_ten_syncs_change_nothing(pipeline, world, audit):
    old = issue(pipeline, world, "one")
    pipeline.commit(one=pipeline.manifest("one", {ROTATE: "2026-05"}))
    wait_handled(world, "one", "2026-05")
    pipeline.wait_healthy()
    assert revision(world.client("one")) == 2 and works(old) and works(world.secret("one"))
    world.settle()
    before, mark = versions(world, "one"), audit.mark()
    secrets = secret_ids(world, "one")
    for _ in range(10):
        pipeline.sync()
    world.settle()
    assert versions(world, "one") == before
    assert secret_ids(world, "one") == secrets and len(secrets) == 2
    assert not [str(one) for one in world.writes(mark) if one.name == "one"]


def test_a_token_that_a_revert_brings_back_rotates_nothing(pipeline, world):
    issue(pipeline, world, "one")
    pipeline.commit(one=pipeline.manifest("one", {ROTATE: "first"}))
    wait_handled(world, "one", "first")
    pipeline.commit(one=pipeline.manifest("one", {ROTATE: "second:now"}))
    wait_handled(world, "one", "second:now")
    secret = world.secret("one")
    pipeline.push(pipeline.git.revert())
    wait_refused(world, "one", "first", "IdAlreadyUsed")
    pipeline.sync()
    assert revision(world.client("one")) == 3 and world.secret("one").fingerprint() == secret.fingerprint()


def test_the_command_of_the_page_survives_a_sync(pipeline, world):
    issue(pipeline, world, "invoices")
    (command,) = commands("gitops.md", "Beside Git")
    run(world.plane, command.replace("team-a", world.namespace))
    token = wait_handled(world, "invoices", "leak-7:Compromised")["metadata"]["annotations"][ROTATE]
    pipeline.sync()
    assert world.client("invoices")["metadata"]["annotations"][ROTATE] == token
    assert revision(world.client("invoices")) == 2


@pytest.mark.parametrize("manager, stays", [("apiclient-cli", True), ("kubectl-annotate", False)])
def test_what_is_annotated_beside_git_survives_a_sync_unless_kubectl_did_it(pipeline, world, manager, stays):
    issue(pipeline, world, "one")
    world.plane.kubectl("-n", world.namespace, "annotate", "apiclient/one", f"--field-manager={manager}", f"{ROTATE}=by-hand")
    wait_handled(world, "one", "by-hand")
    pipeline.sync()
    world.settle()
    client = world.client("one")
    assert client["metadata"].get("annotations", {}).get(ROTATE) == ("by-hand" if stays else None)
    assert revision(client) == 2 and is_ready(client)


def test_a_token_that_git_names_wins_over_one_by_hand_and_rotates_nothing_again(pipeline, world):
    issue(pipeline, world, "one")
    pipeline.commit(one=pipeline.manifest("one", {ROTATE: "from-git"}))
    wait_handled(world, "one", "from-git")
    world.plane.kubectl("-n", world.namespace, "annotate", "--overwrite", "apiclient/one", "--field-manager=apiclient-cli",
                        f"{ROTATE}=by-hand:now")
    wait_handled(world, "one", "by-hand:now")
    pipeline.sync()
    wait_refused(world, "one", "from-git", "IdAlreadyUsed")
    assert revision(world.client("one")) == 3


def test_what_is_taken_out_of_git_is_deleted_and_deregistered(pipeline, world):
    secret = issue(pipeline, world, "one")
    issue(pipeline, world, "two")
    pipeline.commit(one=None)
    world.wait_gone("one")
    pipeline.wait_healthy()
    assert world.registered("one") is None and world.secret("one") is None and not works(secret)
    assert world.registered("two") and world.token("two") == 200
