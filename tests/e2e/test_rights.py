"""The operator's rights are what it needs: each is explained, and without any one of them something fails to come about."""

import dataclasses
import re
import time

import pytest
from audit import OPERATOR
from controller import CHECKPOINTS
from crash_helpers import installation_id
from namespaced_world import ALLOWED, HOSTS, NamespacedWorld
from operator_rights import all_rights, without
from operator_user import REGISTRY_ROLE, RESTART_ROLE, bind_role, unbind_role
from processes import Failed, tail, wait_until
from repository import REPOSITORY
from rights_scenarios import (INSTALLATION, PATIENT, CreateRegistry, Delete, Guard, GuardNamespaced, HandOver, Issue,
                              LabelNamespace, Lead, LeadFirst, OrphanAgain, Probe, ProbeNamespaced, Recover,
                              RestartDaemonSet, RestartDeployment, RestartStatefulSet, Rotate, Settle, Tell, TellAgain)
from world import World

OPT_IN = (RESTART_ROLE, REGISTRY_ROLE)
NEEDED_FOR = {
    "apiclients.apiclient.dev": {"get": Issue, "list": Issue, "watch": Issue, "patch": Issue},
    "apiclients/status.apiclient.dev": {"update": Issue},
    "clusterclientregistries.apiclient.dev": {"get": Probe, "list": Probe, "watch": Probe, "patch": Guard,
                                              "create": CreateRegistry},
    "clusterclientregistries/status.apiclient.dev": {"update": Probe},
    "clientregistries.apiclient.dev": {"get": ProbeNamespaced, "list": ProbeNamespaced, "watch": ProbeNamespaced,
                                       "patch": GuardNamespaced},
    "clientregistries/status.apiclient.dev": {"update": ProbeNamespaced},
    "secrets": {"get": Issue, "list": Issue, "watch": Recover, "create": Issue, "update": Rotate, "delete": Delete},
    "namespaces": {"list": Issue, "watch": LabelNamespace},
    "events.events.k8s.io": {"create": Tell, "patch": TellAgain},
    "leases.coordination.k8s.io": {"get": Lead, "watch": HandOver, "create": LeadFirst, "update": Lead},
    "configmaps": {"get": Issue, "create": Settle, "update": OrphanAgain},
    "deployments.apps": {"get": RestartDeployment, "patch": RestartDeployment},
    "statefulsets.apps": {"get": RestartStatefulSet, "patch": RestartStatefulSet},
    "daemonsets.apps": {"get": RestartDaemonSet, "patch": RestartDaemonSet},
}
ROWS = {f"{kind} {verb}": scenario for kind, verbs in NEEDED_FOR.items() for verb, scenario in verbs.items()}


def documented():
    """[(kind, verb)] of the table in docs/security.md, whose rows each have a reason."""
    section = (REPOSITORY / "docs" / "security.md").read_text().partition("## The operator's rules")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \| (.*?) \| (.+?) \|$", section, re.MULTILINE)
    return [(kind, verb) for kinds, verbs, _ in rows for kind in re.findall(r"`(.+?)`", kinds) for verb in verbs.split(", ")]


def test_the_page_about_security_names_each_rule_with_its_reason():
    assert sorted(documented()) == sorted((right.kind, right.verb) for right in all_rights())


def test_each_right_is_needed_for_something():
    assert sorted(map(str, all_rights())) == sorted(ROWS)


class Bench:
    """One operator at a time, in two worlds. What a scenario takes with all rights is seen once."""

    def __init__(self, plane, api, audit, operator):
        self._api, self._audit, self._operator = api, audit, operator
        self._world = World(plane, api, audit, operator)
        self._own = NamespacedWorld(plane, api, audit, operator)
        self._took, self._count = {}, 0
        self._installation = installation_id(self._world) if api.get(INSTALLATION).ok else "rights"

    def open(self):
        self._operator.stop()
        for world in (self._world, self._own):
            world.open()
        self._start()
        self._world.wait_registry("Reachable")
        return self

    def close(self):
        self._operator.ensure_default()
        for world in (self._own, self._world):
            world.close()

    def seconds(self, kind):
        """How long it takes with all rights: that it comes about."""
        if kind not in self._took:
            scenario = self._prepared(kind)
            scenario.before_start()
            self._start(scenario.flags)
            began = time.monotonic()
            scenario.act()
            self._wait(scenario.reached, f"all rights: {kind.__doc__}")
            self._took[kind] = time.monotonic() - began
            scenario.end()
        return self._took[kind]

    def fails_without(self, right, kind):
        """The API server refuses it, and the scenario is not reached in thrice its time; when the right is given back, it
        is."""
        within = max(1.0, 3 * self.seconds(kind))
        scenario = self._prepared(kind)
        with without(self._api, right):
            scenario.before_start()
            try:
                self._try(scenario, right, within)
            finally:
                scenario.end()
                self._operator.kill()
        self._start(scenario.flags)
        if kind.is_made_up_for:
            scenario.act_again()
            self._wait(scenario.reached, f"{right} is given back: {kind.__doc__}")

    def _wait(self, condition, what):
        """Longer than whoever looks at the Lease so seldom needs when its first look has failed."""
        try:
            return wait_until(condition, 60, what, interval=0.02)
        except Failed as error:
            raise AssertionError(f"{error}; the operator's log ends:\n{tail(self._operator.log)}") from None

    def _try(self, scenario, right, within):
        mark = self._audit.mark()
        self._start(scenario.flags, ready=False)
        self._wait(lambda: self._operator.is_ready() or (right.verb != "watch" and self._refused(right, mark)),
                   "the operator has begun")
        before_act = self._audit.mark()
        scenario.act()
        self._wait(lambda: self._refused(right, mark), f"the operator is refused {right}")
        self._assert_not_reached(scenario, right, within, before_act)

    def _assert_not_reached(self, scenario, right, seconds, before_act):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            reached = scenario.reached()
            if right.verb == "watch" and self._has_listed(right, before_act):
                return  # who may not watch lists again after a while, and sees it late
            assert not reached, f"{right} is not needed for: {type(scenario).__doc__}"
            time.sleep(0.05)

    def _prepared(self, kind):
        if self._operator.state() != "running":
            self._start()
        self._count += 1
        scenario = kind(self._world, self._own, self._operator, f"case-{self._count}")
        scenario.prepare()
        self._operator.stop()
        return scenario

    def _start(self, flags=(), ready=True):
        urls = [url for world in (self._world, self._own) for url in (world.registry.issuer, world.registry.admin_url)]
        hosts = ",".join(url.removeprefix("http://") for url in urls)
        self._operator.start("--installation-id", self._installation, ALLOWED, HOSTS, hosts, *flags, program=CHECKPOINTS,
                             environment=PATIENT, ready=ready)

    def _refused(self, right, mark):
        return any(one.code == 403 and right.is_of(one) for one in self._audit.since(mark))

    def _has_listed(self, right, mark):
        listing = dataclasses.replace(right, verb="list")
        return any(listing.is_of(one) for one in self._audit.since(mark))


@pytest.fixture(scope="module")
def bench(plane, api, audit, _controller_of_session):
    for role in OPT_IN:
        bind_role(api, role, [OPERATOR])
    made = Bench(plane, api, audit, _controller_of_session).open()
    yield made
    made.close()
    for role in OPT_IN:
        unbind_role(api, role)


@pytest.mark.parametrize("right", all_rights(), ids=str)
def test_without_it(bench, right):
    bench.fails_without(right, ROWS[str(right)])
