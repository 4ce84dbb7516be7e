"""Words for the tests about rotation."""

from kstatus import conditions
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


def is_ready(client):
    return conditions(client)["Ready"]["status"] == "True"


def works(secret):
    return token_status(secret) == 200


def ends(secret, seconds=10):
    """The credentials of this SecretView are refused within the time."""
    wait_until(lambda: token_status(secret) == 401, seconds, "the old secret is refused", interval=0.02)
