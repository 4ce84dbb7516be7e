"""Every file in examples/ is applied as it is, but for the ports: kustomize replaces them as the README shows. For
hydra.yaml and keycloak.yaml that is in tests of their own."""

import secrets
import shutil
from pathlib import Path

import pytest
import yaml

from auth_front import AuthFront, Introspected, basic
from controlplane import OPERATOR_NAMESPACE
from kubeapi import path
from tls_front import SERVER_NAME, tls_front

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


# Shown with their servers, in tests of their own.
OWN_REGISTRIES = ("client-registry.yaml", "dynamic-registration.yaml", "hydra.yaml", "keycloak.yaml",
                  "migrate-from-hydra-maester.yaml")


@pytest.mark.parametrize("file", [
    file for file in FILES
    if file not in ("adopt.yaml", *OWN_REGISTRIES) and not file.startswith("registry-")])
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


# Registries

@pytest.fixture
def use_registry(world, tmp_path):
    """use_registry(file, admin_url, data, **replaced) creates the Secrets that the file's comment asks for, applies the
    file with our URLs (and what `replaced` says), and issues a client there."""
    created = []

    def use(file, admin_url, data, **replaced):
        for name, values in data.items():
            created.append(name)
            world.create_operator_secret(name, **values)
        (manifest,) = yaml.safe_load_all((EXAMPLES / file).read_text())
        name = manifest["metadata"]["name"]
        world.registry_names.append(name)
        values = {"embedded/adminUrl": admin_url, "issuer": world.registry.issuer, **replaced}
        patch = "".join(f'- {{op: replace, path: /spec/{where}, value: "{value}"}}\n'
                        for where, value in values.items())
        shutil.copy(EXAMPLES / file, tmp_path / file)
        (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump({"resources": [file], "patches": [
            {"target": {"kind": "ClusterClientRegistry", "name": name}, "patch": patch}]}))
        world.plane.kubectl("apply", "-k", tmp_path)
        world.wait_registry("Reachable", name)
        client_of(name)

    def client_of(registry):
        world.create_ready("one", registryRef={"kind": "ClusterClientRegistry", "name": registry})
        assert world.token("one") == 200
        world.delete_and_wait("one")

    yield use
    for name in created:
        world.delete_secret(name, OPERATOR_NAMESPACE)


def test_the_tls_example(world, use_registry, tmp_path):
    with tls_front(tmp_path / "pki", "operator") as (front, authority):
        front.upstream = world.registry.admin_port
        use_registry("registry-tls.yaml", front.url, {
            "registry-ca": {"ca.crt": authority.certificate("ca").read_text()},
            "registry-client-certificate": {"tls.crt": authority.certificate("operator").read_text(),
                                            "tls.key": authority.key("operator").read_text()},
            "registry-admin": {"token": world.registry.admin_token}}, **{"tls/serverName": SERVER_NAME})
        assert front.seen("POST"), "registered through the TLS front"


def test_the_basic_example(world, use_registry):
    with AuthFront(basic("operator", "a-password-of-the-example")) as front:
        front.registry = world.registry
        use_registry("registry-basic.yaml", front.url, {
            "registry-login": {"username": "operator", "password": "a-password-of-the-example"}})
        assert front.seen("POST") and front.refused() == 0


def test_the_client_credentials_example(world, use_registry):
    secret = secrets.token_urlsafe(32)
    status, _ = world.registry.admin("POST", "/clients", {
        "client_id": "the-operator", "client_name": "The operator itself", "type": "machine", "scope": "admin",
        "secret": {"operation_id": "by-hand", "revision": 1, "value": secret}})
    assert status == 201
    with AuthFront(Introspected(world.registry, "the-operator", secret, "admin")) as front:
        front.registry = world.registry
        use_registry("registry-client-credentials.yaml", front.url, {
            "registry-client": {"client-id": "the-operator", "client-secret": secret}})
        assert front.seen("POST") and front.refused() == 0


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
