"""Planned rotation: it happens when it was announced, and a mistake in it stops nothing else."""

from datetime import datetime, timedelta

import pytest

from kstatus import conditions
from processes import wait_until
from rotation import revision, rotate, wait_overlap_over, works

NEXT_ROTATION = "next-rotation"


def time(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def next_time(client):
    return time(client["status"]["rotation"]["nextTime"])


def wait_revision(world, name, number, seconds=30):
    def reached():
        client = world.client(name)
        return client if revision(client) == number and "nextTime" in client["status"]["rotation"] else None

    return wait_until(reached, seconds, f"{name} has revision {number}", interval=0.05)


def test_a_secret_is_rotated_at_the_announced_time(make_world, audit, numbers):
    world = make_world(minRotationInterval="1m")
    before = world.create_ready("one", rotation={"interval": "1m", "overlap": "2s"})
    uid, old = before["metadata"]["uid"], world.secret("one")
    issued, announced = time(before["status"]["credential"]["issuedAt"]), next_time(before)
    assert timedelta(minutes=1) <= announced - issued <= timedelta(seconds=67), "a tenth at most, in whole seconds"
    assert old.annotation(NEXT_ROTATION) == before["status"]["rotation"]["nextTime"]
    world.settle()
    world.controller.stop()
    world.controller.start()  # the status alone says when
    mark = audit.mark()
    after = wait_revision(world, "one", 2, 100)
    rotation = after["status"]["rotation"]
    late = time(rotation["lastTime"]) - announced
    assert timedelta(0) <= late <= timedelta(seconds=10)
    numbers("planned rotation after its announced time", f"{late.total_seconds():.0f} s")
    assert rotation["lastReason"] == "Scheduled" and "lastHandledToken" not in rotation
    assert works(old) and works(world.secret("one")), "the overlap is that of any rotation"
    assert next_time(after) >= time(after["status"]["credential"]["issuedAt"]) + timedelta(minutes=1)
    assert world.secret("one").annotation(NEXT_ROTATION) == rotation["nextTime"]
    wait_overlap_over(world, "one")
    writes = [one for one in world.writes(mark, uid) if one.name == "one" or one.name.endswith(uid)]
    assert len(writes) <= 5, [str(one) for one in writes]


def test_outside_its_windows_a_secret_is_left_alone(make_world):
    world = make_world(minRotationInterval="1m")
    windows = [{"opens": "0 12 29 2 *", "timeZone": "America/New_York", "duration": "3h"}]
    client = world.create_ready("one", rotation={"interval": "1m", "windows": windows})
    opens = next_time(client)
    assert (opens.month, opens.day, opens.hour) == (2, 29, 17)
    client = rotate(world, "one", "by-hand")
    assert revision(client) == 2 and next_time(client) == opens


def test_a_rotation_by_hand_counts(world):
    planned = next_time(world.create_ready("one", rotation={"interval": "1h", "overlap": "0s"}))
    client = rotate(world, "one", "by-hand:now")
    issued = time(client["status"]["credential"]["issuedAt"])
    assert next_time(client) >= max(planned, issued + timedelta(hours=1))


MISTAKES = {
    "cron": ({"interval": "1h", "windows": [{"opens": "0 25 * * *", "duration": "1h"}]},
             "RotationScheduleInvalid", "spec.rotation.windows[0].opens: hour \"25\""),
    "never": ({"interval": "1h", "windows": [{"opens": "0 2 * * *", "duration": "1h"},
                                             {"opens": "0 2 30 feb *", "duration": "1h"}]},
              "RotationScheduleInvalid", "spec.rotation.windows[1].opens: \"0 2 30 feb *\" never comes"),
    "zone": ({"interval": "1h", "windows": [{"opens": "0 2 * * *", "timeZone": "Europe/Berlim", "duration": "1h"}]},
             "RotationScheduleInvalid", "spec.rotation.windows[0].timeZone: \"Europe/Berlim\""),
    "too often": ({"interval": "5m", "overlap": "1m"},
                  "RotationTooFrequent", "spec.rotation.interval: 5m is shorter than 1h"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_names_its_field_and_stops_nothing_else(world, mistake):
    spec, reason, message = MISTAKES[mistake]
    world.create("one", rotation=spec)
    client = world.wait_condition("one", "Stalled", "True", reason)
    found = conditions(client)
    assert found["Stalled"]["message"].startswith(message)
    assert (found["Ready"]["status"], found["Ready"]["reason"]) == ("False", reason)
    assert found["Registered"]["status"] == found["SecretPublished"]["status"] == "True"
    assert "nextTime" not in client["status"]["rotation"] and not world.secret("one").annotation(NEXT_ROTATION)
    old = world.secret("one")
    assert works(old)
    client = rotate(world, "one", "by-hand:now")
    assert revision(client) == 2 and conditions(client)["Stalled"]["reason"] == reason
    assert works(world.secret("one")) and not works(old)
    world.patch("one", {"spec": {"rotation": {"interval": "1h", "windows": None}}})
    client = world.wait_ready("one")
    assert "Stalled" not in conditions(client) and next_time(client)


def test_a_registry_that_allows_shorter_intervals_is_seen_at_once(world):
    world.create("one", rotation={"interval": "5m", "overlap": "1m"})
    world.wait_condition("one", "Stalled", "True", "RotationTooFrequent")
    world.patch_registry({"spec": {"minRotationInterval": "5m"}})
    assert next_time(world.wait_ready("one"))
