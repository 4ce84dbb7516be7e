"""Each code block of the docs is typed by a test, or looked at by the API server, or the table here says why not."""

import json

import peer_binaries
import pytest
import yaml
from documented import blocks, page_text
from processes import Failed
from repository import REPOSITORY

PAGES = sorted(str(file.relative_to(REPOSITORY / "docs")) for file in (REPOSITORY / "docs").rglob("*.md")) + [
    "../README.md", "../CONTRIBUTING.md", "../examples/README.md", "../tools/README.md"]

# Pages whose commands are typed from the first to the last, and by which test.
TYPED = {
    "tutorial.md": "tests/docs/test_tutorial.py",
    "rotation.md": "tests/docs/test_pages.py",
    "gitops.md": "tests/gitops/test_argocd.py",
    "installation.md": "tests/chart/test_install.py",
    "../examples/README.md": "tests/docs/test_pages.py",
    "how-to/air-gapped.md": "tests/docs/test_how_tos.py",
    "how-to/backup-and-restore.md": "tests/docs/test_restore.py",
    "how-to/consumers.md": "tests/docs/test_how_tos.py",
    "how-to/emergency-revocation.md": "tests/docs/test_how_tos.py",
    "how-to/moving-a-cluster.md": "tests/docs/test_restore.py",
    "how-to/several-installations.md": "tests/docs/test_how_tos.py",
    "how-to/strict-rights.md": "tests/docs/test_how_tos.py",
    "../README.md": "tests/docs/test_tutorial.py",
}
# Commands that a typed page shows and nobody types: (page, heading): why.
NOT_TYPED = {
    ("../README.md", "apiclient-operator"): "what every developer and .ci/run type",
    ("how-to/air-gapped.md", "The image"): "needs two registries of images",
    ("installation.md", "The image"): "tests/image",
}
# Blocks of other pages: (page, heading): why, or the test that does the same by other means.
OTHERWISE = {
    ("architecture.md", "The flow of one change"): "a drawing",
    ("audit.md", "Audit lines"): "there is no kubelet that has logs",
    ("migrate-from-hydra-maester.md", "1. Let this operator see Hydra, and allow the adoption"): "tests/e2e/test_migration.py",
    ("migrate-from-hydra-maester.md", "2. Make hydra-maester let go"): "tests/e2e/test_migration.py",
    ("migrate-from-hydra-maester.md", "3. Show the secret, and take the client over"): "tests/e2e/test_migration.py",
    ("migrate-from-hydra-maester.md", "5. Take the old object away"): "tests/e2e/test_migration.py",
    ("registries.md", "Ory Hydra"): "tests/e2e/test_hydra.py",
    ("registries.md", "Keycloak"): "tests/e2e/test_keycloak.py",
    ("registries.md", "Dynamic client registration"): "tests/peers",
    ("registry-api.md", "Running it"): "tests/e2e/support/registry.py",
    ("registry-api.md", "A new signing key"): "tests/integration/registry",
    ("registry-api.md", "`POST /oauth2/token`"): "tests/integration/registry",
    ("registry-api.md", "`POST /oauth2/introspect`"): "tests/integration/registry",
    ("registry-api.md", "A client"): "tests/integration/registry",
    ("registry-api.md", "Create"): "tests/integration/registry",
    ("registry-api.md", "Errors"): "tests/integration/registry",
    ("runbook.md", "Runbook"): "the names are to be filled in",
    ("runbook.md", "ApiClientDeletionBlocked"): "tests/e2e/test_deletion_blocked.py",
    ("testing.md", "Running some of them"): "what a developer types",
    ("../CONTRIBUTING.md", "Get going"): "what a developer types",
    ("../tools/README.md", "Control plane"): "what a developer types",
    ("../tools/README.md", "Peers"): "what a developer types",
    ("../tools/README.md", "The former version"): "what a developer types",
    ("../tools/README.md", "Image"): "what a developer types",
}
# YAML that is no manifest: (page, heading): the kind that it is a part of, or why it is none.
FRAGMENTS = {
    ("adoption.md", "What it needs"): "ClusterClientRegistry",
    ("gitops.md", "Rotation from Git"): "ApiClient",
    ("rotation.md", "The schedule"): "ApiClient",
    ("rotation.md", "Consumers"): "ApiClient",
    ("registries.md", "Registries of a namespace"): "ApiClient",
    ("how-to/several-installations.md", "Several in one cluster"): "values of the chart, which tests/chart checks",
    ("../examples/README.md", "Examples"): "tests/e2e/test_examples.py",
}
PARTS = {  # what a fragment is put into
    "ApiClient": {"apiVersion": "apiclient.dev/v1alpha1", "metadata": {"name": "shown"}, "spec": {"displayName": "Shown"}},
    "ClusterClientRegistry": {
        "apiVersion": "apiclient.dev/v1alpha1", "metadata": {"name": "shown"},
        "spec": {"embedded": {"adminUrl": "http://registry.example.com:9081"}, "issuer": "http://registry.example.com:9080",
                 "tenant": "acme"}},
    "Deployment": {"apiVersion": "apps/v1", "metadata": {"name": "shown"}, "spec": {
        "selector": {"matchLabels": {"app": "shown"}}, "template": {
            "metadata": {"labels": {"app": "shown"}}, "spec": {"containers": [{"name": "shown", "image": "shown"}]}}}},
}
FOREIGN = {"ServiceBinding": "the kind of another project, which the tests do not have"}

BLOCKS = [block for page in PAGES for block in blocks(page)]


def place(block):
    return block.page, block.heading


def manifests(block):
    """The objects that a block of YAML shows; what is a part of one is completed."""
    for one in yaml.safe_load_all(block.text):
        if one and "kind" in one:
            yield one
        elif block.text.startswith("# at the "):
            yield completed(one, block.text.splitlines()[0].removeprefix("# at the "))
        elif FRAGMENTS.get(place(block)) in PARTS:
            yield completed(one, FRAGMENTS[place(block)])


def completed(part, kind):
    whole = json.loads(json.dumps({**PARTS[kind], "kind": kind}))
    if not part.keys() & {"metadata", "spec"}:
        part = {"spec": part}
    for member, value in part.items():
        whole[member].update(value)
    return whole


def explained(block):
    """Why nothing has to be typed or looked at, or None."""
    if block.language == "yaml" and list(manifests(block)):
        return "the API server looks at it"
    if block.language == "json":
        return "test_json_can_be_read"
    if block.language == "yaml":
        return FRAGMENTS.get(place(block))
    return TYPED.get(block.page) or OTHERWISE.get(place(block))


@pytest.mark.parametrize("page", PAGES)
def test_each_block_is_accounted_for(page):
    assert not [str(block) for block in BLOCKS if block.page == page and not explained(block)]


def test_the_tables_name_what_is_there():
    places = {place(block) for block in BLOCKS}
    assert not [row for row in (*NOT_TYPED, *OTHERWISE, *FRAGMENTS) if row not in places]
    for reason in (*TYPED.values(), *OTHERWISE.values(), *FRAGMENTS.values()):
        assert not reason.startswith("tests/") or (REPOSITORY / reason).exists(), reason


@pytest.mark.parametrize("page,test", TYPED.items())
def test_a_typed_page_is_named_by_its_test(page, test):
    assert f'"{page}"' in (REPOSITORY / test).read_text()


def test_json_can_be_read():
    """Lines of JSON, or one value, or members of one."""
    for block in (one for one in BLOCKS if one.language == "json"):
        texts = block.text.splitlines() if block.text.startswith('{"audit"') else [block.text]
        for text in texts:
            json.loads(text if text.startswith(("{", "[")) else f"{{{text}}}")


# Manifests

@pytest.fixture(scope="module")
def cluster(plane):
    """With the kinds of hydra-maester too, which one page is about."""
    plane.kubectl("apply", "-f", peer_binaries.oauth2client_crd())
    plane.kubectl("wait", "--for=condition=Established", "crd/oauth2clients.hydra.ory.sh", "--timeout=30s")
    return plane


SHOWN = [pytest.param(one, id=f"{block.page}:{block.line} {one['kind']}") for block in BLOCKS if block.language == "yaml"
         for one in manifests(block)]


@pytest.mark.parametrize("manifest", SHOWN)
def test_the_api_server_takes_what_is_shown(cluster, manifest):
    if manifest["kind"] in FOREIGN:
        assert manifest["metadata"]["name"] and manifest["spec"]
        return
    if namespace := manifest["metadata"].get("namespace"):
        cluster.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}))
    cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", stdin=yaml.safe_dump(manifest))


def test_a_field_that_does_not_exist_is_seen(cluster):
    wrong = completed({"spec": {"displayNmae": "typing error"}}, "ApiClient")
    with pytest.raises(Failed, match="displayNmae"):
        cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", stdin=yaml.safe_dump(wrong))


def test_pages_are_read_as_they_are():
    """Blocks in lists too, and no more of them than there are fences."""
    for page in PAGES:
        fences = [line for line in page_text(page).splitlines() if line.lstrip().startswith("```")]
        assert len(fences) == 2 * len(blocks(page)), page
