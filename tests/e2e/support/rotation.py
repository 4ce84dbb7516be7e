"""Words for the tests about rotation."""

from crash_helpers import reconcile_again
from processes import wait_until
from registry import token_status


def rotate(world, name, token, seconds=30):
    """Asks for it and waits until the status repeats the token; returns the object."""
    world.annotate(name, "rotate", token)
    return wait_handled(world, name, token, seconds)


def wait_handled(world, name, token, seconds=30):
    def handled():
        client = world.client(name)
        return client if client["status"].get("rotation", {}).get("lastHandledToken") == token else None

    return wait_until(handled, seconds, f"token {token} of {name} is handled", interval=0.02)


def wait_refused(world, name, token, reason):
    def refused():
        client = world.client(name)
        return client if client["status"].get("rotation", {}).get("refused") == {"token": token, "reason": reason} else None

    return wait_until(refused, 30, f"token {token} of {name} is refused as {reason}", interval=0.02)


def wait_overlap_over(world, name, seconds=30):
    """Until no older secret works beside the present one; returns the object."""
    def over():
        client = world.client(name)
        return client if "previous" not in client["status"] else None

    return wait_until(over, seconds, f"the overlap of {name} is over", interval=0.05)


def revision(client):
    return client["status"]["credential"]["revision"]


def works(secret):
    return token_status(secret) == 200


def ends(secret, seconds=10):
    """The credentials of this SecretView are refused within the time."""
    wait_until(lambda: token_status(secret) == 401, seconds, "the old secret is refused", interval=0.02)


def assert_lost_secret_is_made_again(world):
    world.create_ready("one")
    world.delete_secret("one")
    world.wait_secret("one", lambda secret: secret and secret.annotation("revision") == "2", "it is made again")
    world.wait_ready("one")
    assert works(world.secret("one"))


def assert_deletion_takes_all(world):
    world.delete_and_wait("one")
    assert world.registered("one") is None


def assert_overlap_that_ends(world, kept):
    """A rotation with an overlap of a few seconds, from issue to its end. `kept()`: how many secrets the registry has."""
    world.create_ready("one", rotation={"overlap": "4s"})
    old = world.secret("one")
    client = rotate(world, "one", "r1")
    new = world.secret("one")
    assert revision(client) == 2 and client["status"]["previous"]["revision"] == 1
    assert new.fingerprint() != old.fingerprint() and works(old) and works(new)
    world.patch("one", {"spec": {"displayName": "Another name", "scopes": ["read"]}})
    world.wait_ready("one")
    assert works(old) and works(new), "an update leaves both alone"
    wait_overlap_over(world, "one")
    ends(old)
    assert works(new) and kept() == 1
    before = world.registered("one")
    reconcile_again(world, "one")
    assert world.registered("one") == before, "a client that is right was written"
