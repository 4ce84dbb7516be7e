"""Every example is accepted by the API server as it is, and with other ports by kustomize as examples/README.md shows."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
FILES = sorted(EXAMPLES.glob("*.yaml"))


def kubectl(*arguments):
    done = subprocess.run(["kubectl", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def applied(namespace):
    """Applies a file and removes its objects at the end."""
    files = []

    def apply(file):
        files.append(file)
        return kubectl("apply", "-n", namespace, "--validate=strict", "-f", str(file))

    yield apply
    for file in files:
        kubectl("delete", "-n", namespace, "--ignore-not-found", "-f", str(file))


def test_there_are_examples():
    assert [file.name for file in FILES] == [
        "adopt.yaml", "client-registry.yaml", "dynamic-registration.yaml", "hydra.yaml", "keycloak.yaml",
        "lifecycle.yaml", "machine.yaml", "migrate-from-hydra-maester.yaml", "public.yaml", "quickstart.yaml",
        "registry-basic.yaml", "registry-client-credentials.yaml", "registry-tls.yaml",
        "restart-targets.yaml", "rotation-schedule.yaml", "rotation.yaml", "web.yaml"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_an_example_is_applied(applied, file):
    objects = list(yaml.safe_load_all(file.read_text()))
    said = applied(file)
    assert said.count(" created\n") == len(objects)
    assert "Warning" not in said


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_applying_again_changes_nothing(applied, namespace, file):
    applied(file)
    assert kubectl("diff", "-n", namespace, "-f", str(file)) == ""
    again = kubectl("apply", "-n", namespace, "-f", str(file))
    assert all(line.endswith(" unchanged") for line in again.splitlines())


def test_every_example_is_in_the_readme():
    text = (EXAMPLES / "README.md").read_text()
    assert [file.name for file in FILES if f"({file.name})" not in text] == []


def test_other_ports_by_kustomize(tmp_path):
    (kustomization,) = re.findall(r"```yaml\n(# kustomization.yaml\n.*?)```", (EXAMPLES / "README.md").read_text(), re.S)
    (tmp_path / "kustomization.yaml").write_text(kustomization)
    shutil.copy(EXAMPLES / "quickstart.yaml", tmp_path)
    built = yaml.safe_load_all(kubectl("kustomize", str(tmp_path)))
    (registry,) = (document for document in built if document["kind"] == "ClusterClientRegistry")
    assert registry["spec"]["embedded"]["adminUrl"] == "http://registry.example.com:9081"
    assert registry["spec"]["issuer"] == "http://registry.example.com:9080"
