"""A registry of each kind can belong to a namespace."""

from kstatus import conditions
from namespaced_world import NamespacedWorld, restart_for
from peer_world import PeerWorld
from processes import wait_until
from rotation import revision, rotate


class NamespacedPeerWorld(NamespacedWorld, PeerWorld):
    pass


def test_a_client_of_a_namespaced_registry_lives_its_whole_life(make_world, controller, peer):
    world = make_world(NamespacedPeerWorld)
    restart_for(controller, world, more=[f"127.0.0.1:{world.proxy.port}"])
    client = world.create_ready("one")
    assert client["status"]["registry"]["kind"] == "ClientRegistry" and world.token("one") == 200
    assert len(world.registrations()) == (1 if peer.picks_ids else 0), "kept in the operator's namespace"
    rotate(world, "one", "r1:now")
    wait_until(lambda: revision(world.client("one")) == 2, 30, "the rotation is done")
    assert world.token("one") == 200
    world.delete_and_wait("one")
    assert world.registered("one") is None and world.registrations() == []


def test_the_host_of_a_namespaced_registry_has_to_be_listed(make_world, controller):
    world = make_world(NamespacedPeerWorld)
    restart_for(controller, world)
    found = world.wait_stalled("HostNotAllowed")
    assert f"127.0.0.1:{world.proxy.port}" in conditions(found)["Stalled"]["message"]
    assert world.proxy.seen() == []
