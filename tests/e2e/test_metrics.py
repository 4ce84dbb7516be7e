"""The metrics, as the real Prometheus has them; the alert rules and the dashboard ask for what is there, and the docs tell of
it. What each alert fires at, and when, is in alerts_test.yaml, which promtool runs."""

import re
import subprocess
from pathlib import Path

import peer_binaries
import pytest
from controller import CHECKPOINTS, Controller
from processes import wait_until
from prometheus import ALERTS, TARGET_LABELS, Prometheus, alerts, panels, selectors
from rotation import rotate, wait_refused

HERE = Path(__file__).resolve().parent
DOCS = HERE.parents[1] / "docs"
OWN_PREFIXES = ("apiclient_", "controller_runtime_", "leader_election_", "rest_client_", "workqueue_", "process_")
# Nothing to show while all is well.
EMPTY = {"Overlaps past their end"}


@pytest.fixture
def busy(controller, world):
    """Something of everything that is counted: ApiClients that are ready, in their overlap, scheduled and stalled, a refused
    token, an orphan."""
    controller.stop()
    controller.start(program=CHECKPOINTS, environment={"APICLIENT_SWEEP_INTERVAL_MS": "1000"})
    world.wait_registry("Reachable")
    world.create_ready("one", rotation={"interval": "48h", "overlap": "2h"})
    rotate(world, "one", "first")
    world.create("taken", secret={"name": "one"})
    world.wait_condition("taken", "Stalled", "True")
    world.create_ready("refused")
    world.annotate("refused", "rotate", "no token")
    wait_refused(world, "refused", "no token", "Malformed")
    world.create_ready("left", deletionPolicy="Retain")
    world.delete_and_wait("left")
    return world


@pytest.fixture
def prometheus(plane, controller):
    started = Prometheus(plane, controller.metrics_port)
    yield started
    started.stop()


@pytest.fixture
def watched(busy, prometheus):
    """All of it has been seen for longer than once."""
    wait_until(lambda: prometheus.query("apiclient_sweep_orphaned_clients == 1"), 20, "the sweep has found the orphan")
    wait_until(lambda: prometheus.query("rate(process_cpu_seconds_total[1m])"), 20, "there are two samples")
    return prometheus


def families(controller):
    """{name: type} of what is told right now."""
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", controller.metrics(), re.MULTILINE))


def test_rules_and_dashboard_ask_for_what_is_there(watched, controller):
    asked = [rule["expr"] for rule in alerts().values()] + [one for some in panels().values() for one in some]
    told, seen = families(controller), set()
    for name, labels in [pair for one in asked for pair in selectors(one)]:
        assert re.sub(r"_bucket$", "", name) in told, f"{name} is no metric"
        there = set().union(*(metric for metric, _ in watched.query(name)))
        assert labels <= there, f"{name} has the labels {sorted(there)}, not {sorted(labels - there)}"
        seen.add(name)
    assert len(seen) > 20

    empty = {title for title, some in panels().items() for one in some if not watched.query(one)}
    assert empty == EMPTY
    told_of = {metric["name"] for metric, _ in watched.query("apiclient_not_ready")}
    assert told_of == {"taken"} and watched.query(f'apiclient_credential_issued_timestamp_seconds{{pod="{TARGET_LABELS["pod"]}"}}')


def test_alerts_are_evaluated_against_it(busy, controller, prometheus):
    def wait_state(alert, *states):
        wait_until(lambda: prometheus.rules()[alert]["state"] in states, 30, f"{alert} is {states}")

    wait_state("ApiClientStalled", "pending")
    wait_state("ApiClientTokenRefused", "inactive")  # it was refused before anybody looked
    problems = {name: rule["lastError"] for name, rule in prometheus.rules().items() if rule.get("lastError")}
    assert not problems
    busy.registry.stop(grace=2)
    busy.annotate("one", "reconcile", "now")
    wait_state("ApiClientRegistryDown", "pending")
    assert prometheus.query("apiclient_registry_circuit_open == 1")
    assert prometheus.rules()["ApiClientOperatorDown"]["state"] == "inactive"
    controller.stop()
    wait_state("ApiClientOperatorDown", "pending")


def test_a_standby_tells_nothing_of_the_installation(busy, controller, plane, api):
    """Sums over the replicas would be wrong."""
    standby = Controller(plane, api, "standby")
    standby.start()
    try:
        assert "apiclient_clients{" in controller.metrics()
        assert 'leader_election_master_status{name="apiclient-operator"} 0' in standby.metrics()
        assert "apiclient_clients{" not in standby.metrics()
    finally:
        standby.stop()


def test_each_alert_fires_when_it_should_and_not_before():
    """promtool plays series to the rules."""
    ran = subprocess.run([str(peer_binaries.find("promtool")), "test", "rules", HERE / "alerts_test.yaml"],
                         capture_output=True, text=True, timeout=60, cwd=ALERTS.parent)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    played = set(re.findall(r"alertname: (\w+)", (HERE / "alerts_test.yaml").read_text()))
    assert played == set(alerts())


def test_each_alert_has_its_place_in_the_runbook():
    headings = re.findall(r"^## (ApiClient\w+)$", (DOCS / "runbook.md").read_text(), re.MULTILINE)
    assert headings == list(alerts())


def test_the_docs_name_each_metric(busy, controller):
    documented = set(re.findall(rf"`((?:{'|'.join(OWN_PREFIXES)})\w+)(?:{{[^`]*}})?`", (DOCS / "operations.md").read_text()))
    assert documented == set(families(controller))
