"""What people do, and the sign by which they see that the operator did its part: for each of its rights something that
does not come about without it."""

import json

from controller import CHECKPOINTS, LEASE
from controlplane import OPERATOR_NAMESPACE
from kstatus import is_ready
from kubeapi import path
from processes import wait_until
from replica import Replica
from workloads import Workloads, target

IN_USE = "apiclient.dev/in-use"
INSTALLATION = path("v1", "configmaps", OPERATOR_NAMESPACE, "apiclient-operator")
# Whoever waits for the Lease looks at it so seldom that only its watch tells in time.
PATIENT = {"APICLIENT_LEASE_MS": "60000", "APICLIENT_RENEW_DEADLINE_MS": "40000", "APICLIENT_LEASE_RETRY_MS": "20000"}


class Scenario:
    """`name` is for its objects alone, `own` a world with registries of the namespace. `prepare` comes while the operator runs
    with all rights, `before_start` when it has stopped, `act` when it runs again, `act_again` when it has got the right that
    it lacked."""

    is_made_up_for = True  # once the right is given back
    flags = ()  # of the operator

    def __init__(self, world, own, operator, name):
        self.world, self.own, self.operator, self.name = world, own, operator, name

    def prepare(self):
        pass

    def before_start(self):
        pass

    def act(self):
        pass

    def act_again(self):
        pass

    def reached(self):
        raise NotImplementedError

    def end(self):
        pass


class Issue(Scenario):
    """An ApiClient becomes ready."""

    def act(self):
        self.world.create(self.name)

    def reached(self):
        return is_ready(self.world.client(self.name))


class Recover(Scenario):
    """A Secret that somebody has deleted is made again."""

    def prepare(self):
        self.world.create_ready(self.name)

    def act(self):
        self.world.delete_secret(self.name)

    def reached(self):
        return self.world.secret(self.name) is not None


class Rotate(Scenario):
    """A new secret is published."""

    def prepare(self):
        self.world.create_ready(self.name)

    def act(self):
        self.world.annotate(self.name, "rotate", "r1")

    def reached(self):
        return self.world.secret(self.name).annotation("revision") == "2"


class Delete(Scenario):
    """An ApiClient goes, and its Secret with it."""

    def prepare(self):
        self.world.create_ready(self.name)

    def act(self):
        self.world.delete(self.name)

    def reached(self):
        return self.world.client(self.name) is None and self.world.secret(self.name) is None


class Restart(Scenario):
    kind = None

    def prepare(self):
        Workloads(self.world).create(self.name, self.kind, replicas=0)
        self.world.create_ready(self.name, restartTargets=[target(self.name, self.kind)], rotation={"overlap": "0s"})

    def act(self):
        self.world.annotate(self.name, "rotate", "r1")

    def act_again(self):
        self.world.annotate(self.name, "reconcile", "now-it-may")

    def reached(self):
        return Workloads(self.world).carried(self.name, self.name, self.kind) is not None


class RestartDeployment(Restart):
    """A rotation restarts a Deployment."""

    kind = "Deployment"


class RestartStatefulSet(Restart):
    """A rotation restarts a StatefulSet."""

    kind = "StatefulSet"


class RestartDaemonSet(Restart):
    """A rotation restarts a DaemonSet."""

    kind = "DaemonSet"


class Probe(Scenario):
    """A new registry is asked, and its status says that it answers."""

    @property
    def where(self):
        return self.world

    def act(self):
        self.where.create_registry(self.name)

    def reached(self):
        return is_ready(self.where.registry_object(self.name))


class ProbeNamespaced(Probe):
    """The same with a registry of the namespace."""

    @property
    def where(self):
        return self.own


class CreateRegistry(Scenario):
    """The registry that comes with an installation is there."""

    @property
    def flags(self):
        return "--registry-config-map", self.name

    def before_start(self):
        described = self.world.registry_manifest(self.name)
        self.world.must(self.world.api.post(path("v1", "configmaps", OPERATOR_NAMESPACE), {
            "metadata": {"name": self.name}, "data": {"registry.json": json.dumps(described)}}))

    def reached(self):
        found = self.world.api.get(self.world.registry_path(self.name))
        return found.ok and is_ready(found.body)


class Guard(Probe):
    """A registry that has a client cannot be deleted."""

    def act(self):
        super().act()
        self.where.create(self.name, registryRef=self.where.registry_ref(self.name))

    def reached(self):
        return IN_USE in self.where.registry_object(self.name)["metadata"].get("finalizers", [])


class GuardNamespaced(Guard, ProbeNamespaced):
    """The same with a registry of the namespace."""


class OrphanAgain(Scenario):
    """A registry with orphanOnDelete goes although it is in use, for the second time under its name."""

    def prepare(self):
        self._create()
        self.world.create_ready(self.name, registryRef=self.world.registry_ref(self.name))
        self.act()
        wait_until(self.reached, 20, "the registry has gone for the first time", interval=0.02)
        self._create()

    def _create(self):
        self.world.create_registry(self.name, orphanOnDelete=True)

    def act(self):
        def in_use():
            return IN_USE in self.world.registry_object(self.name)["metadata"].get("finalizers", [])

        wait_until(in_use, 20, "the registry is in use", interval=0.02)
        self.world.must(self.world.api.delete(self.world.registry_path(self.name)))

    def reached(self):
        return self.world.api.get(self.world.registry_path(self.name)).status == 404


class LabelNamespace(Scenario):
    """A namespace gets the label that a registry asks for, and its clients may use it."""

    def prepare(self):
        self.world.create_registry(self.name, allowedNamespaces={"matchLabels": {self.name: "yes"}})
        self.world.create(self.name, registryRef=self.world.registry_ref(self.name))
        self.world.wait_condition(self.name, "Ready", "False", "NamespaceNotAllowed")

    def act(self):
        namespace = path("v1", "namespaces", name=self.world.namespace)
        self.world.must(self.world.api.merge_patch(namespace, {"metadata": {"labels": {self.name: "yes"}}}))

    def reached(self):
        return is_ready(self.world.client(self.name))


class Tell(Scenario):
    """An Event says what was done."""

    is_made_up_for = False  # Events are told once

    def act(self):
        self.world.create(self.name)

    def events(self, reason):
        found = self.world.must(self.world.api.get(path("events.k8s.io/v1", "events", self.world.namespace)))["items"]
        return [one for one in found if one["regarding"]["name"] == self.name and one["reason"] == reason]

    def reached(self):
        return bool(self.events("Issued"))


class TellAgain(Tell):
    """An Event that repeats is counted."""

    def prepare(self):
        self.world.create_ready(self.name)

    def act(self):
        for number in range(2):
            self.world.patch(self.name, {"spec": {"displayName": f"Name {number}"}})
            wait_until(lambda: self.world.registered(self.name)["client_name"] == f"Name {number}", 20, "it is renamed")
        wait_until(lambda: self.events("Updated"), 20, "an Event tells of the first time")

    def reached(self):
        return any(one.get("series", {}).get("count") == 2 for one in self.events("Updated"))


class Lead(Scenario):
    """The operator takes the Lease over."""

    def reached(self):
        lease = self.world.api.get(LEASE)
        return lease.ok and bool(lease.body["spec"].get("holderIdentity"))


class LeadFirst(Lead):
    """There was none to take over."""

    def before_start(self):
        self.world.must(self.world.api.delete(LEASE))


class HandOver(Scenario):
    """Another replica leads at once when the leader has stopped."""

    is_made_up_for = False

    def prepare(self):
        self._other = Replica(self.world.plane, self.world.api, f"standby-{self.name}")

    def act(self):
        self._other.start(program=CHECKPOINTS, environment=PATIENT, ready=False)
        self._other.wait_until_it_says("another replica leads")
        self.operator.stop()

    def reached(self):
        return self._other.says("leading")

    def end(self):
        self._other.kill()


class Settle(Scenario):
    """The operator starts for the first time, and writes down which installation it is."""

    def before_start(self):
        self.world.must(self.world.api.delete(INSTALLATION))

    def reached(self):
        return self.world.api.get(INSTALLATION).ok
