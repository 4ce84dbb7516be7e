"""Keycloak under the realm's rotation policy: a rotation overlaps, as long as the policy lets the older secret work."""

import secrets

import pytest
from crash_helpers import reconcile_again
from fault_proxy import FaultProxy
from faults import lose_reply
from keycloak import OPERATOR, REALM, Keycloak, worlds_of
from processes import wait_until
from rotation import (assert_deletion_takes_all, assert_lost_secret_is_made_again, assert_overlap_that_ends, ends,
                      revision, rotate, wait_overlap_over, works)

GRACE, LIFETIME = 3600, 86400  # seconds


@pytest.fixture(scope="module")
def server(plane):
    keycloak = Keycloak(plane, "keycloak-with-policy").start()
    keycloak.grant(OPERATOR, ("view-realm",))
    set_policy(keycloak)
    yield keycloak
    keycloak.stop()


def set_policy(server, grace=GRACE, lifetime=LIFETIME, enabled=True):
    times = {"expiration-period": lifetime, "rotated-expiration-period": grace, "remaining-rotation-period": 1}
    server.must("PUT", f"/{REALM}/client-policies/profiles", {"profiles": [
        {"name": "rotation", "executors": [{"executor": "secret-rotation", "configuration": times}]}]})
    server.must("PUT", f"/{REALM}/client-policies/policies", {"policies": [
        {"name": "rotation", "enabled": enabled, "profiles": ["rotation"],
         "conditions": [{"condition": "any-client", "configuration": {}}]}]})


@pytest.fixture
def keycloak_world(make_world, server):
    return worlds_of(server, make_world)


@pytest.fixture
def world(keycloak_world):
    return keycloak_world()


@pytest.fixture
def proxied(keycloak_world, server):
    """A world whose operator reaches Keycloak's admin side by a FaultProxy: (world, proxy)."""
    with FaultProxy(int(server.url.rpartition(":")[2])) as proxy:
        yield keycloak_world(keycloak={"url": proxy.url, "realm": REALM}, issuer=server.issuer), proxy


def wait_capability(world, name, value):
    """Another look at the registry, with another access token, finds this."""
    world.patch_operator_secret(world.credentials_name, touched=secrets.token_hex(4))
    wait_until(lambda: world.wait_registry("Reachable")["status"]["capabilities"].get(name) == value, 20,
               f"the probe has found {name}: {value}", interval=0.05)


def is_put_aside(world, name):
    """Whether Keycloak lets another secret work beside the newest one."""
    client = world.registry.client(world.client_id(name))
    status, _ = world.registry.admin("GET", f"/{REALM}/clients/{client['id']}/client-secret/rotated")
    return status == 200


def regenerate_by_hand(world, name):
    client = world.registry.client(world.client_id(name))
    world.registry.must("POST", f"/{REALM}/clients/{client['id']}/client-secret")


def test_the_probe_sees_the_policy(world):
    can = world.wait_registry("Reachable")["status"]["capabilities"]
    assert can["maxSecrets"] == 2 and can["endsOverlap"] and can["secretChosenBy"] == "Operator"
    assert (can["longestOverlap"], can["secretLifetime"]) == ("1h", "1d")
    status = world.create_ready("one")["status"]["rotation"]
    assert status["strategy"] == "Overlap" and "nextTime" in status, "replaced before Keycloak ends it"


def test_old_and_new_overlap_and_then_the_old_one_ends(world):
    assert_overlap_that_ends(world, lambda: 1 + is_put_aside(world, "one"))


def test_the_policy_bounds_the_overlap(world, server):
    try:
        set_policy(server, grace=5)
        wait_capability(world, "longestOverlap", "5s")
        world.create_ready("one", rotation={"overlap": "1h"})
        old = world.secret("one")
        rotate(world, "one", "r1")
        assert works(old) and works(world.secret("one"))
        wait_overlap_over(world, "one")
        ends(old)
        assert works(world.secret("one"))
    finally:
        set_policy(server)


def test_the_oldest_one_makes_room(world):
    world.create_ready("one")
    first = world.secret("one")
    rotate(world, "one", "r1")
    second = world.secret("one")
    world.delete_secret("one")
    world.wait_secret("one", lambda secret: secret and secret.annotation("revision") == "3", "it is made again")
    ends(first)
    assert works(second) and works(world.secret("one"))


@pytest.mark.parametrize("token", ["r1:now", "leak:Compromised"])
def test_an_emergency_ends_the_older_one_at_once(world, token):
    world.create_ready("one")
    old = world.secret("one")
    rotate(world, "one", token)
    ends(old)
    assert works(world.secret("one")) and not is_put_aside(world, "one")


@pytest.mark.parametrize("method,where", [("POST", "/client-secret$"), ("PUT", "/clients/[^/]+$"),
                                          ("DELETE", "/client-secret/rotated$")])
def test_a_lost_reply_does_not_end_what_is_published(proxied, method, where):
    world, proxy = proxied
    world.create_ready("one", rotation={"overlap": "4s"})
    old = world.secret("one")
    lost = proxy.once(method, where, lose_reply)
    assert revision(rotate(world, "one", "r1")) == 2
    new = world.secret("one")
    assert works(new)
    if method != "DELETE":
        assert works(old), "it was put aside once, not twice"
    wait_overlap_over(world, "one")
    lost.wait()
    ends(old)
    assert works(new)


def test_a_secret_that_was_made_by_hand_is_replaced(world):
    world.create_ready("one")
    old = world.secret("one")
    regenerate_by_hand(world, "one")
    assert works(old), "Keycloak has put it aside"
    reconcile_again(world, "one")
    new = world.secret("one")
    assert new.annotation("revision") != old.annotation("revision") and works(new) and works(old)


def test_a_lost_secret_is_made_again(world):
    assert_lost_secret_is_made_again(world)
    assert_deletion_takes_all(world)


def test_without_the_right_to_see_the_policy_nothing_relies_on_it(world, server):
    server.revoke(OPERATOR, ("view-realm",))
    try:
        wait_capability(world, "maxSecrets", 1)
        assert world.create_ready("one")["status"]["rotation"]["strategy"] == "InPlace"
    finally:
        server.grant(OPERATOR, ("view-realm",))
