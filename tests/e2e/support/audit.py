"""The API server's audit log: what somebody really asked for."""

import json
import uuid
from dataclasses import dataclass

from kubeapi import path
from processes import wait_until

OPERATOR = "apiclient-operator"
WRITES = ("create", "update", "patch", "delete", "deletecollection")


@dataclass(frozen=True)
class Request:
    """One answered request. `subresource` is empty for the object itself."""

    user: str
    verb: str
    resource: str
    namespace: str
    name: str
    subresource: str
    code: int
    uri: str

    @property
    def is_write(self):
        return self.verb in WRITES and "dryRun=" not in self.uri

    @property
    def is_refused_renewal(self):
        """An elector that was frozen past its look at the clock may still send one: it names the version of the Lease that
        the elector had seen, and the server takes it for the conflict that it is."""
        return self.resource == "leases" and self.code == 409

    @property
    def target(self):
        return f"{self.resource}{'/' + self.subresource if self.subresource else ''} {self.namespace}/{self.name}"

    def __str__(self):
        return f"{self.verb} {self.target} -> {self.code}"


class AuditLog:
    """Positions are byte offsets: `since(mark)` gives what came after `mark = audit.mark()`."""

    def __init__(self, file, api):
        self._file = file
        self._api = api

    def mark(self):
        """The present end, after everything that was answered so far is on disk."""
        marker = f"audit-marker-{uuid.uuid4().hex}"
        self._api.get(path("v1", "namespaces", name=marker))
        start = max(0, self._file.stat().st_size - 1_000_000)

        def end_with_marker():
            text = self._read(start)
            return marker.encode() in text and start + text.rindex(b"\n") + 1

        return wait_until(end_with_marker, 10, "the audit log has the marker", interval=0.01)

    def since(self, mark, user=OPERATOR, until=None):
        """The user's requests after `mark`, oldest first; writes to `until`, by default now."""
        end = self.mark() if until is None else until
        lines = self._read(mark)[: end - mark].splitlines()
        return [request for request in map(_request, lines) if request and request.user == user]

    def writes(self, mark, user=OPERATOR, until=None):
        """The same, only writes to objects: without those of the operator's Lease, and without Events."""
        return [one for one in self.since(mark, user, until)
                if one.is_write and one.resource not in ("leases", "events")]

    def events(self, mark, namespace, name=""):
        """The operator's writes of Events in a namespace, by default of all its objects."""
        return [one for one in self.since(mark) if one.is_write and one.resource == "events"
                and one.namespace == namespace and one.name.startswith(name and f"{name}.")]

    def _read(self, start):
        with open(self._file, "rb") as file:
            file.seek(start)
            return file.read()


def _request(line):
    event = json.loads(line)
    if event["stage"] != "ResponseComplete":
        return None
    target = event.get("objectRef", {})
    return Request(user=event["user"]["username"], verb=event["verb"], resource=target.get("resource", ""),
                   namespace=target.get("namespace", ""), name=target.get("name", ""),
                   subresource=target.get("subresource", ""), code=event["responseStatus"]["code"],
                   uri=event["requestURI"])
