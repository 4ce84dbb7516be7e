"""The real tools that carry manifests from Git into a cluster, with the operator at work there.

    argocd      Argo CD's command line with examples/gitops/argocd-cm.yaml
    pipeline    a Git repository that Flux applies to the namespace of the world

The others are as in tests/e2e.
"""

import sys
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).resolve().parents[2]
for _folder in ("tools/lib", "tests/support", "tests/e2e/support", "tests/chart/support", "tests/gitops/support"):
    sys.path.insert(0, str(_REPOSITORY / _folder))

from argocd import ArgoCd  # noqa: E402
from fixtures import (api, audit, controller, make_world, plane, world,  # noqa: E402
                      _controller_of_session, _status_watch)
from flux import Flux, Pipeline  # noqa: E402

__all__ = ["api", "audit", "controller", "make_world", "plane", "world", "_controller_of_session", "_status_watch"]


@pytest.fixture
def argocd(tmp_path):
    return ArgoCd(tmp_path)


@pytest.fixture(scope="session")
def flux(plane):
    running = Flux(plane)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def pipeline(flux, world, tmp_path):
    opened = Pipeline(world, tmp_path / "repository").open()
    yield opened
    opened.close()
