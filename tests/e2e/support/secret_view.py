"""A Secret whose values do not get into an assertion's message: pytest prints the repr of what it compares."""

import base64
import hashlib

_SENSITIVE = ("client-secret",)


class SecretView:
    def __init__(self, manifest):
        self.metadata = manifest["metadata"]
        self.type = manifest.get("type")
        self.immutable = manifest.get("immutable", False)
        self._data = {key: base64.b64decode(value) for key, value in (manifest.get("data") or {}).items()}

    def __repr__(self):
        return f"Secret {self.metadata['namespace']}/{self.metadata['name']} with keys {self.keys}"

    @property
    def keys(self):
        return sorted(self._data)

    @property
    def uid(self):
        return self.metadata["uid"]

    @property
    def resource_version(self):
        return self.metadata["resourceVersion"]

    def annotation(self, name):
        """By the name without our prefix."""
        return self.metadata.get("annotations", {}).get(f"apiclient.dev/{name}")

    def text(self, key):
        """A value that may be shown."""
        assert key not in _SENSITIVE, "use fingerprint()"
        return self._data[key].decode()

    def fingerprint(self, key="client-secret"):
        """Equal for equal values; tells nothing else."""
        return hashlib.sha256(self._data[key]).hexdigest()[:12]

    def reveal(self, key):
        """The value itself: to be sent, never to be compared or printed."""
        return self._data[key].decode()
