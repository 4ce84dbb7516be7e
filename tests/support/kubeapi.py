"""The Kubernetes API for tests: one request in, one answer out, without a kubectl process for each.

    api = KubeApi.from_kubeconfig()                       # $KUBECONFIG, current context
    answer = api.post(path("apiclient.dev/v1alpha1", "apiclients", "team-a"), manifest)
    assert answer.status == 201, answer.message

Every request opens its own connection, so an object may be shared by threads and outlive a restart of the server.
Nothing is retried and an HTTP error is not an exception: tests look at `status` and `body`. Standard library and
PyYAML only. Credentials: client certificates and tokens, as data or as files; no exec plugins.
"""

import base64
import contextlib
import http.client
import json
import os
import ssl
import tempfile
import time
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

import yaml

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"


@dataclass(frozen=True)
class Answer:
    """What the server said. `body` is the decoded JSON, or the text where it is none (/readyz, /metrics)."""

    status: int
    body: object

    @property
    def ok(self):
        return 200 <= self.status < 300

    @property
    def message(self):
        """The message of a metav1.Status; empty for other answers."""
        return self.body.get("message", "") if isinstance(self.body, dict) and not self.ok else ""

    @property
    def causes(self):
        """The causes of an Invalid answer: list of {reason, message, field}."""
        return (self.body.get("details") or {}).get("causes", []) if isinstance(self.body, dict) and not self.ok else []


def path(api_version, plural, namespace=None, name=None, subresource=None):
    """URL path of a collection or an object: path("v1", "secrets", "team-a", "invoices")."""
    parts = ["api" if "/" not in api_version else "apis", api_version]
    parts += ["namespaces", namespace] if namespace else []
    parts += [part for part in (plural, name, subresource) if part]
    return "/" + "/".join(urllib.parse.quote(part) for part in parts)


class KubeApi:
    def __init__(self, server, context=None, token=None, timeout=30.0):
        self._server = urllib.parse.urlsplit(server)
        self._context = context
        self._token = token
        self._timeout = timeout

    @classmethod
    def from_kubeconfig(cls, file=None, context=None):
        """From a file, by default the one that $KUBECONFIG names."""
        file = Path(file or os.environ["KUBECONFIG"])
        config = yaml.safe_load(file.read_text())
        chosen = _named(config["contexts"], context or config["current-context"], "context")
        cluster = _named(config["clusters"], chosen["cluster"], "cluster")
        user = _named(config["users"], chosen["user"], "user")
        token = user.get("token")
        if "tokenFile" in user:
            token = (file.parent / user["tokenFile"]).read_text().strip()
        return cls(cluster["server"], _tls(cluster, user, file.parent), token)

    def request(self, method, path, body=None, params=None, content_type=JSON):
        """One request. `params` is a dict for the query (lists repeat a name); `body` is sent as JSON."""
        connection = self._connect()
        try:
            connection.request(method, path + _query(params), *self._payload(body, content_type))
            reply = connection.getresponse()
            return Answer(reply.status, _decoded(reply.read()))
        finally:
            connection.close()

    def get(self, path, **params):
        return self.request("GET", path, params=params)

    def post(self, path, body, **params):
        return self.request("POST", path, body, params)

    def put(self, path, body, **params):
        return self.request("PUT", path, body, params)

    def delete(self, path, **params):
        return self.request("DELETE", path, params=params)

    def merge_patch(self, path, patch, **params):
        return self.request("PATCH", path, patch, params, MERGE_PATCH)

    def apply(self, path, manifest, field_manager, **params):
        """Server-side apply."""
        return self.request("PATCH", path, manifest, {"fieldManager": field_manager, **params}, APPLY_PATCH)

    def watch(self, path, **params):
        """Yields {type, object} as the server sends them, until it ends the watch; begins with what exists.

        Here a refusal is an exception, ConnectionError: there is nothing to yield.
        """
        connection = self._connect(timeout=None)
        try:
            connection.request("GET", path + _query({"watch": "true", **params}), *self._payload(None, JSON))
            reply = connection.getresponse()
            if reply.status != 200:
                raise ConnectionError(f"HTTP {reply.status}: {reply.read()[:500]!r}")
            for line in reply:
                yield json.loads(line)
        finally:
            connection.close()

    def wait_for(self, path, condition, timeout=30.0, interval=0.05):
        """Polls until condition(answer) holds and returns that answer; AssertionError with the last one otherwise."""
        deadline = time.monotonic() + timeout
        while True:
            answer = self.get(path)
            if condition(answer):
                return answer
            if time.monotonic() >= deadline:
                raise AssertionError(f"not within {timeout:g} s: {path} is {answer.status} {answer.body}")
            time.sleep(interval)

    def _connect(self, **options):
        host, port, options = self._server.hostname, self._server.port, {"timeout": self._timeout, **options}
        if self._server.scheme == "http":
            return http.client.HTTPConnection(host, port or 80, **options)
        return http.client.HTTPSConnection(host, port or 443, context=self._context, **options)

    def _payload(self, body, content_type):
        headers = {"Accept": JSON}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if body is None:
            return None, headers
        return json.dumps(body), {**headers, "Content-Type": content_type}


def _named(entries, name, kind):
    """Kubeconfig lists hold {name, <kind>: {...}}."""
    return next(entry[kind] for entry in entries if entry["name"] == name)


def _query(params):
    return "?" + urllib.parse.urlencode(params, doseq=True) if params else ""


def _decoded(raw):
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode(errors="replace")


def _tls(cluster, user, directory):
    context = ssl.create_default_context()
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    with contextlib.ExitStack() as files:
        authority = _file(cluster, "certificate-authority", directory, files)
        if authority:
            context.load_verify_locations(authority)
        certificate = _file(user, "client-certificate", directory, files)
        if certificate:
            context.load_cert_chain(certificate, _file(user, "client-key", directory, files))
    return context


def _file(entry, field, directory, files):
    """The ssl module reads certificates from files only; inline data goes to one that lives as long as `files`."""
    if field + "-data" in entry:
        file = files.enter_context(tempfile.NamedTemporaryFile())    # created with mode 0600
        file.write(base64.b64decode(entry[field + "-data"]))
        file.flush()
        return file.name
    return str(directory / entry[field]) if field in entry else None
