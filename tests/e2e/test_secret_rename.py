"""spec.secret.name is changed: nobody who still reads the old Secret is cut off."""

from rotation import rotate, works
from processes import wait_until


def test_the_same_value_moves_and_the_old_name_goes_after_the_overlap(world, controller):
    world.create_ready("one", rotation={"overlap": "6s"})
    before = world.secret("one")
    world.patch("one", {"spec": {"secret": {"name": "credentials"}}})
    world.wait_secret("credentials")
    client = world.wait_ready("one")
    assert client["status"]["binding"]["name"] == "credentials" and client["status"]["credential"]["revision"] == 1
    new, old = world.secret("credentials"), world.secret("one")
    assert new.fingerprint() == old.fingerprint() == before.fingerprint()
    assert old.annotation("retire-at") and not new.annotation("retire-at")
    rotate(world, "one", "r1")
    assert world.secret("one").fingerprint() == world.secret("credentials").fingerprint() != before.fingerprint()
    controller.stop()  # the next one has to find it without having been told
    controller.start()
    world.wait_secret("one", lambda secret: secret is None, "it is gone")
    assert works(world.secret("credentials"))


def test_both_names_go_with_the_object(world):
    world.create_ready("one")
    old = world.secret("one")
    world.patch("one", {"spec": {"secret": {"name": "credentials"}}})
    world.wait_secret("credentials")
    world.wait_secret("one", lambda secret: secret and secret.annotation("retire-at"), "it is to go")
    world.delete_and_wait("one")
    assert world.secret("one") is None and world.secret("credentials") is None
    assert not works(old)


def test_a_name_that_is_taken_is_refused_and_the_old_one_stays(world):
    world.create_ready("one")
    world.create_secret("theirs")
    world.patch("one", {"spec": {"secret": {"name": "theirs"}}})
    world.wait_condition("one", "Stalled", "True", "SecretNameConflict")
    assert works(world.secret("one")) and world.secret("one").annotation("retire-at") is None
    world.patch("one", {"spec": {"secret": None}})
    world.wait_ready("one")
    wait_until(lambda: works(world.secret("one")), 10, "the credentials work")
