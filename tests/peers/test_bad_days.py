"""Lost replies, refusals and broken answers: named as what they are, and all goes on when they are over."""

import pytest
from controlplane import OPERATOR_NAMESPACE
from crash_helpers import reconcile_again
from faults import Reply, answer, lose_reply, reset, stall
from processes import wait_until
from rotation import ends, revision, rotate, works
from tls_front import SERVER_NAME, tls_front


def html(status):
    page = b"<html><body>Welcome</body></html>"
    return lambda _exchange: Reply(status, (("Content-Type", "text/html"),), page)


def test_a_lost_reply_to_a_registration(world):
    fault = world.once("create", lose_reply)
    world.create_ready("one")
    fault.wait()
    assert world.token("one") == 200


def test_a_lost_reply_to_an_update(world):
    world.create_ready("one")
    fault = world.once("update", lose_reply)
    world.patch("one", {"spec": {"displayName": "Another name"}})
    world.wait_ready("one")
    fault.wait()
    assert world.registered("one")["name"] == "Another name" and world.token("one") == 200


def test_a_lost_reply_to_a_new_secret(world):
    world.create_ready("one", rotation={"overlap": "0s"})
    old = world.secret("one")
    fault = world.once("new secret", lose_reply)
    client = rotate(world, "one", "r1", seconds=60)
    fault.wait()
    ends(old)
    assert revision(client) == 2 and works(world.secret("one"))


def test_a_lost_reply_to_a_deletion(world):
    world.create_ready("one")
    fault = world.once("remove", lose_reply)
    world.delete_and_wait("one", 60)
    fault.wait()
    assert world.registered("one") is None


REFUSALS = [
    ("401", answer(401), "CredentialsRefused"),
    ("403", answer(403), "CredentialsRefused"),
    ("404 of a proxy", html(404), "UnexpectedAnswer"),
    ("web page", html(200), "UnexpectedAnswer"),
    ("garbage", lambda _exchange: Reply(200, (("Content-Type", "application/json"),), b'{"items": [{"client'),
     "UnexpectedAnswer"),
    ("429", answer(429, Retry_After="1"), "Throttled"),
    ("500", answer(500), "ServerError"),
    ("reset", reset, "RegistryUnreachable"),
    ("stall", stall, "RegistryUnreachable"),
]


@pytest.mark.parametrize("action, reason", [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS])
def test_a_registry_that_answers_with(world, peer, action, reason):
    world.create_ready("working")
    before = world.secret("working")
    world.proxy.every("GET", "", action)
    world.proxy.every("POST", "", action)
    world.create("waiting")
    # A probe that reads nothing sees that the server answers, and not what.
    world.wait_registry(reason if peer.probed_by_reading or reason != "UnexpectedAnswer" else "Reachable", seconds=60)
    world.wait_condition("waiting", "Ready", "False", reason, seconds=60)
    assert works(before) and world.secret("working").resource_version == before.resource_version
    world.proxy.clear()
    world.wait_ready("waiting", 90)
    assert world.token("waiting") == 200


def test_a_conflict_is_looked_at_again(world):
    fault = world.once("create", answer(409))
    world.create_ready("one", seconds=60)
    fault.wait()
    assert world.token("one") == 200


def test_a_404_for_a_deletion_that_is_not_the_registrys_own_is_no_success(world):
    world.create_ready("one")
    fault = world.once("remove", html(404))
    world.delete_and_wait("one", 60)
    fault.wait()
    assert world.registered("one") is None, "it was asked again"


def test_a_server_that_is_restarted_in_the_middle(world, peer):
    world.create_ready("one")
    peer.stop()
    world.create("two")
    world.wait_condition("two", "Ready", "False", "RegistryUnreachable")
    peer.start()
    world.wait_ready("two", 90)
    if peer.durable:
        assert world.token("one") == 200 and world.token("two") == 200


def test_a_certificate_of_the_server_that_is_replaced(make_world, tmp_path, peer):
    with tls_front(tmp_path / "first", "operator") as (front, authority):
        name = f"front-{front.port}"
        front.upstream = peer.admin_port
        world = make_world(**peer.members(front.url), tls={
            "caSecretRef": {"name": f"{name}-ca", "key": "ca.crt"}, "serverName": SERVER_NAME,
            "clientCertificateSecretRef": {"name": f"{name}-me"}})
        world.create_operator_secret(f"{name}-ca", **{"ca.crt": authority.certificate("ca").read_text()})
        world.create_operator_secret(f"{name}-me", **{"tls.crt": authority.certificate("operator").read_text(),
                                                     "tls.key": authority.key("operator").read_text()})
        world.wait_registry("Reachable", seconds=60)
        world.create_ready("one")
        authority.server("front")  # another certificate of the same authority
        front.use_certificate(authority.certificate("front"), authority.key("front"))
        reconcile_again(world, "one")
        world.create_ready("two")
        assert world.token("two") == 200


def test_secrets_are_in_no_log(world, controller, peer):
    world.create_ready("one", rotation={"overlap": "0s"})
    values = [world.secret("one").reveal("client-secret")]
    rotate(world, "one", "r1")
    values.append(world.secret("one").reveal("client-secret"))
    fault = world.once("create", answer(500))
    world.create_ready("two")
    fault.wait()
    wait_until(lambda: controller.log.stat().st_size > 0, 10, "there is a log")
    log = controller.log.read_text()
    for name in world.registrations() if peer.picks_ids else []:
        values.append(world.secret(name, OPERATOR_NAMESPACE).reveal("registration-access-token"))
    assert not any(value in log for value in values), "a secret is in the operator's log"
