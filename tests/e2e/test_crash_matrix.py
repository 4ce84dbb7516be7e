"""Every operation, harmed at every point of its work in every way: it ends in the state in which it would have ended
without that. docs/crash-matrix.md is made from what this test finds (tools/crash-matrix).

APICLIENT_CRASH_MATRIX names the file for the results, APICLIENT_CRASH_MATRIX_SHARE the share of the operations: "1/2" of
those of the embedded registry, or the name of another kind of registry (matrix_grounds.py).
"""

import json
import os
from collections import Counter
from pathlib import Path

import pytest
from crash_bench import HELD, PLACES, CrashBench, NotReached
from matrix import DEATHS, FAULTS, KILL, TOKENS
from matrix_grounds import GROUNDS, Embedded
from matrix_operations import OPERATIONS

KILLS = 3  # at each point at least, each with another object

TRIES = 3  # to bring an operation to its point

AT_ONCE = PLACES - 8  # objects; some workers are left for what else there is


def share(text):
    """The operations of the embedded registry are dealt out by their size."""
    if text in GROUNDS:
        return [one for one in OPERATIONS if one.ground is GROUNDS[text]]
    number, count = map(int, text.split("/"))
    shares = [[] for _ in range(count)]
    for operation in sorted((one for one in OPERATIONS if one.ground is Embedded), key=lambda one: -len(one.steps)):
        min(shares, key=lambda one: sum(len(dealt.steps) for dealt in one)).append(operation)
    return shares[number - 1]


MINE = share(os.environ.get("APICLIENT_CRASH_MATRIX_SHARE", "1/1"))


def kills_at(fault):
    """{(operation, point): objects to be harmed there}: one; of those that are killed as many more as the point lacks,
    where few operations have it."""
    kills = Counter()
    wanted = {(operation.title, point): 1 for operation in OPERATIONS for point in operation.points()
              if not point.impossible(fault)}
    if fault != KILL:
        return wanted
    for operation in OPERATIONS:
        for point in operation.points():
            if not point.impossible(KILL):
                kills[point.step.name, point.side] += 2  # by itself, and before a take-over
    for name, point in wanted:
        key = point.step.name, point.side
        lacking = max(0, KILLS - kills[key])
        wanted[name, point] += lacking
        kills[key] += lacking
    return wanted


def cells_of(bench, fault):
    wanted = kills_at(fault)
    return [(operation, point) for operation in MINE for point in operation.points()
            for _ in range(wanted.get((operation.title, point), 0))]


def batches(places, held):
    """Puts (operation, point) pairs together that have room at the same time. Calls under way are kept apart from
    checkpoints: their deadlines run."""
    found = []  # (in calls?, pairs, {server: calls under way})
    for operation, point in places:
        server = point.step.call.server if held and point.side in ("sent", "received") else None
        for in_calls, pairs, under_way in found:
            has_room = len(pairs) < AT_ONCE and under_way[server] < HELD.get(server, AT_ONCE)
            if in_calls == bool(server) and has_room:
                break
        else:
            pairs, under_way = [], Counter()
            found.append((bool(server), pairs, under_way))
        pairs.append((operation, point))
        under_way[server] += 1
    return [pairs for _, pairs, _ in found]


@pytest.fixture(scope="module")
def bench(plane, api, audit):
    with CrashBench(plane, api, audit, MINE[0].ground) as bench:
        yield bench


@pytest.fixture(scope="module")
def results(numbers, bench):
    """(operation, point, fault) -> problems; written down and counted in the end."""
    found = {}
    yield found
    for fault in FAULTS:
        of_fault = [problems for (_, _, one), problems in found.items() if one == fault]
        if of_fault:
            numbers(f"crash matrix, {fault}", f"{len(of_fault)} cells, {sum(map(bool, of_fault))} failed")
    numbers("crash matrix", f"{len(found)} cells of {len(MINE)} operations; "
            f"{bench.sampler.samples} samples of published Secrets")
    if file := os.environ.get("APICLIENT_CRASH_MATRIX"):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text(json.dumps([described(operation, found) for operation in MINE], indent=1))


def described(operation, found):
    cells = [{"step": point.step.title, "side": point.side, "fault": fault, "impossible": reason,
              "green": reason is None and found.get((operation.title, point, fault)) == []}
             for point, fault, reason in operation.cells()]
    return {"number": OPERATIONS.index(operation), "operation": operation.title, "end": str(operation.end),
            "sampled": operation.sampled, "gap": operation.in_place, "cells": cells}


def test_the_steps_are_those_of_the_plans(bench):
    cells = [bench.cell(operation, slot=slot) for slot, operation in enumerate(MINE)]
    seen, wrong = {}, []
    for some in [cells] if MINE[0].ground.takes_several else [[cell] for cell in cells]:
        seen.update(bench.observe(some))
    for cell in cells:
        steps, calls = seen[cell.name]
        listed = cell.operation.read_steps()
        if not is_followed_by_looks([step.name for step in listed], steps):
            wrong.append(f"{cell.operation.title}: the operator took the steps {steps}")
        wanted = Counter(request for step in listed if step.call and step.call.server != TOKENS
                         for request in cell.requests([step.call], bench.world))
        made = Counter({request: times for request, times in calls.items() if request[0] != TOKENS})
        if made != wanted:
            wrong.append(f"{cell.operation.title}: the operator made the calls {dict(made)}, not {dict(wanted)}")
    assert not wrong, "other than the rows say:\n" + "\n".join(wrong)


def is_followed_by_looks(listed, steps):
    """An own write that the watch shows while the pass still runs brings another pass, which finds nothing to do."""
    return steps[:len(listed)] == listed and set(steps[len(listed):]) <= {"publish", "publish-former", "status"}


@pytest.mark.parametrize("fault", FAULTS)
def test_harm(fault, bench, results, numbers):
    left = cells_of(bench, fault)
    for attempt in range(TRIES):
        left, places = [], left
        for batch in batches(places, held=fault in DEATHS):
            left += harm(bench, batch, fault, results)
        if left:
            numbers(f"crash matrix, {fault}", f"{len(left)} cells were not harmed in try {attempt + 1}")
    assert not left, f"never harmed: {[f'{operation.title} {point}' for operation, point in left]}"
    wrong = [f"{one} {point}: {problem}" for (one, point, of), problems in results.items() if of == fault
             for problem in problems]
    assert not wrong, "\n".join(wrong)


def harm(bench, batch, fault, results):
    """Returns those that nothing has happened to."""
    cells = [bench.cell(operation, point, fault, slot) for slot, (operation, point) in enumerate(batch)]
    try:
        spared = bench.run(cells)
    except NotReached as problem:
        print(problem)
        bench.abandon()
        return batch
    except Exception:
        bench.abandon()
        raise
    for cell in cells:
        if cell.problems or cell not in spared:
            results.setdefault((cell.operation.title, cell.point, fault), []).extend(cell.problems)
    return [(cell.operation, cell.point) for cell in spared]
