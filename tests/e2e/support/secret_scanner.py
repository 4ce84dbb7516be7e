"""Finds secret values in text that must not hold them, in whatever way they got there. Never shows one."""

import base64
import contextlib
import http.client
import json
import threading
import urllib.parse

from processes import wait_until

_PIECE = 20  # characters: a value that was cut off is a leak too


class SecretScanner:
    """Values are added by name, places are looked at afterwards. Thread-safe for adding."""

    def __init__(self):
        self._lock = threading.Lock()
        self._values = {}  # value -> what it is, all roles that it has had

    def add(self, what, value):
        assert len(value) >= 16, f"{what}: too short to be told from ordinary text"
        with self._lock:
            self._values.setdefault(value, set()).add(what)

    def count(self, what):
        with self._lock:
            return sum(1 for roles in self._values.values() if what in roles)

    def summary(self):
        return ", ".join(f"{self.count(what)} × {what}" for what in sorted(set().union(*self._values.values())))

    def find(self, place, text):
        """One line for each value that is in `text` (str or bytes): what, how it is written, where."""
        with self._lock:
            values = [(value, " and ".join(sorted(roles))) for value, roles in self._values.items()]
        raw = text.encode() if isinstance(text, str) else text
        return [f"{what} ({encoding}) in {place}" for value, what in values
                for encoding, needle in needles(value) if needle in raw]


def needles(value):
    """(encoding, bytes) of how the beginning and the end of a value may be written."""
    # All signed tokens of one signer begin alike, with a header that is no secret.
    pieces = {value[-_PIECE:]} if value.startswith("eyJ") else {value[:_PIECE], value[-_PIECE:]}
    for piece in pieces:
        raw = piece.encode()
        yield "plain", raw
        yield "JSON", json.dumps(piece)[1:-1].encode()
        yield "hex", raw.hex().encode()
        for quoted in (urllib.parse.quote(piece, safe=""), urllib.parse.quote_plus(piece)):
            yield "URL-encoded", quoted.encode()
        for offset in range(3):
            yield f"base64 at offset {offset}", base64_core(raw, offset)
            yield f"base64url at offset {offset}", base64_core(raw, offset, b"-_")


def base64_core(raw, offset, letters=b"+/"):
    """The characters of the base64 of any text that contains `raw` after 3n + offset bytes: those without a bit of the
    neighbours."""
    encoded = base64.b64encode(b"\0" * offset + raw, letters)
    return encoded[-(-8 * offset // 6): 8 * (offset + len(raw)) // 6]


class History:
    """Every version of the objects of a collection that anybody could have read; `each` is called with each."""

    def __init__(self, api, where, each=None):
        self._api, self.where, self._each = api, where, each
        self._lock = threading.Lock()
        self._versions = {}  # resourceVersion -> object
        threading.Thread(target=self._follow, daemon=True).start()

    def text(self, without=None):
        """`without`: a member that is left out."""
        with self._lock:
            versions = list(self._versions.values())
        return "\n".join(json.dumps({key: value for key, value in one.items() if key != without})
                         for one in versions).encode()

    def wait_for(self, manifest):
        """Until it has seen this version."""
        wait_until(lambda: manifest["metadata"]["resourceVersion"] in self._versions, 20,
                   f"the history of {self.where} has caught up")

    def _follow(self):
        with contextlib.suppress(OSError, http.client.HTTPException):  # the API server ends
            for event in self._api.watch(self.where, timeoutSeconds=600):
                if self._each:
                    self._each(event["object"])
                with self._lock:
                    self._versions[event["object"]["metadata"]["resourceVersion"]] = event["object"]
