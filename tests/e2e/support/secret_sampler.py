"""Asks all the time: does what is published authenticate, and does its revision never go back?"""

import http.client
import threading
import time
import urllib.parse

from background import Background
from kubeapi import path
from secret_view import SecretView

_PAUSE = 0.15


class SecretSampler(Background):
    """One thread. It asks the registry itself, past any proxy. `watch` names the Secrets, from their first publication
    on; of `gaps` it is known that there is a time without a secret that works, and when that was goes into `refused`."""

    def __init__(self, world, token_path="/oauth2/token"):
        super().__init__(every=_PAUSE)
        self._world, self._token_path = world, token_path
        self._lock = threading.Lock()
        self._newest = {}  # name of a watched Secret: its highest revision so far
        self._connection = http.client.HTTPConnection("127.0.0.1", world.registry.public_port, timeout=10)
        self._gaps = set()
        self.refused = {}  # name: (first, last) by time.monotonic()
        self.samples = 0
        self.problems = []

    def watch(self, names, gaps=()):
        with self._lock:
            self._newest = dict.fromkeys((*names, *gaps), 0)
            self._gaps, self.refused = set(gaps), {}

    def forget(self):
        self.watch(())

    def look(self):
        try:
            self._look()
        except Exception as problem:  # a thread that ends in silence would see nothing for ever
            self.problems.append(f"sampling failed: {problem!r}")

    def _look(self):
        with self._lock:
            watched = set(self._newest)
        if not watched:
            return
        listed = self._world.must(self._world.api.get(path("v1", "secrets", self._world.namespace)))
        for secret in map(SecretView, listed["items"]):
            if secret.metadata["name"] in watched and "client-secret" in secret.keys:
                self._sample(secret)

    def _sample(self, secret):
        name, revision = secret.metadata["name"], int(secret.annotation("revision"))
        status = self._ask(secret)
        self.samples += 1
        problem = ""
        asked_at = time.monotonic()
        if status != 200 and name in self._gaps:
            first, _ = self.refused.get(name, (asked_at, None))
            self.refused[name] = first, asked_at
        elif status != 200 and self._is_still(secret):
            problem = f"{name}: revision {revision} is published and answered with {status}"
        with self._lock:
            if name not in self._newest:
                return  # what is not watched any more may go
            if revision < self._newest[name]:
                problem = f"{name}: revision {revision} after {self._newest[name]}"
            self._newest[name] = max(revision, self._newest[name])
        if problem:
            self.problems.append(problem)

    def _is_still(self, secret):
        """What was read is what is published: it was not replaced while it was asked for."""
        live = self._world.secret(secret.metadata["name"])
        return live is not None and live.resource_version == secret.resource_version

    def _ask(self, secret):
        form = {"grant_type": "client_credentials", "client_id": secret.text("client-id"),
                "client_secret": secret.reveal("client-secret")}
        for last in (False, True):  # a kept connection may have been closed
            try:
                self._connection.request("POST", self._token_path, urllib.parse.urlencode(form),
                                         {"Content-Type": "application/x-www-form-urlencoded"})
                answer = self._connection.getresponse()
                answer.read()
                return answer.status
            except (OSError, http.client.HTTPException):
                self._connection.close()
                if last:
                    return 0
