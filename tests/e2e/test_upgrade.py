"""From the former version to this one, back, and again: nothing is minted, no Secret changes, nobody is restarted."""

import time
from dataclasses import dataclass
from pathlib import Path

import former_version
import pytest
import yaml
from audit import OPERATOR
from controller import PROGRAM
from crash_helpers import ProxiedWorld, assert_issued, reconcile_again, wait_until_issued
from crd_compatibility import incompatibilities
from faults import Pause
from kubeapi import path
from operator_user import bind_restart_role, unbind_restart_role
from processes import wait_until
from repository import REPOSITORY
from rotation import ends, revision, rotate, wait_overlap_over, works
from test_client_types import JWKS, REDIRECT
from workloads import Workloads, target
from world import API

COUNT = 50
OVERLAP = {"overlap": "10h"}
# What the clients are, by turns.
KINDS = {
    "machine": {},
    "rotated": {"rotation": OVERLAP},
    "restarting": {"rotation": OVERLAP},
    "planned": {"rotation": {"interval": "24h"}},
    "web": {"type": "Web", "redirectUris": [REDIRECT]},
    "phone": {"type": "Public", "redirectUris": ["com.example.phone:/callback"]},
    "signer": {"tokenEndpointAuthMethod": "private_key_jwt", "jwks": JWKS},
    "suspended": {},
    "renamed": {"secret": {"name": "another", "type": "Opaque", "keys": {"client-id": "CLIENT_ID"}}},
}
ROTATED = ("rotated", "restarting")


@dataclass(frozen=True)
class Version:
    program: Path
    crds: Path
    roles: Path


PRESENT = Version(Path(PROGRAM), REPOSITORY / "crds", REPOSITORY / "charts" / "apiclient-operator" / "files")


class Installation:
    """The operator, in one of its versions."""

    def __init__(self, plane, controller):
        self._plane, self._controller = plane, controller
        self.former = Version(former_version.controller(), former_version.crds(), former_version.roles())

    def version(self, name):
        return {"former": self.former, "present": PRESENT}[name]

    def change(self, version, crds=None):
        """Its CRDs and its roles, then its program. `crds`: those of another version."""
        self._controller.stop()
        self._plane.install((crds or version).crds, version.roles)
        self._controller.start(program=version.program)


@pytest.fixture
def installation(plane, api, controller):
    bind_restart_role(api, [OPERATOR])
    made = Installation(plane, controller)
    yield made
    made.change(PRESENT)
    unbind_restart_role(api)


class Fleet:
    """COUNT clients of all kinds, at rest."""

    def __init__(self, world):
        self._world, self._workloads = world, Workloads(world)
        self.names = [f"{kind}-{number}" for number, kind in zip(range(COUNT), [*KINDS] * COUNT)]
        self._old = {}

    def of(self, *kinds):
        return [name for name in self.names if name.startswith(kinds)]

    def create(self):
        for name in self.names:
            self._world.create(name, **self._spec(name))
        for name in self.names:
            wait_until_issued(self._world, name)
        for name in self.of("suspended"):
            self._world.patch(name, {"spec": {"suspended": True}})
            self._world.wait_condition(name, "Ready", "True", "Suspended")
        self._old = {name: self._world.secret(name) for name in self.of(*ROTATED)}
        for name in self._old:
            rotate(self._world, name, "r1")
        for name in self.names:
            reconcile_again(self._world, name)

    def _spec(self, name):
        kind = name.rpartition("-")[0]
        if kind == "restarting":
            self._workloads.create(name, replicas=0)
            return {**KINDS[kind], "restartTargets": [target(name)]}
        if kind == "renamed":
            return {"secret": {**KINDS[kind]["secret"], "name": f"another-{name}"}}
        return KINDS[kind]

    def reconcile(self, token):
        """Returns when the operator has gone through each of them and said so."""
        for name in self.names:
            self._world.annotate(name, "reconcile", token)

        def handled():
            return all(one["status"].get("lastHandledReconcile") == token for one in self._items(API, "apiclients"))

        wait_until(handled, 60, f"each client was reconciled ({token})", interval=0.1)

    def held(self):
        """What no version may touch, by name."""
        clients = self._items(API, "apiclients")
        return {
            "Secrets": {one["metadata"]["name"]: one["metadata"]["resourceVersion"] for one in self._items("v1", "secrets")},
            "ApiClients": {one["metadata"]["name"]: _declared(one) for one in clients},
            "credentials": {one["metadata"]["name"]: _credentials(one) for one in clients},
            "workloads": {one["metadata"]["name"]: one["spec"] for one in self._items("apps/v1", "deployments")},
            "registry": {one: _secrets(self._world.registry.client(one)) for one in self._world.registry.client_ids()},
        }

    def assert_works(self):
        for name in self.of("machine", "planned", *ROTATED):
            assert works(self._world.secret(name)), name
        for name, secret in self._old.items():
            assert works(secret), f"{name}: the overlap is under way"
        for name in self.of("restarting"):
            assert self._workloads.templates(name) == 2, f"{name}: restarted once, by its rotation"

    def _items(self, version, plural):
        return self._world.must(self._world.api.get(path(version, plural, self._world.namespace)))["items"]


def _declared(client):
    metadata = client["metadata"]
    annotations = {key: value for key, value in metadata["annotations"].items() if key != "apiclient.dev/reconcile"}
    return metadata["generation"], metadata["finalizers"], annotations, client["spec"]


def _credentials(client):
    status = client["status"]
    known = [{key: value for key, value in status.get(member, {}).items() if key != "lastUsedAt"}
             for member in ("credential", "previous")]
    return [*known, status.get("rotation"), status["clientId"], status["binding"]]


def _secrets(client):
    return [(one["id"], one["revision"], one["hint"]) for one in client["secrets"]], client["mark"]


@pytest.fixture
def proxied(installation, make_world):
    with ProxiedWorld(make_world) as (world, proxy):
        yield world, proxy


def test_fifty_clients_are_left_alone(proxied, installation, audit, numbers):
    world, proxy = proxied
    former, fleet = installation.former, Fleet(world)
    installation.change(former)
    fleet.create()
    before = fleet.held()
    legs = (("upgrade", PRESENT, PRESENT), ("downgrade, whose CRDs stay", former, PRESENT),
            ("downgrade of the CRDs too", former, former), ("upgrade again", PRESENT, PRESENT))
    for number, (leg, version, crds) in enumerate(legs):
        mark, calls, began = audit.mark(), len(proxy.seen("POST", "PUT", "DELETE")), time.monotonic()
        installation.change(version, crds)
        fleet.reconcile(f"leg-{number}")
        took = time.monotonic() - began
        for part, content in fleet.held().items():
            assert content == before[part], f"{leg}: {part}"
        written = {f"{one.resource}/{one.subresource}" for one in audit.writes(mark)}
        assert written <= {"apiclients/status", "clusterclientregistries/status"}, leg
        called = [f"{seen.method} {seen.path}" for seen in proxy.seen("POST", "PUT", "DELETE")[calls:]]
        assert called == [], f"{leg}: the registry was written to"
        numbers(f"{leg}: {COUNT} clients, from the old process to the last reconciliation", f"{took:.1f} s")
    fleet.assert_works()


DIRECTIONS = pytest.mark.parametrize("first,then", [("former", "present"), ("present", "former")],
                                     ids=["upgrade", "downgrade"])


@DIRECTIONS
def test_an_overlap_is_ended(installation, controller, world, first, then):
    installation.change(installation.version(first))
    world.create_ready("one", rotation={"overlap": "10s"})
    old = world.secret("one")
    rotate(world, "one", "r1")
    controller.stop()
    published = world.secret("one")
    assert "previous" in world.client("one")["status"] and works(old), "the overlap is under way"
    installation.change(installation.version(then))
    client = wait_overlap_over(world, "one")
    ends(old)
    assert revision(client) == 2 and works(published)
    assert world.secret("one").resource_version == published.resource_version
    assert_issued(world, "one", (2,))


@DIRECTIONS
def test_a_roll_out_is_waited_for(installation, make_world, first, then):
    world = make_world(maxOverlap="1h")
    installation.change(installation.version(first))
    workloads = Workloads(world)
    workloads.create("web")
    workloads.roll_out("web")
    world.create_ready("one", restartTargets=[target("web")], rotation={"overlap": "2s"})
    old = world.secret("one")
    rotate(world, "one", "r1")
    world.wait_condition("one", "Rotating", "True", "RollingOut")
    installation.change(installation.version(then))
    world.annotate("one", "reconcile", "look")
    world.settle()
    assert works(old) and works(world.secret("one")), "no pod has the new secret yet"
    workloads.roll_out("web")
    wait_overlap_over(world, "one")
    ends(old)
    assert workloads.templates("web") == 2, "restarted once"
    assert_issued(world, "one", (2,))


@DIRECTIONS
def test_a_rotation_that_was_cut_off_is_finished(proxied, installation, controller, first, then):
    """It dies with the call under way that stores the new secret; the call itself arrives after that of the other version."""
    world, proxy = proxied
    installation.change(installation.version(first))
    world.create("one")
    uid = wait_until_issued(world, "one")
    late = Pause()
    proxy.once("POST", r"/secrets$", late)
    world.annotate("one", "rotate", "r1")
    assert late.arrived.wait(20), "the call has begun"
    controller.kill()
    staged = world.staged(uid)
    calls = len(proxy.seen("POST"))
    installation.change(installation.version(then))
    assert_issued(world, "one", (1, 2))
    assert world.secret("one").fingerprint() == staged.fingerprint("value"), "what the other was about to publish"
    late.end()
    wait_until(lambda: len(proxy.seen("POST")) == calls + 2, 20, "the late call has arrived")
    assert_issued(world, "one", (1, 2))
    assert world.secret("one").fingerprint() == staged.fingerprint("value")


def test_the_crds_only_gain():
    """What the former ones took is taken, and kept."""
    former = {file.name: yaml.safe_load(file.read_text()) for file in former_version.crds().glob("*.yaml")}
    present = {file.name: yaml.safe_load(file.read_text()) for file in PRESENT.crds.glob("*.yaml")}
    assert former and sorted(former) == sorted(set(former) & set(present))
    assert {name: incompatibilities(former[name], present[name]) for name in former} == {name: [] for name in former}
