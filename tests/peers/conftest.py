"""The conformance suite: what must hold with every kind of registry, shown with the real server of one, from YAML only.

    peer        the server: that of APICLIENT_PEER, by default "embedded"
    world       a namespace, and a ClusterClientRegistry that leads to the peer by way of a FaultProxy (world.proxy)
    make_world  for tests that need other settings, a second one or one of another `kind`

The others are as in tests/e2e. What a kind of registry cannot do is asserted as refused with its reason, never left out.
APICLIENT_PEER_RESULTS names a file for the outcome of each case.
"""

import json
import os
import sys
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).resolve().parents[2]
for _folder in ("tools/lib", "tests/support", "tests/e2e/support", "tests/peers/support"):
    sys.path.insert(0, str(_REPOSITORY / _folder))

from embedded_peer import EmbeddedPeer  # noqa: E402
from fault_proxy import FaultProxy  # noqa: E402
from fixtures import (api, audit, controller, numbers, plane, pytest_terminal_summary,  # noqa: E402
                      _controller_of_session, _status_watch)
from hydra_peer import HydraPeer  # noqa: E402
from keycloak_peer import KeycloakPeer  # noqa: E402
from oidc_provider_peer import OidcProviderPeer  # noqa: E402
from peer_world import PeerWorld  # noqa: E402

__all__ = ["api", "audit", "controller", "numbers", "plane", "pytest_terminal_summary", "_controller_of_session",
           "_status_watch"]

KINDS = {one.kind: one for one in (EmbeddedPeer, HydraPeer, KeycloakPeer, OidcProviderPeer)}
KIND = KINDS[os.environ.get("APICLIENT_PEER", "embedded")]
_outcomes, _capabilities = {}, {}


@pytest.fixture(scope="session")
def peer(plane):
    server = KIND(plane)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def make_world(plane, api, audit, controller, peer, _status_watch):
    worlds = []

    def make(kind=PeerWorld, **spec):
        proxy = FaultProxy()
        proxy.__enter__()
        worlds.append(kind(plane, api, audit, controller, peer, proxy, spec))
        return worlds[-1].open()

    yield make
    controller.ensure_default()
    for world in reversed(worlds):
        world.proxy.clear()
        world.close()
        world.proxy.__exit__()
    for world in worlds:
        _status_watch.check(world)


@pytest.fixture
def world(make_world):
    return make_world()


@pytest.fixture
def seen_capabilities():
    """What is put into it goes beside the outcomes."""
    return _capabilities


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report):
    case = report.nodeid.partition("::")[2].removeprefix("test_").replace("_", " ")
    _outcomes[case] = _outcomes.get(case, True) and report.passed


def pytest_sessionfinish():
    if file := os.environ.get("APICLIENT_PEER_RESULTS"):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text(json.dumps(
            {"kind": KIND.kind, "cases": _outcomes, "capabilities": _capabilities}, indent=1))
