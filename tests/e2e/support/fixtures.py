"""The fixtures of every suite that runs the operator; conftest.py of each says what they are."""

import os
from pathlib import Path

import pytest
from audit import AuditLog
from controller import Controller
from controlplane import ControlPlane
from kubeapi import KubeApi
from status_watch import StatusWatch
from world import World

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
