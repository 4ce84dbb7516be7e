"""From hydra-maester to this operator, as docs/migrate-from-hydra-maester.md says: the real hydra-maester and the real Hydra,
and a consumer that asks for tokens all the time."""

from pathlib import Path

import pytest
import yaml
from background import Background
from hydra import HydraWorld
from kubeapi import path
from maester import API, Maester
from processes import wait_until
from registry import basic_authorization, exchange
from rotation import rotate

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "migrate-from-hydra-maester.yaml"
PAGE = EXAMPLE.parents[1] / "docs" / "migrate-from-hydra-maester.md"


@pytest.fixture
def hydra_world(make_world):
    return make_world(HydraWorld, allowedScopes=["*"], allowInPlaceRotation=True)


@pytest.fixture
def maester(hydra_world):
    maester = Maester(hydra_world)
    maester.install()
    maester.start()
    yield maester
    hydra_world.api.delete(path(API, "oauth2clients", hydra_world.namespace, "billing"))
    wait_until(lambda: maester.client("billing") is None, 30, "the OAuth2Client is gone", interval=0.1)
    maester.stop()


def document(kind):
    """The manifest of this kind in the page, which is a part of what is tested."""
    blocks = [block.partition("\n")[2] for block in PAGE.read_text().split("```")[1::2] if block.startswith("yaml")]
    return next(one for block in blocks for one in yaml.safe_load_all(block) if one["kind"] == kind)


class Consumer(Background):
    """Asks for tokens with a Secret's CLIENT_ID and CLIENT_SECRET, all the time."""

    def __init__(self, world, secret_name):
        super().__init__(every=0.05)
        self._world, self._secret_name = world, secret_name
        self.answers = []

    def reads(self, secret_name):
        """Its workload was rolled out with another Secret."""
        self._secret_name = secret_name
        asked = len(self.answers)
        wait_until(lambda: len(self.answers) > asked + 1, 10, "the consumer has asked again", interval=0.02)

    def look(self):
        self.answers.append(token_answer(self._world, self._world.secret(self._secret_name)))


def token_answer(world, secret):
    return exchange("POST", f"{world.registry.issuer}/oauth2/token", "grant_type=client_credentials",
                    {"Content-Type": "application/x-www-form-urlencoded",
                     **basic_authorization(secret.text("CLIENT_ID"), secret.reveal("CLIENT_SECRET"))})[0]


def create_oauth2client(world, maester):
    manifest = document("OAuth2Client")
    manifest["metadata"]["namespace"] = world.namespace
    world.must(world.api.post(path(API, "oauth2clients", world.namespace), manifest))
    maester.wait_observed("billing")
    return world.wait_secret("billing-hydra")


def takeover(world, client_id):
    """The manifest of the example for this world."""
    manifest = yaml.safe_load(EXAMPLE.read_text())
    manifest["spec"]["registryRef"]["name"] = world.registry_name
    manifest["spec"]["adopt"]["clientId"] = client_id
    return manifest


def test_a_client_of_hydra_maester_moves_with_its_id_and_its_secret_and_without_an_outage(hydra_world, maester):
    world, name = hydra_world, "billing"
    theirs = create_oauth2client(world, maester)
    client_id = theirs.text("CLIENT_ID")
    before = world.registry.client(client_id)
    with Consumer(world, "billing-hydra") as consumer:
        allowed = document("ClusterClientRegistry")["spec"]["allowAdoption"]
        allowed[0].update(namespaces=[world.namespace], clientIds=[client_id])
        world.patch_registry({"spec": {"allowAdoption": allowed}})
        # Nothing of it may be deleted in Hydra from now on, and nothing written there.
        world.must(world.api.merge_patch(path(API, "oauth2clients", world.namespace, name),
                                         {"spec": {"deletionPolicy": "orphan"}}))
        maester.wait_observed(name)
        maester.stop()
        world.patch_secret("billing-hydra", {"metadata": {"labels": {"apiclient.dev/usable-by": "adopt"}}})

        world.must(world.api.post(path("apiclient.dev/v1alpha1", "apiclients", world.namespace),
                                  takeover(world, client_id)))
        client = world.wait_ready(name)
        assert client["status"]["clientId"] == client_id
        ours = world.secret("billing-client")
        assert ours.text("CLIENT_ID") == client_id
        assert ours.fingerprint("CLIENT_SECRET") == theirs.fingerprint("CLIENT_SECRET"), "the secret stays the same"
        after = world.registry.client(client_id)
        assert after["owner"] == before["owner"] and after["scope"] == before["scope"], "what is theirs stays"
        consumer.reads("billing-client")

        # With hydra-maester at work again its object goes, and neither the client nor our Secret with it.
        maester.start()
        world.must(world.api.delete(path(API, "oauth2clients", world.namespace, name)))
        wait_until(lambda: maester.client(name) is None, 30, "the OAuth2Client is gone", interval=0.1)
        wait_until(lambda: world.secret("billing-hydra") is None, 120, "its Secret is collected", interval=0.2)
        consumer.reads("billing-client")
    assert world.registry.client(client_id)["client_name"] == "Billing"
    assert set(consumer.answers) == {200}, "each request of the consumer was answered with a token"
    assert [one["client_id"] for one in world.registry.clients()] == [client_id], "one client, from the beginning to the end"

    rotate(world, name, "first-rotation")
    assert world.client(name)["status"]["clientId"] == client_id
    assert token_answer(world, world.secret("billing-client")) == 200 and token_answer(world, ours) == 401


def test_without_the_label_the_secret_of_hydra_maester_is_not_read(hydra_world, maester):
    world = hydra_world
    theirs = create_oauth2client(world, maester)
    world.patch_registry({"spec": {"allowAdoption": [{
        "namespaces": [world.namespace], "clientIds": [theirs.text("CLIENT_ID")]}]}})
    world.must(world.api.post(path("apiclient.dev/v1alpha1", "apiclients", world.namespace),
                              takeover(world, theirs.text("CLIENT_ID"))))
    client = world.wait_condition("billing", "Ready", "False", "AdoptedSecretNotUsable")
    reason = next(one for one in client["status"]["conditions"] if one["type"] == "Ready")
    assert "apiclient.dev/usable-by" in reason["message"], reason
    assert token_answer(world, theirs) == 200, "nothing was changed"
