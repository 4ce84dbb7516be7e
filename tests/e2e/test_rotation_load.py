"""Consumers that read their Secret again and again see only 200, through many rotations and dead operators."""

import random
import threading

from controller import CHECKPOINTS
from processes import wait_until
from registry import token_status
from rotation import revision, works

CLIENTS = 50
ROUNDS = 4
KILLS = 20
NAMES = [f"client-{number:02}" for number in range(CLIENTS)]
FAST = {"APICLIENT_ROTATION_THROTTLE_MS": "0"}


class Consumers:
    """Threads that do what an application does: read the Secret, ask for a token."""

    def __init__(self, world, threads=4):
        self._world, self._stopping = world, threading.Event()
        self._lock, self.codes, self.problems = threading.Lock(), {}, []
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(threads)]
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._stopping.set()
        for thread in self._threads:
            thread.join(30)
        assert not self.problems, self.problems

    def _run(self, number):
        chance = random.Random(number)
        try:
            while not self._stopping.is_set():
                name = chance.choice(NAMES)
                code = token_status(self._world.secret(name))
                with self._lock:
                    self.codes[code] = self.codes.get(code, 0) + 1
                    if code != 200:
                        self.problems.append(f"{name}: token request answers {code}")
        except Exception as problem:  # shown by stop()
            self.problems.append(repr(problem))


def test_consumers_see_only_200_through_rotations_and_kills(make_world, controller, numbers):
    world = make_world(resyncInterval="0s")
    controller.stop()
    controller.start(program=CHECKPOINTS, environment=FAST)
    for name in NAMES:
        world.create(name, rotation={"overlap": "5s"})
    for name in NAMES:
        world.wait_ready(name, 60)
    consumers = Consumers(world)
    chance, kills = random.Random(7), 0
    for round in range(1, ROUNDS + 1):
        asking = threading.Thread(target=ask_all, args=(world, f"round-{round}"))
        asking.start()
        while asking.is_alive() or kills < KILLS * round / ROUNDS:
            threading.Event().wait(chance.uniform(0.02, 0.4))  # each time at another moment of its work
            controller.kill()
            kills += 1
            controller.start(program=CHECKPOINTS, environment=FAST)
        asking.join()
        wait_until(lambda: all(handled(world, name, f"round-{round}") for name in NAMES), 120,
                   f"all tokens of round {round} are handled", interval=0.2)
        wait_until(lambda: all("previous" not in world.client(name)["status"] for name in NAMES), 60,
                   f"the overlaps of round {round} are over", interval=0.2)
    consumers.stop()
    for name in NAMES:
        client = world.client(name)
        assert revision(client) == ROUNDS + 1, f"{name}: one token, one rotation"
        assert len(world.registered(name)["secrets"]) == 1 and works(world.secret(name))
        assert world.staged(client["metadata"]["uid"]) is None
    numbers("rotations under load", f"{CLIENTS * ROUNDS} with an overlap of 5 s, operator killed {kills} times, "
            f"token requests by code: {consumers.codes}")


def ask_all(world, token):
    """One after the other, so that there is work whenever an operator dies."""
    for name in NAMES:
        world.annotate(name, "rotate", token)
        threading.Event().wait(0.1)


def handled(world, name, token):
    return world.client(name)["status"].get("rotation", {}).get("lastHandledToken") == token
