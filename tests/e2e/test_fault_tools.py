"""The tools with which other tests harm the operator do what they say: the proxy before the API server and before the
registry, the clock of the test build, and its short Lease."""

import http.client
import threading
import time

import pytest
from controller import CHECKPOINTS, Controller
from fault_proxy import FaultProxy
from faults import Hold, Pause, answer, delay, lose_reply, reset, stall
from kubeapi import KubeApi, path
from operator_user import api_proxy, service_account
from replica import Replica
from rotation import rotate, wait_overlap_over

CONFIGMAPS = path("v1", "configmaps", "default")
HANG_UP = (http.client.RemoteDisconnected, ConnectionError)
BRISK = {"APICLIENT_LEASE_MS": "3000", "APICLIENT_RENEW_DEADLINE_MS": "2000", "APICLIENT_LEASE_RETRY_MS": "300"}


@pytest.fixture(scope="module")
def proxy(plane):
    with api_proxy(plane) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def proxied_user(plane, api, proxy):
    return service_account(plane, api, "proxied", proxy.url)


@pytest.fixture(autouse=True)
def no_fault_is_left(proxy):
    yield
    proxy.clear()


@pytest.fixture
def through(plane, proxy, proxied_user):
    """The API by way of the proxy, as a user who may not do this: faults are told from refusals by that."""
    return KubeApi.from_kubeconfig(plane.kubeconfig("proxied"))


@pytest.fixture(scope="module")
def admin_through(plane, api, proxy):
    """The same as somebody who may do it."""
    server = service_account(plane, api, "anybody", proxy.url)
    assert api.post(path("rbac.authorization.k8s.io/v1", "rolebindings", "default"), {
        "metadata": {"name": "anybody"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": server}]}).ok
    return KubeApi.from_kubeconfig(plane.kubeconfig("anybody"))


def config_map(name):
    return {"metadata": {"name": name}, "data": {"one": "1"}}


def test_the_sender_authenticates_through_the_proxy(through, admin_through):
    assert through.post(CONFIGMAPS, config_map("refused")).status == 403, "RBAC knows who it is"
    assert admin_through.post(CONFIGMAPS, config_map("allowed")).status == 201


def test_a_watch_passes_event_by_event(api, admin_through):
    watch = admin_through.watch(CONFIGMAPS, fieldSelector="metadata.name=watched")
    for change in ("first", "second"):
        if change == "first":
            api.post(CONFIGMAPS, config_map("watched"))
        else:
            api.merge_patch(f"{CONFIGMAPS}/watched", {"data": {"one": change}})
        event = next(watch)  # the stream stays open: it would hang here if the proxy waited for its end
    assert event["type"] == "MODIFIED" and event["object"]["data"]["one"] == "second"
    watch.close()


def test_a_lost_reply_is_lost_after_the_commit(api, admin_through, proxy):
    proxy.once("POST", "/configmaps$", lose_reply, containing=b"lost")
    with pytest.raises(HANG_UP):
        admin_through.post(CONFIGMAPS, config_map("lost"))
    assert api.get(f"{CONFIGMAPS}/lost").status == 200


@pytest.mark.parametrize("fault, status", [(answer(500), 500), (answer(429, Retry_After="1"), 429)], ids=["500", "429"])
def test_an_error_comes_before_the_commit(api, admin_through, proxy, fault, status):
    proxy.once("POST", "/configmaps$", fault, containing=b"refused")
    assert admin_through.post(CONFIGMAPS, config_map("refused")).status == status
    assert api.get(f"{CONFIGMAPS}/refused").status == 404


def test_a_reset_is_one():
    """Without TLS, where the sender can tell it from an end."""
    with FaultProxy(upstream=1) as plain:
        plain.once("POST", "/clients$", reset)
        connection = http.client.HTTPConnection("127.0.0.1", plain.port, timeout=10)
        with pytest.raises(ConnectionResetError):
            connection.request("POST", "/clients", b"{}")
            connection.getresponse()


def test_a_stall_lasts_until_the_sender_has_enough(api, plane, admin_through, proxy):
    fault = proxy.once("POST", "/configmaps$", stall)
    admin_through._timeout = 0.3
    with pytest.raises(TimeoutError):
        admin_through.post(CONFIGMAPS, config_map("stalled"))
    admin_through._timeout = 30
    fault.wait(10)
    assert api.get(f"{CONFIGMAPS}/stalled").status == 404


def test_a_delay_only_takes_longer(admin_through, proxy):
    proxy.once("POST", "/configmaps$", delay(0.4))
    began = time.monotonic()
    assert admin_through.post(CONFIGMAPS, config_map("delayed")).status == 201
    assert time.monotonic() - began > 0.4


@pytest.mark.parametrize("side, stored", [("sent", 404), ("received", 200)])
def test_a_held_call_is_on_one_side_of_the_commit(api, admin_through, proxy, side, stored):
    hold, said = Hold(side), []

    def send():
        try:
            said.append(admin_through.post(CONFIGMAPS, config_map(side)).status)
        except HANG_UP:
            said.append(None)

    proxy.once("POST", "/configmaps$", hold)
    sender = threading.Thread(target=send)
    sender.start()
    assert hold.arrived.wait(10) and api.get(f"{CONFIGMAPS}/{side}").status == stored
    hold.end()
    sender.join(10)
    assert said == [201 if side == "received" else None]


def test_the_second_of_two_requests_is_meant(api, admin_through, proxy):
    proxy.once("POST", "/configmaps$", answer(500), nth=2)
    assert [admin_through.post(CONFIGMAPS, config_map(f"nth-{one}")).status for one in range(3)] == [201, 500, 201]


def test_the_operator_works_through_the_proxy(plane, api, world, controller, proxy, proxied_user, audit):
    """Its watches too: nothing would be seen otherwise."""
    controller.stop()
    proxied = Controller(plane, api, "proxied", "proxied")
    proxied.start()
    mark = audit.mark()
    pause = Pause()
    proxy.once("POST", f"/namespaces/{world.namespace}/secrets$", pause)
    world.create("one")
    assert pause.arrived.wait(10), "the Secret is written by way of the proxy"
    assert world.secret("one") is None
    pause.end()
    world.wait_ready("one")
    assert audit.writes(mark, user=proxied_user), "the audit log has it under the account's own name"
    proxied.stop()


def test_the_clock_of_the_test_build_can_be_set_while_it_runs(plane, world, controller):
    """Ahead by more than a minute, no overlap ends by time; right again, it does."""
    offset = plane.directory / "clock-offset"
    controller.stop()
    controller.start(program=CHECKPOINTS, environment={"APICLIENT_CLOCK_OFFSET_FILE": str(offset)})
    world.create_ready("one", rotation={"overlap": "40s"})
    rotate(world, "one", "r1")
    offset.write_text("600\n")
    world.annotate("one", "reconcile", "the-clock-is-wrong")
    world.wait_condition("one", "PreviousSecretActive", "True", "ClockSkew")
    offset.write_text("0\n")
    world.annotate("one", "reconcile", "the-clock-is-right")
    wait_overlap_over(world, "one", seconds=90)


def test_the_lease_of_the_test_build_is_short(plane, api, world, controller, numbers):
    controller.stop()
    one, two = Replica(plane, api, "brisk-one"), Replica(plane, api, "brisk-two")
    try:
        one.start(program=CHECKPOINTS, environment=BRISK)
        two.start(program=CHECKPOINTS, environment=BRISK)
        two.wait_until_it_says("another replica leads")
        one.stop(grace=0)
        began = time.monotonic()
        two.wait_until_it_says("leading", 10)
        numbers("take-over in the test build", f"{time.monotonic() - began:.1f} s")
        world.create_ready("one")
    finally:
        one.stop(grace=0)
        two.kill()
