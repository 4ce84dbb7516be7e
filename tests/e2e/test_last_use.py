"""When a secret was last used: told by the registry, shown by the status, at most one write a day."""

import contextlib
import re
import sqlite3
from datetime import datetime, timedelta, timezone

from crash_helpers import reconcile_again
from processes import wait_until
from rotation import rotate

DAY = datetime(2026, 3, 1, tzinfo=timezone.utc)


def remember_use(world, revision, used_at):
    """As if the secret had been issued the day before DAY and last used then."""
    database = next(world.registry.data_directory.glob("*.db"))
    with contextlib.closing(sqlite3.connect(database, timeout=10)) as connection, connection:
        changed = connection.execute(
            "UPDATE secrets SET created_at = ?, last_used_at = ? WHERE client_id = ? AND revision = ?",
            (in_ms(DAY - timedelta(days=1)), in_ms(used_at), world.client_id("one"), revision)).rowcount
    assert changed == 1


def in_ms(time):
    return int(time.timestamp() * 1000)


def shown(world, which="credential"):
    return world.client("one")["status"][which].get("lastUsedAt")


def wait_shown(world, used_at, which="credential"):
    wait_until(lambda: shown(world, which) == used_at.strftime("%Y-%m-%dT%H:%M:%SZ"), 30,
               f"the last use of the {which} one is shown", interval=0.02)


def passes(world):
    found = re.findall(r'^controller_runtime_reconcile_total\{[^}]*controller="apiclient"[^}]*\} (\S+)$',
                       world.controller.metrics(), re.M)
    return sum(map(float, found))


def wait_compared(world):
    """The client is compared with the registry once a second; some such passes go by."""
    before = passes(world)
    wait_until(lambda: passes(world) >= before + 4, 30, "it is compared with the registry")


def create_verified(world):
    """The registry has stored when the operator verified the secret, and writes no other time for a minute."""
    world.create_ready("one")
    wait_until(lambda: "last_used_at" in world.registered("one")["secrets"][0], 20, "the verification is a use")


def test_the_last_use_is_shown_once_a_day(make_world, audit):
    world = make_world(resyncInterval="1s")
    create_verified(world)
    wait_compared(world)
    assert shown(world) is None, "the operator's own use is not shown"
    mark = audit.mark()
    remember_use(world, 1, DAY + timedelta(hours=9))
    wait_shown(world, DAY + timedelta(hours=9))
    remember_use(world, 1, DAY + timedelta(hours=23))
    wait_compared(world)
    assert len(status_writes(audit, mark, world)) == 1, "the same day is no news"
    remember_use(world, 1, DAY + timedelta(hours=25))
    wait_shown(world, DAY + timedelta(hours=25))
    assert len(status_writes(audit, mark, world)) == 2


def status_writes(audit, mark, world):
    return [str(one) for one in audit.writes(mark)
            if one.namespace == world.namespace and one.subresource == "status"]


def test_the_old_secret_shows_its_own_last_use(world):
    create_verified(world)
    remember_use(world, 1, DAY)
    reconcile_again(world, "one")
    wait_shown(world, DAY)
    rotate(world, "one", "r1")
    assert shown(world) is None and shown(world, "previous"), "the time went along with its secret"
    remember_use(world, 1, DAY + timedelta(hours=1))
    reconcile_again(world, "one")
    wait_shown(world, DAY + timedelta(hours=1), "previous")
