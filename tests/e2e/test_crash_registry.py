"""kill -9 of the registry at random moments, while many ApiClients are made, changed and deleted. What it has answered
is not lost, and what it has not answered is asked again."""

import os
import random
import threading

from crash_helpers import all_staged, assert_gone, assert_issued
from kubeapi import path

CLIENTS = 50
CHANGES, KILLS = 100, 12  # at least
UP = (0.02, 0.5)  # seconds between "it serves again" and the next kill
DOWN = (0, 0, 0.4, 1.5)  # seconds that it stays away; the longer ones are noticed as an outage


class Load:
    """Creates all clients, then changes, deletes and robs of their Secret whichever it draws, until it is stopped."""

    def __init__(self, world, chance):
        self._world, self._chance = world, chance
        self.display_names = {}  # of those that shall exist at the end
        self.deleted = []
        self.operations = 0
        self._stopping = threading.Event()
        self._problem = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def goes_on(self):
        return self._thread.is_alive() and self.operations < CHANGES

    def stop(self):
        self._stopping.set()
        self._thread.join(60)
        assert not self._thread.is_alive(), "the load does not end"
        if self._problem:
            raise self._problem

    def _run(self):
        try:
            for number in range(CLIENTS):
                self._create(f"client-{number}")
            while not self._stopping.wait(self._chance.uniform(0, 0.05)):
                name = self._chance.choice(list(self.display_names))
                operation, = self._chance.choices((self._rename, self._lose_secret, self._delete), weights=(6, 3, 1))
                operation(name)
                self.operations += 1
        except Exception as problem:  # raised again by stop()
            self._problem = problem

    def _create(self, name):
        self._world.create(name)
        self.display_names[name] = f"Client {name}"

    def _rename(self, name):
        self.display_names[name] = f"Client {name}, change {self.operations}"
        self._world.patch(name, {"spec": {"displayName": self.display_names[name]}})

    def _lose_secret(self, name):
        answer = self._world.api.delete(path("v1", "secrets", self._world.namespace, name))
        assert answer.status in (200, 404), answer.message  # 404: not published yet

    def _delete(self, name):
        if len(self.deleted) < CLIENTS // 3:
            self._world.delete(name)
            self.deleted.append(name)
            del self.display_names[name]


def test_registry_killed_at_random(make_world, numbers):
    seed = int(os.environ.get("APICLIENT_TEST_SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"APICLIENT_TEST_SEED={seed}")  # pytest shows it when the test fails
    chance = random.Random(seed)
    world = make_world(resyncInterval="0s")
    load = Load(world, random.Random(chance.random()))
    kills, moment = 0, threading.Event()
    while kills < KILLS or load.goes_on():
        moment.wait(chance.uniform(*UP))
        world.registry.kill()
        moment.wait(chance.choice(DOWN))
        world.registry.start()
        kills += 1
    load.stop()

    for name, display_name in load.display_names.items():
        world.wait_ready(name, seconds=60)
        world.wait_secret(name)
        assert_issued(world, name, revisions=None, display_name=display_name)
    for name in load.deleted:
        assert_gone(world, name)
    assert all_staged(world) == []
    assert len(world.registry.client_ids()) == len(load.display_names), "the registry holds clients of nobody"
    numbers("kill -9 of the registry", f"{kills} kills (seed {seed}) during {CLIENTS} creations and {load.operations} "
            f"changes: {len(load.display_names)} clients work, {len(load.deleted)} are gone, nothing is staged")
