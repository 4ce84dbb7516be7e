"""End-to-end tests: a real control plane, the operator as its own user, the embedded registry.

    plane       the control plane of this run of pytest
    controller  the operator, running as it is installed; a test may stop, kill or start it in another way, and the next
                test finds it running again
    world       a namespace, an apiclient-registry and a ClusterClientRegistry of this test alone
    audit       who asked the API server for what
    numbers     lines for the end of the output, and for the file that APICLIENT_NUMBERS names: counts, times, memory

Programs come from APICLIENT_CONTROLLER, APICLIENT_REGISTRY and APICLIENT_CONTROLLER_CHECKPOINTS, by default build/dev.
"""

import sys
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[2]
for _folder in ("tools/lib", "tests/support", "tests/e2e/support"):
    sys.path.insert(0, str(_REPOSITORY / _folder))

from fixtures import (api, audit, controller, make_world, numbers, plane, pytest_terminal_summary, world,  # noqa: E402
                      _controller_of_session, _status_watch)

__all__ = ["api", "audit", "controller", "make_world", "numbers", "plane", "pytest_terminal_summary", "world",
           "_controller_of_session", "_status_watch"]
