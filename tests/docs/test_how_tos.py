"""The short pages below docs/how-to/, typed as they are: those about clients in the playground, those about installations each
in a control plane of its own. backup-and-restore and moving-a-cluster are in test_restore.py."""

import json
import os
import stat
import subprocess

import pytest
import yaml
from chart import NAMESPACE, RELEASE, helm
from controlplane import ControlPlane
from documented import blocks, environment
from kubeapi import KubeApi, path
from reader import Reader
from registry import token_status
from secret_view import SecretView

TEAM = "team-a"


def manifest(page, kind):
    """The manifest of this kind in a page."""
    found = [one for block in blocks(page) if block.language == "yaml" for one in yaml.safe_load_all(block.text)
             if one.get("kind") == kind]
    assert len(found) == 1, f"{page} shows {len(found)} of kind {kind}"
    return found[0]


class Team:
    """The namespace of the pages, with the registry of the playground."""

    def __init__(self, playground):
        self.playground, self.plane = playground, playground.plane
        self.api = KubeApi.from_kubeconfig(self.plane.kubeconfig())

    def apply(self, *manifests):
        self.plane.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(manifests))

    def apply_client(self, name):
        client = manifest("how-to/consumers.md", "ApiClient")
        client["metadata"]["name"] = name
        self.apply(client)
        self.plane.kubectl("-n", TEAM, "wait", f"apiclient/{name}", "--for=condition=Ready", "--timeout=30s")

    def secret(self, name):
        answer = self.api.get(path("v1", "secrets", TEAM, name))
        assert answer.ok, answer.message
        return SecretView(answer.body)

    def rotate(self, name, token):
        self.plane.kubectl("-n", TEAM, "annotate", f"apiclient/{name}", "--overwrite", f"apiclient.dev/rotate={token}")
        self.plane.kubectl("-n", TEAM, "wait", f"apiclient/{name}", "--timeout=30s",
                           f"--for=jsonpath={{.status.rotation.lastHandledToken}}={token}")

@pytest.fixture
def team(playground, tmp_path):
    one = Team(playground)
    quickstart = playground.reader("tutorial.md", tmp_path).directory / "examples" / "quickstart.yaml"
    one.apply(next(yaml.safe_load_all(quickstart.read_text())))  # the registry
    one.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TEAM}})
    one.apply_client("billing")
    yield one
    one.plane.kubectl("delete", "apiclients", "-n", TEAM, "--all")
    one.plane.kubectl("delete", "clusterclientregistries", "--all")

# Clients

def test_consumers(team, tmp_path):
    reader = team.playground.reader("how-to/consumers.md", tmp_path)
    with_names = team.secret("billing")
    for key, name in (("client-id", "OAUTH_CLIENT_ID"), ("token-uri", "OAUTH_TOKEN_URL")):
        assert with_names.text(key) == with_names.text(name)
    assert with_names.fingerprint() == with_names.fingerprint("OAUTH_CLIENT_SECRET")
    reader.run_one(".env")
    assert stat.S_IMODE((reader.directory / ".env").stat().st_mode) == 0o600
    assert "access_token" in json.loads(reader.run_one(".env"))
    reader.finish()

def test_a_service_binding_leads_to_the_credentials(team, tmp_path):
    """What a controller of the specification does with the ServiceBinding of the page, with no more than the role for it: it
    finds the name of the Secret. The kubelet projects that as files, and the program looks there."""
    binding = manifest("how-to/consumers.md", "ServiceBinding")
    service = binding["spec"]["service"]
    team.plane.kubectl("create", "clusterrolebinding", "binder", "--clusterrole=apiclient-service-binding", "--user=binder")
    binder = KubeApi.from_kubeconfig(team.plane.user("binder"))
    answer = binder.get(path(service["apiVersion"], "apiclients", TEAM, service["name"]))
    name = answer.body["status"]["binding"]["name"]
    assert binder.get(path("v1", "secrets", TEAM, name)).status == 403, "nobody has to read it for that"
    secret = team.secret(name)
    assert secret.type == "servicebinding.io/oauth2" and secret.text("type") == "oauth2" and secret.text("provider")
    projected = tmp_path / "bindings" / binding["metadata"]["name"]
    projected.mkdir(parents=True)
    for key in secret.keys:
        (projected / key).write_text(secret.reveal(key))
    program = """cd "$SERVICE_BINDING_ROOT"/*/
[ "$(cat type)" = oauth2 ]
printf 'user = "%s:%s"\\n' "$(cat client-id)" "$(cat client-secret)" |
  curl --silent --fail --config - --data grant_type=client_credentials "$(cat token-uri)" """
    done = subprocess.run(["bash", "-ec", program], env={**os.environ, "SERVICE_BINDING_ROOT": str(tmp_path / "bindings")},
                          capture_output=True, text=True)
    assert done.returncode == 0 and "access_token" in json.loads(done.stdout)

def test_emergency_revocation(team, tmp_path):
    team.apply_client("invoices")
    team.rotate("billing", "before")
    leaked = {name: team.secret(name) for name in ("billing", "invoices")}
    assert {token_status(one) for one in leaked.values()} == {200}
    reader = team.playground.reader("how-to/emergency-revocation.md", tmp_path)
    assert reader.run_one().strip() == "yes"
    reader.run("One client")
    assert (token_status(leaked["billing"]), token_status(team.secret("billing"))) == (401, 200)
    assert token_status(leaked["invoices"]) == 200, "the other one is left alone"
    reader.run("All clients of a namespace")
    assert token_status(leaked["invoices"]) == 401
    assert {token_status(team.secret(name)) for name in leaked} == {200}
    present = team.secret("billing")
    reader.run_one("No access at all")
    assert token_status(present) == 401
    reader.run_one("No access at all")
    assert token_status(present) == 200
    assert "Compromised" in reader.run("Afterwards")
    reader.finish()

# Installations

@pytest.fixture(scope="module")
def bare():
    """A control plane that nothing was installed in. Nobody makes Pods there."""
    with ControlPlane.temporary(controller_manager=False) as plane:
        yield plane


@pytest.fixture
def empty(bare, tmp_path):
    """empty(page): a Reader there, and the API. What it installs by Helm goes again; the CRDs stay."""
    yield lambda page: (Reader(page, tmp_path, environment(bare)), KubeApi.from_kubeconfig(bare.kubeconfig()))
    helm("uninstall", RELEASE, "--namespace", NAMESPACE, "--ignore-not-found", kubeconfig=bare.kubeconfig())


def container(api):
    answer = api.get(path("apps/v1", "deployments", NAMESPACE, "apiclient-operator"))
    assert answer.ok, answer.message
    return answer.body["spec"]["template"]["spec"]["containers"][0]

def test_the_installation_of_the_readme(empty):
    reader, api = empty("../README.md")
    reader.skip("")
    reader.run("Install it")
    assert container(api)["command"] == ["apiclient-controller"]


def test_an_installation_has_the_id_that_it_was_given(empty):
    reader, api = empty("how-to/several-installations.md")
    reader.run()
    reader.finish()
    assert "--installation-id=prod-1" in container(api)["args"]

IMAGE = "images.internal/apiclient-operator@sha256:" + "0123456789abcdef" * 4


def test_an_installation_without_the_internet(empty):
    reader, api = empty("how-to/air-gapped.md")
    reader.skip("The image")
    reader.run("The chart")
    assert container(api)["image"] == IMAGE


def test_strict_rights(empty):
    reader, api = empty("how-to/strict-rights.md")
    reader.run("People's")
    reader.finish()
    aggregated = api.get(path("rbac.authorization.k8s.io/v1", "clusterroles", name="apiclient-editor")).body
    assert "rbac.authorization.k8s.io/aggregate-to-edit" not in aggregated["metadata"].get("labels", {})


def test_plain_manifests_without_the_internet(empty):
    """The last one here: nobody takes them away."""
    reader, api = empty("how-to/air-gapped.md")
    for section in ("The image", "The chart", "The chart"):
        reader.skip(section)
    reader.run("Or plain manifests")
    reader.finish()
    assert container(api)["image"] == IMAGE
