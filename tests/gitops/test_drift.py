"""A manifest that is applied again changes nothing, whatever the operator has done since: no difference, no new version."""

import base64
import os
import subprocess

import pytest
import yaml
from crash_helpers import reconcile_again
from kubeapi import path
from rotation import wait_handled, wait_overlap_over, wait_refused
from world import API

PAUSED, REVOKE, ROTATE = "apiclient.dev/paused", "apiclient.dev/revoke-previous", "apiclient.dev/rotate"


class Manifest:
    """One that a pipeline has and applies, in one of the two manners of kubectl."""

    def __init__(self, world, manner):
        self._world, self._manner = world, manner
        self._content = world.manifest("one", rotation={"overlap": "1h"})

    def change(self, annotations=None, **spec):
        """In Git, and applied."""
        if annotations:
            self._content["metadata"].setdefault("annotations", {}).update(annotations)
        whole = {**self._content["spec"], **spec}
        self._content["spec"] = {key: value for key, value in whole.items() if value is not None}
        self.apply()

    def apply(self):
        return self._world.plane.kubectl("apply", *self._manner, "-f", "-", stdin=self._text)

    def difference(self):
        """What kubectl diff shows; empty when there is nothing."""
        plane = self._world.plane
        done = subprocess.run(["kubectl", "diff", *self._manner, "-f", "-"], input=self._text, capture_output=True,
                              text=True, timeout=60, env={**os.environ, **plane.environment()})
        assert done.returncode in (0, 1), done.stderr
        return done.stdout

    @property
    def _text(self):
        return yaml.safe_dump(self._content)


MANNERS = {"client-side": (), "server-side": ("--server-side", "--field-manager=pipeline")}


@pytest.fixture(params=MANNERS)
def manifest(request, world):
    """Applied, and Ready."""
    applied = Manifest(world, MANNERS[request.param])
    applied.apply()
    world.wait_ready("one")
    return applied


# What the operator may have done: (manifest, world) → until it is done.

def issue(_, __):
    pass


def update(manifest, world):
    manifest.change(displayName="Another name", contacts=["team@example.com"])
    world.wait_ready("one")


def rotate(manifest, world):
    manifest.change({ROTATE: "r1"})
    wait_handled(world, "one", "r1")


def revoke_previous(manifest, world):
    rotate(manifest, world)
    manifest.change({REVOKE: "r1"})
    wait_overlap_over(world, "one")


def rotate_by_hand(_, world):
    world.annotate("one", "rotate", "by-hand:now")
    wait_handled(world, "one", "by-hand:now")


def refuse_a_token(manifest, world):
    manifest.change({ROTATE: "not a token"})
    wait_refused(world, "one", "not a token", "Malformed")


def suspend(manifest, world):
    manifest.change(suspended=True)
    world.wait_condition("one", "Ready", "True", "Suspended")


def resume(manifest, world):
    suspend(manifest, world)
    manifest.change(suspended=None)
    world.wait_condition("one", "Ready", "True", "Issued")


def go_on_after_a_pause(manifest, world):
    manifest.change({PAUSED: "true"}, displayName="Another name")
    world.settle()
    manifest.change({PAUSED: "false"})
    world.wait_ready("one")


def rename_the_secret(manifest, world):
    manifest.change(secret={"name": "another"})
    world.wait_secret("another")
    world.wait_ready("one")


def repair_a_lost_secret(_, world):
    world.delete_secret("one")
    world.wait_secret("one")
    world.wait_ready("one")


def repair_an_overwritten_secret(_, world):
    world.patch_secret("one", {"data": {"client-secret": base64.b64encode(b"theirs").decode()}})
    world.wait_secret("one", lambda secret: secret.annotation("revision") == "2", "it is made again")
    world.wait_ready("one")


def put_right_what_the_registry_has(_, world):
    changed = {**world.registered("one"), "client_name": "By hand"}
    for computed in ("etag", "created_at", "updated_at", "secrets", "disabled"):
        del changed[computed]
    assert world.registry.admin("PUT", f"/clients/{world.client_id('one')}", changed)[0] == 200
    reconcile_again(world, "one")
    assert world.registered("one")["client_name"] == "Client one"


def stall(manifest, world):
    manifest.change(scopes=["payroll.write"])
    world.wait_condition("one", "Stalled", "True", "ScopeNotAllowed")


RECONCILES = [issue, update, rotate, revoke_previous, rotate_by_hand, refuse_a_token, suspend, resume, go_on_after_a_pause,
              rename_the_secret, repair_a_lost_secret, repair_an_overwritten_secret, put_right_what_the_registry_has,
              stall]


def versions(world):
    """Of everything that there is in the namespace, and of the registry."""
    found = {"registry": [world.registry_object()]}
    for version, plural in ((API, "apiclients"), ("v1", "secrets")):
        found[plural] = world.must(world.api.get(path(version, plural, world.namespace)))["items"]
    return {f"{plural}/{one['metadata']['name']}": one["metadata"]["resourceVersion"]
            for plural, objects in found.items() for one in objects}


@pytest.mark.parametrize("reconcile", RECONCILES, ids=lambda one: one.__name__)
def test_nothing_differs_and_applying_changes_nothing_after(manifest, world, reconcile):
    reconcile(manifest, world)
    world.settle()
    assert manifest.difference() == ""
    before = versions(world)
    for _ in range(3):
        manifest.apply()
    world.settle()
    assert versions(world) == before


def test_nothing_differs_while_the_registry_is_down(manifest, world):
    world.registry.stop()
    manifest.change(displayName="Another name")
    world.wait_condition("one", "Registered", "Unknown")
    assert manifest.difference() == ""
