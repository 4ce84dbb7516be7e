"""`kubectl apply -k` installs the same."""

import subprocess

import yaml
from chart import render
from controlplane import ControlPlane
from documented import commands, run
from repository import REPOSITORY

KUSTOMIZATION = """
resources: [../../checkout]
namespace: another
images: [{name: apiclient-operator, newName: registry.example.com/apiclient-operator, newTag: "1"}]
"""


def test_they_are_what_the_chart_says():
    done = subprocess.run([REPOSITORY / "tools" / "plain-manifests", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_they_are_applied_as_they_are(tmp_path):
    install, = commands("installation.md", "Without Helm")
    with ControlPlane.temporary(controller_manager=False) as plane:
        for _ in range(2):
            said = run(plane, install)
            assert said.count("serverside-applied") == len(render()) + 4, "the CRDs and the namespace too"


def test_kustomize_changes_them(plane, tmp_path):
    """Another namespace and image, as people do it."""
    overlay = tmp_path / "overlays" / "prod"
    overlay.mkdir(parents=True)
    (tmp_path / "checkout").symlink_to(REPOSITORY)
    (overlay / "kustomization.yaml").write_text(KUSTOMIZATION)
    objects = list(yaml.safe_load_all(plane.kubectl("kustomize", overlay)))
    deployment, = (one for one in objects if one["kind"] == "Deployment")
    assert deployment["metadata"]["namespace"] == "another"
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.example.com/apiclient-operator:1"
    bindings = [one for one in objects if one["kind"] in ("ClusterRoleBinding", "RoleBinding")]
    assert {subject["namespace"] for one in bindings for subject in one["subjects"]} == {"another"}
