"""Brings many objects to many points of the operator's work at once, harms the operator there, and looks at what
becomes of them. Both replicas talk to the API server and to the registry by way of FaultProxies."""

import contextlib
import itertools
import os
import signal
import time
from collections import Counter

from controller import CHECKPOINTS
from faults import Hold, answer, lose_reply
from kubeapi import path
from matrix import BROKEN, DEATHS, FREEZE, KILL, KUBERNETES, LOST, REGISTRY, THROTTLED, TOKENS, Cell
from matrix_end import Snapshot, problems_of
from matrix_operations import ready
from operator_user import api_proxy, bind_restart_role, service_account
from processes import Failed, wait_until
from fault_proxy import FaultProxy
from replica import Replica
from secret_sampler import SecretSampler
from world import API, World

PLACES = 64  # objects at a time, each with a worker of its own
HELD = {KUBERNETES: 10, REGISTRY: 8, TOKENS: 8}  # calls under way at a time: each server's connections are limited
WRITES = ("POST", "PUT", "PATCH", "DELETE")
_SETTLED = 10.0  # seconds after which an operation that is over comes to its point no more
LATE = 30.0  # seconds that a gap may last after the harm is over: by then a failed pass has been tried again
_WITHIN = 120
_BRISK = {"APICLIENT_LEASE_MS": "8000", "APICLIENT_RENEW_DEADLINE_MS": "6000", "APICLIENT_LEASE_RETRY_MS": "500",
          "APICLIENT_ROTATION_THROTTLE_MS": "0", "APICLIENT_LOG_LEVEL": "debug"}
_ACTS = {LOST: lose_reply, THROTTLED: answer(429, Retry_After="1"), BROKEN: answer(500)}


class NotReached(Failed):
    """The operator was not brought to the points where it was to be harmed."""


class CrashWorld(World):
    """A world whose registry is reached, and calls itself, by the address of a proxy."""

    def __init__(self, plane, api, audit, kind):
        self.ground = kind(plane, "registry-of-the-matrix")
        self.tokens, self.admin = FaultProxy(), FaultProxy(on_reply=self.ground.watch)
        super().__init__(plane, api, audit, None, issuer=self.tokens.url, registry_spec={
            **self.ground.members(self.admin.url), "resyncInterval": "0s",
            "rateLimit": {"requestsPerSecond": 1000, "burst": 1000, "maxInFlight": 32}})
        if self.ground.initial_access:
            self._registry_spec["auth"] = {
                "initialAccessToken": {"secretRef": {"name": self.credentials_name, "key": "token"}}}
        self.registry = self.ground.server
        self.tokens.upstream, self.admin.upstream = self.registry.public_port, self.registry.admin_port
        ids = [self.id_made_by_hand(slot) for slot in range(PLACES)]
        self._registry_spec["allowAdoption"] = [
            {"namespaces": [self.namespace], "clientIds": ids, "withoutSecret": True}]

    def create_credentials(self, *arguments, **options):
        if self.ground.needs_credentials:
            super().create_credentials(*arguments, **options)

    @staticmethod
    def id_made_by_hand(slot):
        return f"made-by-hand-{slot:02}"


class CrashBench:
    """`run` takes one set of cells of the same fault at a time, and leaves in each what is wrong with it."""

    def __init__(self, plane, api, audit, kind):
        self._audit, self._trace = audit, plane.directory / "checkpoints"
        self.world = CrashWorld(plane, api, audit, kind)
        self._kube = api_proxy(plane)
        self._proxies = {KUBERNETES: self._kube, REGISTRY: self.world.admin, TOKENS: self.world.tokens}
        self._users = [service_account(plane, api, name, self._kube.url) for name in ("replica-one", "replica-two")]
        self._one, self._two = (Replica(plane, api, name, name) for name in ("replica-one", "replica-two"))
        bind_restart_role(api, self._users)
        self._runs = None  # which of them is the operator
        self._works_since = 0.0  # by time.monotonic(): nothing holds it up any more
        self.gaps = {}  # fault: the longest time in which a published secret was refused, and how long after the harm
        self._names = (f"cell-{number:04}" for number in itertools.count(1))
        self.sampler = SecretSampler(self.world, kind.token_path)

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            for proxy in self._proxies.values():
                stack.enter_context(proxy)
            self.world.open()
            stack.callback(self.world.registry.stop, grace=2)
            stack.callback(self._stop)
            stack.enter_context(self.sampler)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def cell(self, operation, point=None, fault="", slot=0):
        cell = Cell(operation, point, fault, next(self._names), slot)
        if operation.adopts:
            cell.client_id = self.world.id_made_by_hand(slot)
        elif not self.world.ground.picks_ids:
            cell.client_id = self.world.client_id(cell.name)
        return cell

    def run(self, cells):
        """What is found wrong with a cell goes into `cell.problems`. Returns the cells that nothing has happened to, since
        an error of another call has led their operations another way."""
        self._prepare(cells)
        self._trigger(cells)
        spared = []
        if cells[0].fault in DEATHS:
            self._die(cells, cells[0].fault)
        else:
            spared = self._disturb(cells)
        self._judge(cells)
        if cells[0].fault == FREEZE:
            self._wake_up(cells)
        self._clear_up()
        return spared

    def abandon(self):
        """What a run that failed has left, so that another one can begin."""
        for proxy in self._proxies.values():
            proxy.clear()
        for replica in (self._one, self._two):
            if replica.pid is not None:
                replica.kill()
        self._runs = None
        self._ensure_operator()
        self._clear_up()

    def observe(self, cells):
        """Runs them without harm; returns {cell name: (its steps in the order in which the operator took them, the
        calls that it made: {request: number})}."""
        self._prepare(cells)
        self._trigger(cells)
        counts = {cell.name: self._count_calls(cell) for cell in cells}
        self._trace.unlink(missing_ok=True)
        self._start(self._one)
        self._wait_for({cell: cell.operation.done for cell in cells}, "done")
        steps = {cell.name: [] for cell in cells}
        for name, side, step in self._reached():
            if side == "before" and name in steps:
                steps[name].append(step)
        self._clear_up()
        return {name: (steps[name], +counts[name]) for name in steps}

    def _count_calls(self, cell):
        counts = Counter()

        def count(request):
            def act(exchange):
                counts[request] += 1
                return exchange.forward()
            return act

        for server, *request in cell.requests(self.world.ground.calls.values(), self.world):
            self._proxies[server].every(*request[:2], count((server, *request)), request[2])
        return counts

    # Before

    def _prepare(self, cells):
        self._ensure_operator()
        for number in range(max(len(cell.operation.prepare) for cell in cells)):
            waiting = [(cell, cell.operation.prepare[number]) for cell in cells if number < len(cell.operation.prepare)]
            for cell, phase in waiting:
                phase.act(self.world, cell)
            self._wait_for({cell: phase.until for cell, phase in waiting}, "prepared")
        self._stop()

    def _trigger(self, cells):
        before = Snapshot(self.world)
        for cell in cells:
            cell.before = before.secrets.get(cell.name)
            self._note_id(before, cell)
            cell.old_id = self._old_id(before, cell)
        # A Secret that is lost is not published; from its next publication on it is sampled.
        for cell in cells:
            cell.operation.trigger(self.world, cell)
        self.sampler.watch([cell.secret_name for cell in cells if cell.operation.sampled],
                           gaps=[cell.secret_name for cell in cells if cell.operation.in_place])

    # The harm

    def _die(self, cells, fault):
        holds = [self._arm(cell, Hold(cell.point.side)) for cell in cells if cell.point.side in ("sent", "received")]
        latch = self.cell(cells[0].operation)
        self._start_with_traps(cells, latch, fault)
        if fault != KILL:
            self._one.wait_until_it_says("leading")
            self._start(self._two)
            self._two.wait_until_it_says("another replica leads")
        self._wait_until_all_are_held(holds)
        latch.uid = self.world.create(latch.name)["metadata"]["uid"]
        self._wait_for_death(cells, fault)
        self._check_that_they_waited(holds)
        for _, hold in holds:
            hold.end()
        self._take_over(fault)
        self._wait_for({latch: ready}, "done")

    def _wait_until_all_are_held(self, holds):
        def missing():
            return [str(cell) for cell, hold in holds if not hold.arrived.is_set()]

        try:
            wait_until(lambda: not missing() or self._one.exit_code() is not None, _WITHIN, "every call is under way")
        except Failed:
            raise NotReached(f"not reached: {missing()}") from None
        if missing():
            raise NotReached(f"the operator ended with {self._one.exit_code()} before it reached {missing()}")

    def _start_with_traps(self, cells, latch, fault):
        """All workers are held, each at its point. The last one to come is that of `latch`."""
        traps = [f"{cell.point.step.name}:{cell.point.side}:{cell.point.step.nth}:{self.world.namespace}/{cell.name}"
                 for cell in cells if cell.point.side in ("before", "after")]
        traps.append(f"finalizer:before:1:{self.world.namespace}/{latch.name}")
        action = "freeze-late" if fault == FREEZE else "kill"
        self._trace.unlink(missing_ok=True)
        self._start(self._one, f"{action}:{','.join(traps)}", ready=False)

    def _wait_for_death(self, cells, fault):
        def over():
            return self._one.state() == "paused" if fault == FREEZE else self._one.exit_code() == -signal.SIGKILL

        try:
            wait_until(over, _WITHIN, "the operator is harmed", interval=0.01)
        except Failed:
            reached = {(name, side, step) for name, side, step in self._reached()}
            missing = [str(cell) for cell in cells if cell.point.side in ("before", "after")
                       and (cell.name, cell.point.side, cell.point.step.name) not in reached]
            raise NotReached(f"not reached: {missing}") from None

    def _check_that_they_waited(self, holds):
        """A call has a deadline: whose pass is over was harmed by that alone."""
        gone = [str(cell) for cell, hold in holds
                if f"{self.world.namespace}/{cell.name}" in self._one.outcomes(hold.since)]
        if gone:
            raise NotReached(f"their calls had ended before the harm: {gone}")

    def _take_over(self, fault):
        if fault == KILL:
            self._one.kill()
            self._start(self._one)
        else:
            self._runs = self._two
            self._two.wait_until_it_says("leading")
        self._works_since = time.monotonic()

    def _disturb(self, cells):
        """An error or a lost reply for each, all at once; nobody dies. Returns the cells whose operations have ended
        without that call."""
        harms = [(cell, self._arm_once(cell, _ACTS[cell.fault])) for cell in cells if cell.point]
        self._trace.unlink(missing_ok=True)
        self._start(self._one)
        spared = [cell for cell, harm in harms if not self._is_harmed(cell, harm)]
        self._works_since = time.monotonic()
        return spared

    def _is_harmed(self, cell, harm):
        until, over_since = time.monotonic() + _WITHIN, None
        while not harm.done.wait(0.5):
            now = time.monotonic()
            if not cell.operation.done(Snapshot(self.world), cell):
                over_since = None
            elif now - (over_since := over_since or now) > _SETTLED:
                return False
            if now > until:
                raise NotReached(f"not reached: {cell}")
        return True

    def _arm(self, cell, hold):
        self._arm_once(cell, hold)
        return cell, hold

    def _arm_once(self, cell, action):
        step = cell.point.step
        [(server, method, pattern, containing)] = cell.requests([step.call], self.world)
        return self._proxies[server].once(method, pattern, action, containing, step.nth_call)

    # After

    def _judge(self, cells):
        self._wait_for({cell: cell.operation.done for cell in cells}, "done")
        self._measure_gaps(cells)
        live = [cell for cell in cells if not cell.operation.gone]
        for cell in live:
            self.world.annotate(cell.name, "reconcile", "again")
        again = self._wait_for({cell: _reconciled for cell in live}, "reconciled again")
        self._find_problems(cells, again)

    def _measure_gaps(self, cells):
        """Where no secret works for a while, that ends soon after the operator can work again."""
        refused = dict(self.sampler.refused)
        for cell in cells:
            if cell.secret_name not in refused:
                continue
            first, last = refused[cell.secret_name]
            late = last - self._works_since
            longest, latest = self.gaps.get(cell.fault, (0.0, 0.0))
            self.gaps[cell.fault] = max(longest, last - first), max(latest, late)
            if late > LATE:
                cell.problems.append(f"no secret worked until {late:.1f} s after the operator was at work again")

    def _find_problems(self, cells, snapshot):
        for cell in cells:
            self._note_id(snapshot, cell)
            cell.problems += problems_of(snapshot, cell)

    def _old_id(self, snapshot, cell):
        if not self.world.ground.picks_ids:
            return cell.client_id
        status = snapshot.clients.get(cell.name, {}).get("status", {})
        return status.get("previous", {}).get("id") or cell.client_id or self.world.ground.newest_id(cell) or ""

    def _note_id(self, snapshot, cell):
        """Where the server picks it."""
        known = snapshot.clients.get(cell.name, {}).get("status", {}).get("clientId")
        if self.world.ground.picks_ids and known:
            cell.client_id = known

    def _wake_up(self, cells):
        """Its workers go on, each from its point, before anything in it has seen that the Lease is another's."""
        mark, calls, woken_at = self._audit.mark(), len(self.world.admin.seen(*WRITES)), time.time()
        self._one.resume()
        names = {f"{self.world.namespace}/{cell.name}" for cell in cells}
        try:
            wait_until(lambda: names <= set(self._one.outcomes(woken_at)), _WITHIN, "each worker has gone on")
        except Failed as error:
            missing = names - set(self._one.outcomes(woken_at))
            raise Failed(f"{error}: not {sorted(missing)}; it is {self._one.state()}, {self._one.exit_code()}") from None
        os.kill(self._one.pid, signal.SIGUSR2)  # its elector may look at the Lease
        code = self._one.wait_for_end()
        requests = [one for one in self._audit.since(mark, self._users[0]) if one.is_write]
        written = _without_one_event([str(one) for one in requests if not one.is_refused_renewal])
        called = [f"{one.method} {one.path}" for one in self.world.admin.seen(*WRITES)[calls:]]
        if code != 1 or written or called:
            cells[0].problems.append(f"the woken replica ended with {code} and wrote {written}, {called}")
        self._find_problems(cells, Snapshot(self.world))

    def _clear_up(self):
        """All objects are deleted; what they leave on purpose is taken away."""
        self.sampler.forget()
        for proxy in self._proxies.values():
            proxy.clear()
        world = self.world
        world.must(world.api.delete(path(API, "apiclients", world.namespace)))
        self._wait_until_gone()
        for client in Snapshot(world).registered.values():
            world.ground.remove(client)
        world.must(world.api.delete(path("v1", "secrets", world.namespace)))
        world.must(world.api.delete(path("apps/v1", "deployments", world.namespace)))

    def _wait_until_gone(self):
        left = {}

        def gone():
            left.clear()
            left.update(Snapshot(self.world).clients)
            return not left

        try:
            wait_until(gone, _WITHIN, "every ApiClient is gone", interval=0.1)
        except Failed as error:
            told = "; ".join(f"{name}: {_told_of(manifest)}" for name, manifest in sorted(left.items())[:5])
            raise Failed(f"{error}: {len(left)} are left; {told}; the registry: {self._told_of_registry()}") from None

    def _told_of_registry(self):
        return _told_of(self.world.registry_object())

    # Processes

    def _ensure_operator(self):
        if self._runs is None:
            self._start(self._one)

    def _start(self, replica, checkpoint=None, ready=True):
        environment = {**_BRISK, "APICLIENT_CHECKPOINT_TRACE": str(self._trace)}
        if checkpoint:
            environment["APICLIENT_CHECKPOINT"] = checkpoint
        replica.start("--workers", str(PLACES), "--max-scheduled-rotations", str(PLACES), program=CHECKPOINTS, environment=environment, ready=ready)
        self._runs = self._runs or replica

    def _stop(self):
        for replica in (self._one, self._two):
            if replica.pid is not None:
                replica.stop(grace=10 if replica.state() == "running" else 0)
        self._runs = None

    def _reached(self):
        prefix = f"{self.world.namespace}/"
        for line in self._trace.read_text().splitlines():
            name, side, step = line.split()
            yield name.removeprefix(prefix), side, step

    def _wait_for(self, conditions, what):
        """Until the condition of each cell holds; returns the Snapshot in which all do."""
        def holds():
            snapshot = Snapshot(self.world)
            seen["missing"] = [cell for cell, condition in conditions.items() if not condition(snapshot, cell)]
            return None if seen["missing"] else snapshot

        seen = {}
        try:
            return wait_until(holds, _WITHIN, what, interval=0.1)
        except Failed:
            missing = seen["missing"]
            clients = Snapshot(self.world).clients
            told = "; ".join(f"{cell.name}: {_told_of(clients.get(cell.name, {}))}" for cell in missing[:5])
            raise Failed(f"not {what}: {[str(cell) for cell in missing]}; {told}; "
                         f"the registry: {self._told_of_registry()}") from None


def _told_of(manifest):
    """The conditions, in short."""
    conditions = manifest.get("status", {}).get("conditions", [])
    return ", ".join(f"{one['type']}={one['status']}/{one['reason']} {one.get('message', '')[:160]}" for one in conditions)


def _without_one_event(written):
    """The recorder's one request may have been on its way, past the look at the Lease, when it was frozen. It tells of
    something that was done before."""
    events = [one for one in written if one.startswith("create events ")]
    return [one for one in written if one not in events] if len(events) == 1 else written


def _reconciled(snapshot, cell):
    manifest = snapshot.clients[cell.name]
    return cell.operation.done(snapshot, cell) and manifest["status"].get("lastHandledReconcile") == "again"
