"""Every file in examples/ is applied as it is, but for the ports: kustomize replaces them as the README shows."""

import secrets
import shutil
from pathlib import Path

import pytest
import yaml

from kubeapi import path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FILES = sorted(file.name for file in EXAMPLES.glob("*.yaml"))


def clients_in(file):
    documents = yaml.safe_load_all((EXAMPLES / file).read_text())
    return [one["metadata"]["name"] for one in documents if one["kind"] == "ApiClient"]


def kustomization_of_readme():
    """The block in examples/README.md, which is a part of what is tested."""
    text = (EXAMPLES / "README.md").read_text()
    return yaml.safe_load(text.split("```yaml\n# kustomization.yaml\n")[1].split("```")[0])


@pytest.fixture
def applied(world, tmp_path):
    """apply(file) applies it together with quickstart.yaml, which brings the default registry."""
    world.create_credentials("registry-admin")
    world.registry_names.append("default")

    def apply(file):
        kustomization = kustomization_of_readme()
        kustomization["resources"] = sorted({"quickstart.yaml", file})
        kustomization["patches"][0]["patch"] = (
            f'- {{op: replace, path: /spec/embedded/adminUrl, value: "{world.registry.admin_url}"}}\n'
            f'- {{op: replace, path: /spec/issuer, value: "{world.registry.issuer}"}}\n')
        for name in kustomization["resources"]:
            shutil.copy(EXAMPLES / name, tmp_path / name)
        (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        return world.plane.kubectl("-n", world.namespace, "apply", "-k", tmp_path)

    yield apply
    world.api.delete(path("v1", "secrets", "apiclient-system", "registry-admin"))


def test_there_are_examples_of_every_type():
    assert {"quickstart.yaml", "machine.yaml", "web.yaml", "public.yaml", "adopt.yaml"} <= set(FILES)


@pytest.mark.parametrize("file", [file for file in FILES if file != "adopt.yaml"])
def test_the_example_becomes_ready(world, applied, file):
    applied(file)
    world.wait_registry("Reachable", "default")
    names = clients_in(file)
    assert names, f"{file} shows no ApiClient"
    for name in names:
        client = world.wait_ready(name)
        assert client["status"]["clientId"].startswith(f"acme_{world.namespace}_")
        assert world.secret(client["status"]["binding"]["name"]), "the Secret that the status names is there"
    assert "unchanged" in applied(file) and "configured" not in applied(file), "applying it again changes nothing"


def test_the_adopt_example_takes_a_client_over(world, applied):
    applied("quickstart.yaml")
    world.wait_registry("Reachable", "default")
    value = secrets.token_urlsafe(32)
    status, _ = world.registry.admin("POST", "/clients", {
        "client_id": "legacy-billing", "client_name": "By hand", "type": "machine",
        "secret": {"operation_id": "by-hand", "revision": 1, "value": value}})
    assert status == 201
    shown = world.create_secret("legacy-billing-present", {"client-secret": value}, metadata={
        "name": "legacy-billing-present", "labels": {"apiclient.dev/usable-by": "adopt"}})
    world.patch_registry({"spec": {"allowAdoption": [
        {"namespaces": [world.namespace], "clientIds": ["legacy-billing"]}]}}, "default")
    applied("adopt.yaml")
    assert world.wait_ready("legacy-billing")["status"]["clientId"] == "legacy-billing"
    assert world.secret("legacy-billing").fingerprint() == shown.fingerprint()


def test_the_quickstart_gets_a_token(world, applied):
    applied("quickstart.yaml")
    world.wait_ready("quickstart")
    assert world.token("quickstart") == 200


def test_the_machine_example_has_the_keys_it_asks_for(world, applied):
    applied("machine.yaml")
    world.wait_ready("invoice-exporter")
    secret = world.secret("invoice-exporter-oauth")
    assert {"OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET"} <= set(secret.keys)
    assert secret.text("OAUTH_CLIENT_ID") == f"acme_{world.namespace}_invoices"
