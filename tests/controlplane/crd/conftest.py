"""Tables of the API server's answers to good and bad objects. Run under a control plane with our CRDs installed:

    tools/controlplane run -- /usr/bin/python3 -m pytest tests/controlplane/crd
"""

import sys
from pathlib import Path

import pytest

_TESTS = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(_TESTS / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from kubeapi import KubeApi, path  # noqa: E402

NAMESPACE = "crd-tests"


@pytest.fixture(scope="session")
def api():
    return KubeApi.from_kubeconfig()


@pytest.fixture(scope="session")
def namespace(api):
    """A namespace of our own, removed at the end."""
    created = api.post(path("v1", "namespaces"), {"metadata": {"name": NAMESPACE}})
    assert created.status in (201, 409), created.message
    yield NAMESPACE
    api.delete(path("v1", "namespaces", name=NAMESPACE))
