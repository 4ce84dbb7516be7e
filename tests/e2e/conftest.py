"""End-to-end tests: a real control plane, the operator as its own user, the embedded registry.

    plane       the control plane of this run of pytest
    controller  the operator, running as it is installed; a test may stop, kill or start it in another way, and the next
                test finds it running again
    world       a namespace, an apiclient-registry and a ClusterClientRegistry of this test alone
    audit       who asked the API server for what
    numbers     lines for the end of the output, and for the file that APICLIENT_NUMBERS names: counts, times, memory

Programs come from APICLIENT_CONTROLLER, APICLIENT_REGISTRY and APICLIENT_CONTROLLER_CHECKPOINTS, by default build/dev.
"""

import os
import sys
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).resolve().parents[2]
for _folder in ("tools/lib", "tests/support", "tests/e2e/support"):
    sys.path.insert(0, str(_REPOSITORY / _folder))

from audit import AuditLog  # noqa: E402
from controlplane import ControlPlane  # noqa: E402
from controller import Controller  # noqa: E402
from kubeapi import KubeApi  # noqa: E402
from status_watch import StatusWatch  # noqa: E402
from world import World  # noqa: E402

_numbers = []


@pytest.fixture(scope="session")
def plane():
    with ControlPlane.temporary() as started:
        started.install()
        yield started


@pytest.fixture(scope="session")
def api(plane):
    """The API server as admin."""
    return KubeApi.from_kubeconfig(plane.kubeconfig())


@pytest.fixture(scope="session")
def audit(plane, api):
    return AuditLog(plane.audit_log, api)


@pytest.fixture(scope="session")
def _controller_of_session(plane, api):
    controller = Controller(plane, api)
    yield controller
    controller.stop()


@pytest.fixture
def controller(_controller_of_session):
    _controller_of_session.ensure_default()
    yield _controller_of_session
    _controller_of_session.ensure_default()


@pytest.fixture(scope="session")
def _status_watch(api):
    watch = StatusWatch(api)
    yield watch
    watch.stop()


@pytest.fixture
def make_world(plane, api, audit, controller, _status_watch):
    """make_world(**registry_spec) for tests that need a second one, or a registry with other settings; a world of
    another `kind` has another registry."""
    worlds = []

    def make(kind=World, **registry_spec):
        worlds.append(kind(plane, api, audit, controller, registry_spec))
        return worlds[-1].open()

    yield make
    controller.ensure_default()
    for world in reversed(worlds):
        world.close()
    for world in worlds:
        _status_watch.check(world)


@pytest.fixture
def world(make_world):
    return make_world()


@pytest.fixture(scope="session")
def numbers():
    """numbers("issue", "5 writes") adds a line to the end of the output."""
    return lambda title, text: _numbers.append(f"{title}: {text}")


def pytest_terminal_summary(terminalreporter):
    if _numbers:
        terminalreporter.section("numbers")
        for line in _numbers:
            terminalreporter.write_line(line)
    if file := os.environ.get("APICLIENT_NUMBERS"):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text("".join(f"{line}\n" for line in _numbers))
