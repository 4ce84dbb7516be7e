"""Two clusters with one registry, each with an operator of its own: they never touch each other's clients, also where
namespaces and names are equal."""

import contextlib

import pytest
from audit import AuditLog
from controller import Controller
from controlplane import ControlPlane
from crash_helpers import reconcile_again
from fault_proxy import FaultProxy
from kstatus import conditions
from kubeapi import KubeApi
from peer_world import PeerWorld
from rotation import rotate, works


@pytest.fixture(scope="module")
def elsewhere():
    """(plane, api, audit, controller) of another cluster."""
    with ControlPlane.temporary() as plane:
        plane.install()
        api = KubeApi.from_kubeconfig(plane.kubeconfig())
        controller = Controller(plane, api)
        controller.ensure_default()
        yield plane, api, AuditLog(plane.audit_log, api), controller
        controller.stop()


@pytest.fixture
def twin(elsewhere, world, peer):
    """twin(**spec): a world of the other cluster whose namespace is called as that of `world`."""
    with contextlib.ExitStack() as stack:
        def make(**spec):
            proxy = stack.enter_context(FaultProxy())
            other = PeerWorld(*elsewhere, peer, proxy, spec)
            other.namespace = world.namespace
            other.open()
            stack.callback(other.close)
            return other

        yield make


def test_equal_names_are_two_clients_or_one_is_refused(world, peer, twin):
    other = twin()
    world.create_ready("one", displayName="Of this cluster")
    before = world.secret("one")
    if peer.picks_ids:
        other.create_ready("one", displayName="Of the other cluster")
        assert other.client_id("one") != world.client_id("one")
        rotate(other, "one", "r1")
        assert works(other.secret("one"))
    else:
        other.create("one", displayName="Of the other cluster")
        client = other.wait_condition("one", "Stalled", "True", "OwnedElsewhere")
        assert "another installation" in conditions(client)["Stalled"]["message"] and other.secret("one") is None
    other.delete_and_wait("one")

    reconcile_again(world, "one")
    assert world.registered("one")["name"] == "Of this cluster"
    assert world.secret("one").resource_version == before.resource_version and works(before)


def test_each_has_its_own_clients_beside_the_others(world, peer, twin):
    other = twin(tenant="globex")
    ids = {one.create_ready("one", rotation={"overlap": "0s"})["status"]["clientId"] for one in (world, other)}
    assert len(ids) == 2
    mine, theirs = world.secret("one"), other.secret("one")
    rotate(world, "one", "r1")
    assert other.secret("one").resource_version == theirs.resource_version and works(theirs)
    world.delete_and_wait("one")
    reconcile_again(other, "one")
    assert works(theirs) and not works(mine), "only the client of this cluster is gone"
