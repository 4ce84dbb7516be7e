"""One of several operators, and what its log tells."""

import json
from datetime import datetime

from controller import Controller
from processes import wait_until


class Replica(Controller):
    """Its log counts from its last start on."""

    _told = 0

    def start(self, *flags, **others):
        self._told = self.log.stat().st_size if self.log.exists() else 0
        super().start(*flags, **others)

    def wait_until_it_says(self, message, seconds=30):
        """The moment at which it did, by time.time()."""
        return wait_until(lambda: self.says(message), seconds, f"{self.log.name} says {message!r}", interval=0.01)

    def outcomes(self, since):
        """{ApiClient: error or ""} of its first pass that ended after `since` (a time.time())."""
        ended = {}
        for line in self._lines():
            is_end = line["message"].startswith("reconcile") and line["controller"] == "apiclient"
            if is_end and _time_of(line) >= since:
                ended.setdefault(line["object"], line.get("error", ""))
        return ended

    def wait_for_end(self, seconds=30):
        """Its exit code."""
        wait_until(lambda: self.exit_code() is not None, seconds, f"{self.log.stem} ends", interval=0.01)
        return self.exit_code()

    def says(self, message):
        """When it first did, by time.time(), or None."""
        return next((_time_of(line) for line in self._lines() if line["message"] == message), None)

    def _lines(self):
        lines = self.log.read_bytes()[self._told:].splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith(b"\n")]


def _time_of(line):
    return datetime.fromisoformat(line["time"]).timestamp()
