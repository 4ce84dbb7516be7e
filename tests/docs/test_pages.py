"""Commands of the pages that explain one thing, in the playground."""

import pytest
import yaml


@pytest.fixture
def registry(playground, tmp_path):
    """The registry of examples/quickstart.yaml, which is the default one."""
    quickstart = playground.reader("tutorial.md", tmp_path).directory / "examples" / "quickstart.yaml"
    playground.plane.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(next(yaml.safe_load_all(quickstart.read_text()))))
    yield
    playground.plane.kubectl("delete", "apiclients,deployments", "--all", "-n", "default")
    playground.plane.kubectl("delete", "clusterclientregistries", "--all")


def test_rotation(playground, registry, tmp_path):
    playground.plane.kubectl("apply", "-f", "-", stdin=yaml.safe_dump({
        "apiVersion": "apiclient.dev/v1alpha1", "kind": "ApiClient", "metadata": {"name": "invoices"},
        "spec": {"displayName": "Invoices"}}))
    playground.plane.kubectl("wait", "apiclient/invoices", "--for=condition=Ready", "--timeout=30s")
    playground.plane.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team-a"}}))
    reader = playground.reader("rotation.md", tmp_path)
    assert "condition met" in reader.run_one()
    reader.run("Consumers")
    reader.finish()


def test_the_first_example(playground, registry, tmp_path):
    reader = playground.reader("../examples/README.md", tmp_path)
    assert reader.run().endswith("acme_default_quickstart")
    reader.finish()
