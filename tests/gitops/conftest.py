"""The tools that carry manifests from Git into a cluster, with the operator at work there. Fixtures are as in tests/e2e."""

import sys
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[2]
for _folder in ("tools/lib", "tests/support", "tests/e2e/support", "tests/chart/support", "tests/gitops/support"):
    sys.path.insert(0, str(_REPOSITORY / _folder))

from fixtures import (api, audit, controller, make_world, plane, world,  # noqa: E402
                      _controller_of_session, _status_watch)

__all__ = ["api", "audit", "controller", "make_world", "plane", "world", "_controller_of_session", "_status_watch"]
