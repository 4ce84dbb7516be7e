"""No secret leaves the Secret objects: after creation, update, failure, crash, recovery and deletion, with everything
logged, every value that ever existed is looked for wherever somebody else could read."""

import base64
import contextlib
import json
from pathlib import Path

import pytest
from controller import CHECKPOINTS
from controlplane import OPERATOR_NAMESPACE
from crash_helpers import assert_gone, assert_issued, expect_killed, wait_until_issued
from fault_proxy import FaultProxy
from faults import Reply, lose_reply
from kubeapi import path
from secret_scanner import History, SecretScanner

# Files that are the home of secrets, or that belong to the servers around the product.
HOMES = ("admin-token", "keys.json", "etcd/", "certificates/", ".kubeconfig")


class Traffic:
    """Proxies before both sides of the registry. What they saw tells which access tokens there were."""

    def __init__(self, make_world):
        self.public = FaultProxy(record=True).__enter__()
        self.world = make_world(resyncInterval="0s", tokenUrl=f"{self.public.url}/oauth2/token")
        self.public.upstream = self.world.registry.public_port
        self.admin = FaultProxy(self.world.registry.admin_port).__enter__()
        self.world.patch_registry({"spec": {"embedded": {"adminUrl": self.admin.url}}})

    def close(self):
        self.world.patch_registry({"spec": {"embedded": {"adminUrl": self.world.registry.admin_url}}})
        for proxy in (self.public, self.admin):
            proxy.__exit__()

    def access_tokens(self):
        return [json.loads(one.reply_body)["access_token"] for one in self.public.seen("POST") if one.status == 200]


@pytest.fixture
def traffic(make_world, monkeypatch, controller):
    monkeypatch.setenv("APICLIENT_LOG_LEVEL", "trace")  # both programs read it
    controller.stop()
    traffic = Traffic(make_world)
    controller.start()
    yield traffic
    traffic.close()
    controller.stop()


def test_no_secret_outside_its_secret(traffic, api, plane, controller, audit, numbers):
    world, scanner = traffic.world, SecretScanner()
    secrets = History(api, path("v1", "secrets"), learn_values(scanner))
    histories = [History(api, where) for where in (
        path("apiclient.dev/v1alpha1", "apiclients"), path("apiclient.dev/v1alpha1", "clusterclientregistries"),
        path("events.k8s.io/v1", "events"), path("coordination.k8s.io/v1", "leases"), path("v1", "configmaps"))]

    live_through(world, traffic, controller)

    secrets.wait_for(world.must(api.get(path("v1", "secrets", world.namespace, "machine"))))
    histories[0].wait_for(world.client("machine"))
    for token in traffic.access_tokens():
        scanner.add("access token", token)
    learn_keys(scanner, plane.directory / world.registry.name / "keys.json")
    counts = {what: scanner.count(what) for what in ("staged secret", "published secret", "admin token", "access token")}
    assert counts["staged secret"] >= 10 and counts["published secret"] >= 10, f"too little was seen: {counts}"
    assert counts["admin token"] >= 2 and counts["access token"] >= 10, f"too little was seen: {counts}"

    audit.mark()  # everything is on disk
    places = readable_places(world, plane, controller)
    places["versions of Secrets, without data"] = secrets.text(without="data")
    for history in histories:
        places[f"versions of {history.where}"] = history.text()
    assert_looked_at(places, world)
    leaks = {leak for place, text in places.items() for leak in scanner.find(place, text)}
    assert not leaks, "secret values where they must not be:\n" + "\n".join(sorted(leaks))
    numbers("secrets stay", f"{scanner.summary()}: none of them in {len(places)} places, "
            f"{sum(map(len, places.values())) / 1e6:.1f} MB")


def live_through(world, traffic, controller):
    """All that brings values into being, and all that tempts a program to say more than it should."""
    for name, spec in {"machine": {}, "post": {"tokenEndpointAuthMethod": "client_secret_post"}, "lost": {},
                       "web": {"type": "Web", "redirectUris": ["https://app.example.com/callback"]},
                       "public": {"type": "Public", "redirectUris": ["https://app.example.com/callback"]}}.items():
        world.create(name, **spec)
        wait_until_issued(world, name)
    assert (world.token("machine"), world.token("post", "post")) == (200, 200)
    world.patch("machine", {"spec": {"displayName": "Another name"}})
    assert_issued(world, "machine", display_name="Another name")
    registry_misbehaves(world, traffic)
    registry_is_down(world)
    secret_of_somebody_else(world)
    admin_token_is_wrong(world)
    operator_crashes(world, controller)
    credentials = world.secret("machine")
    world.delete_and_wait("machine")
    assert_gone(world, "machine", credentials)  # a refused token request among others
    world.create_ready("machine")
    assert world.token("machine") == 200


def echo(status):
    """A refusal that repeats what was sent, with the credentials."""
    def fault(exchange):
        said = f"cannot take {exchange.body.decode()} from {exchange.headers['Authorization']}"
        body = {"title": said, "detail": said, "code": "invalid_client_metadata", "status": status}
        return Reply(status, (("Content-Type", "application/problem+json"),), json.dumps(body).encode())
    return fault


def registry_misbehaves(world, traffic):
    for status in (400, 409, 500, 401):
        name = f"echo-{status}"
        fault = traffic.admin.once("POST", r"/clients$", echo(status), containing=world.client_id(name).encode())
        world.create(name)
        fault.wait()
        world.wait_condition(name, "Ready")
        world.annotate(name, "reconcile", "now")
        assert_issued(world, name)
    fault = traffic.admin.once("POST", r"/secrets$", lose_reply)
    world.delete_secret("lost")
    fault.wait()
    world.wait_secret("lost")
    assert_issued(world, "lost", (1, 2))


def registry_is_down(world):
    world.registry.kill()
    world.delete_secret("post")
    world.wait_condition("post", "Registered", "Unknown")
    world.registry.start()
    world.wait_secret("post")
    assert_issued(world, "post", (1, 2))


def secret_of_somebody_else(world):
    world.create_secret("foreign", {"client-secret": "a-value-that-belongs-to-somebody-else"})
    world.create("foreign")
    world.wait_condition("foreign", "Stalled", reason="SecretNameConflict")
    world.delete("foreign")
    world.wait_gone("foreign")


def admin_token_is_wrong(world):
    where = path("v1", "secrets", OPERATOR_NAMESPACE, world.credentials_name)
    for token, reason in (("not-the-token-of-this-registry", "CredentialsRefused"), (world.registry.admin_token, "Reachable")):
        world.must(world.api.merge_patch(where, {"data": {"token": base64.b64encode(token.encode()).decode()}}))
        world.wait_registry(reason)


def operator_crashes(world, controller):
    controller.kill()
    world.delete_secret("web")
    controller.start(program=CHECKPOINTS, ready=False, environment={"APICLIENT_CHECKPOINT": "kill:publish:before:1"})
    expect_killed(controller, "before publish")
    controller.start()
    world.wait_secret("web")
    assert_issued(world, "web", (1, 2))


def learn_values(scanner):
    """For a History of Secrets: tells the scanner what they hold."""
    kinds = {"value": "staged secret", "client-secret": "published secret", "token": "admin token"}

    def learn(secret):
        for key, value in (secret.get("data") or {}).items():
            if key in kinds and value:
                scanner.add(kinds[key], base64.b64decode(value).decode())
    return learn


def learn_keys(scanner, file):
    keys = json.loads(file.read_text())
    scanner.add("hash key of the registry", keys["hash_key"])
    scanner.add("signing key of the registry", keys["signing_key"]["d"])


def readable_places(world, plane, controller):
    """{place: content}: every file of the servers but HOMES, both command lines and environments, both metrics."""
    places = {}
    for file in sorted(plane.directory.rglob("*")):
        name = str(file.relative_to(plane.directory))
        if file.is_file() and not any(home in name for home in HOMES):
            places[name] = file.read_bytes()
    for program in (controller, world.registry):
        for part in ("cmdline", "environ"):
            with contextlib.suppress(PermissionError):  # only root may read the environment of these programs
                places[f"{part} of {program.log.stem}"] = Path(f"/proc/{program.pid}/{part}").read_bytes()
        places[f"metrics of {program.log.stem}"] = program.metrics().encode()
    return places


def assert_looked_at(places, world):
    """The places that matter are among them, and hold what they should."""
    registry = world.registry.name
    for place, proof in {"controller.log": b'"level":"debug"', f"{registry}.log": b'"level":"debug"',
                         "audit.log": b'"verb":"create"', f"{registry}/registry.db": b"SQLite format",
                         "cmdline of controller": b"--kubeconfig", f"cmdline of {registry}": b"--admin-token-file",
                         "metrics of controller": b"apiclient_"}.items():
        assert proof in places[place], f"{place} was not read"
    assert any(world.namespace.encode() in text for place, text in places.items() if place.startswith("versions of"))
