"""The examples for Kustomize and Helm, by the real tools, in a real control plane."""

import shlex

import pytest
import yaml
from documented import commands, run
from repository import REPOSITORY
from rotation import revision, wait_handled

EXAMPLES = REPOSITORY / "examples" / "gitops"
ROTATE = "apiclient.dev/rotate"


@pytest.fixture
def default_world(make_world):
    """Its registry is the default one, as the examples want it."""
    world = make_world()
    world.api.merge_patch(world.registry_path(world.registry_name), {
        "metadata": {"annotations": {"apiclient.dev/is-default-registry": "true"}}})
    return world


def test_kustomize_changes_names_together_and_rotates_all(default_world):
    world, where = default_world, EXAMPLES / "kustomize"
    apply = ("-n", world.namespace, "apply", "--server-side", "-k", where)
    world.plane.kubectl(*apply)
    client = world.wait_ready("staging-billing")
    assert client["spec"]["restartTargets"] == [{"kind": "Deployment", "name": "staging-billing"}]
    assert client["metadata"]["annotations"] == {ROTATE: "2026-05"}
    (deployment,) = [one for one in yaml.safe_load_all(world.plane.kubectl("kustomize", where))
                     if one["kind"] == "Deployment"]
    variables = deployment["spec"]["template"]["spec"]["containers"][0]["env"]
    secret = world.secret(client["status"]["binding"]["name"])
    for reference in (one["valueFrom"]["secretKeyRef"] for one in variables):
        assert reference["name"] == "staging-billing" and reference["key"] in secret.keys
    before = world.client("staging-billing")["metadata"]["resourceVersion"]
    world.plane.kubectl(*apply)
    assert world.client("staging-billing")["metadata"]["resourceVersion"] == before


def test_a_new_value_of_the_chart_rotates_once(default_world):
    world = default_world
    upgrade, wait = (command.replace("team-a", world.namespace) for command in commands("gitops.md", "Kustomize and Helm"))
    run(world.plane, shlex.join(word for word in shlex.split(upgrade) if word not in ("--set", "rotate=2026-06")))
    run(world.plane, wait)
    assert revision(world.client("billing")) == 1
    for _ in range(3):
        run(world.plane, upgrade)
    wait_handled(world, "billing", "2026-06")
    world.settle()
    assert revision(world.client("billing")) == 2
    run(world.plane, f"helm uninstall billing -n {world.namespace}")
    world.wait_gone("billing")
    assert world.registered("billing") is None
