"""What the crash matrix consists of: operations, the points of each, and what can happen there.

An operation is a list of steps. A step has two checkpoints, "before" and "after", and where it calls somebody, two
points between them: the request is under way ("sent"), the reply is under way ("received"). A cell is an operation, a
point and a fault.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Callable

KUBERNETES, REGISTRY, TOKENS = "kubernetes", "registry", "tokens"
SIDES = ("before", "sent", "received", "after")

KILL, TAKE_OVER, FREEZE = "kill", "kill, another replica takes over", "freeze, wake up after take-over"
LOST, THROTTLED, BROKEN = "reply lost", "429", "500"
DEATHS = (KILL, TAKE_OVER, FREEZE)
FAULTS = (*DEATHS, LOST, THROTTLED, BROKEN)

NO_CALL = "nothing is written here, because what is there is right already"
NOT_UNDER_WAY = "no call is under way here"
NOT_YET_DONE = "the server has not done it, so there is no reply to lose; that is the error"
DONE_ALREADY = "the server has done it, so it cannot refuse any more; that is the lost reply"


@dataclass(frozen=True)
class Call:
    """Templates of a request: {ns}, {name}, {uid} of the ApiClient, {id} of its client, {old id} of the one that is to go
    where a client takes the place of another, {secret} that it publishes."""

    server: str
    method: str
    path: str
    containing: str = ""

    def of(self, names):
        """(server, method, path pattern, part of the body) of one object. Of an id that the server has yet to pick, the
        part is a function that looks at the body."""
        containing = self.containing
        if containing == NEWEST_ID:
            return self.server, self.method, self.path.format(**names), names["newest"]
        return self.server, self.method, self.path.format(**names), containing.format(**names).encode()


NEWEST_ID = "{newest id}"
CREATE_SECRET = Call(KUBERNETES, "POST", "/namespaces/{ns}/secrets$", '"name":"{secret}"')
# Steps whose name says all. "publish new" creates the Secret; a step with " -" makes no call.
CALLS = {
    "finalizer": Call(KUBERNETES, "PATCH", "/apiclients/{name}$"),
    "release": Call(KUBERNETES, "PATCH", "/apiclients/{name}$"),
    "fence": Call(KUBERNETES, "PUT", "/apiclients/{name}/status$"),
    "status": Call(KUBERNETES, "PUT", "/apiclients/{name}/status$"),
    "stage": Call(KUBERNETES, "POST", "/namespaces/apiclient-system/secrets$", "staged-{uid}"),
    "unstage": Call(KUBERNETES, "DELETE", "/secrets/staged-{uid}$"),
    "publish": Call(KUBERNETES, "PUT", "/secrets/{secret}$"),
    "publish new": CREATE_SECRET,
    "publish-former": Call(KUBERNETES, "PUT", "/secrets/{name}$"),
    "delete-former": Call(KUBERNETES, "DELETE", "/secrets/{name}$"),
    "delete-formers": Call(KUBERNETES, "DELETE", "/secrets/{name}$"),
    "delete-secret": Call(KUBERNETES, "DELETE", "/secrets/{secret}$"),
    "create": Call(REGISTRY, "POST", "/clients$", '"{id}"'),
    "update": Call(REGISTRY, "PUT", "/clients/{id}$"),
    "adopt": Call(REGISTRY, "PUT", "/clients/{id}$"),
    "rehearse": Call(KUBERNETES, "PUT", "/secrets/{secret}$"),  # as "publish", but for its query
    "rehearse new": CREATE_SECRET,
    "replace-credential": Call(REGISTRY, "PUT", "/clients/{id}/secrets$"),
    "restart": Call(KUBERNETES, "PATCH", "/deployments/{name}$"),
    "add-credential": Call(REGISTRY, "POST", "/clients/{id}/secrets$"),
    "retire": Call(REGISTRY, "DELETE", "/clients/{id}/secrets/[^/]+$"),
    "retire-oldest": Call(REGISTRY, "DELETE", "/clients/{id}/secrets/[^/]+$"),
    "disable": Call(REGISTRY, "POST", "/clients/{id}/disable$"),
    "disable-client": Call(REGISTRY, "POST", "/clients/{id}/disable$"),
    "enable": Call(REGISTRY, "POST", "/clients/{id}/enable$"),
    "remove-client": Call(REGISTRY, "DELETE", "/clients/{id}$"),
    "verify": Call(TOKENS, "POST", "/oauth2/token$", "{id}"),
}


@dataclass(frozen=True)
class Step:
    name: str
    call: Call | None
    nth: int  # time in the operation that a step of this name comes
    nth_call: int  # time in the operation that this call is made

    @property
    def title(self):
        return self.name if self.nth == 1 else f"{self.name} ({self.nth})"


@dataclass(frozen=True)
class Point:
    step: Step
    side: str

    def __str__(self):
        return f"{self.side} {self.step.title}"

    def impossible(self, fault):
        """Why this fault cannot happen here, or None."""
        in_call = self.side in ("sent", "received")
        if in_call and not self.step.call:
            return NO_CALL
        if fault in DEATHS:
            return None
        if not in_call:
            return NOT_UNDER_WAY
        if fault == LOST:
            return NOT_YET_DONE if self.side == "sent" else None
        return DONE_ALREADY if self.side == "received" else None


def read_steps(words, calls_of):
    """Steps from their names, as `calls_of` has them."""
    times, calls, steps = Counter(), Counter(), []
    for word in words:
        name, _, how = word.partition(" ")
        call = None if how == "-" else calls_of[word]
        times[name] += 1
        calls[call] += 1
        steps.append(Step(name, call, times[name], calls[call]))
    return steps


@dataclass(frozen=True)
class End:
    """What there is in the end. Revisions: of the published Secret (None: no Secret; 0: one without a secret), and of
    the secrets in the registry (None: no client)."""

    published: int | None
    registered: tuple | None
    disabled: bool = False
    old_works: bool | None = None  # the secret that was published before
    former: bool = False  # another client of the object stands beside this one

    def __str__(self):
        words = []
        if self.registered is None:
            words.append("no client and no Secret are left")
        else:
            words.append("one client, disabled" if self.disabled else "one client")
            if self.former:
                words.append("beside the former one,")
            if self.registered:
                words.append("with secret " + " and ".join(map(str, self.registered)))
            if self.published is None:
                words.append("and no Secret is left")
            elif self.published:
                words.append(f"of which {self.published} is published")
        old = {None: "", True: "; the old secret still works", False: "; the old secret is refused"}[self.old_works]
        return " ".join(words) + old


@dataclass(frozen=True)
class Phase:
    """Something that is done to an object, and what is true when the operator has taken it in."""

    act: Callable  # (world, cell)
    until: Callable  # (snapshot, cell)


@dataclass(frozen=True)
class Operation:
    """`prepare` runs with the operator; `trigger` without it. `sampled`: the published Secret works at every moment.
    `in_place`: of a registry that holds one secret for each client, where it does not; that gap is measured."""

    name: str
    steps: tuple
    trigger: Callable  # (world, cell)
    done: Callable  # (snapshot, cell)
    end: End
    prepare: tuple = ()
    sampled: bool = False
    in_place: bool = False
    ground: type = None  # the kind of registry (matrix_grounds.py)
    adopts: bool = False
    secret: str = "{name}"  # the name of the Secret in the end
    also: Callable = lambda snapshot, cell: []  # more that is wrong in the end
    gone: bool = field(default=False)  # the object is, in the end

    def points(self):
        return [Point(step, side) for step in self.read_steps() for side in SIDES]

    def read_steps(self):
        return read_steps(self.steps, self.ground.calls)

    @property
    def title(self):
        return self.name if self.ground.shown_alone else f"{self.name}, {self.ground.title}"

    def cells(self, faults=FAULTS):
        """(point, fault, reason why it cannot happen or None)"""
        return [(point, fault, point.impossible(fault)) for point in self.points() for fault in faults]


@dataclass(eq=False)
class Cell:
    """One object that goes through an operation and is harmed at a point."""

    operation: Operation
    point: Point | None  # None: nothing happens to it
    fault: str
    name: str
    slot: int  # among the objects of its time
    uid: str = ""
    before: object = None  # SecretView of what was published
    client_id: str = ""
    old_id: str = ""  # where the server picks ids
    problems: list = field(default_factory=list)

    @property
    def secret_name(self):
        return self.operation.secret.format(name=self.name)

    def requests(self, calls, world):
        """What these calls are for this object; each once."""
        names = {"ns": world.namespace, "name": self.name, "uid": self.uid, "id": self.client_id,
                 "old id": self.old_id, "secret": self.secret_name, "newest": self.has_newest_id(world)}
        return list(dict.fromkeys(call.of(names) for call in calls))

    def has_newest_id(self, world):
        """Whether a body speaks of its client, where the server picks ids."""
        return lambda body: (world.ground.newest_id(self) or "none yet").encode() in body

    def __str__(self):
        return f"{self.operation.title}: {self.fault} {self.point}"
