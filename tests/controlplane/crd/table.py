"""Rows of the validation tables and what the API server answers to them.

A row is one object, or one change of an object, with the expected outcome. Each is sent twice, as a server-side dry
run and for real, because a dry run must tell the truth.
"""

import dataclasses
from dataclasses import dataclass

from kubeapi import path

API_VERSION = "apiclient.dev/v1alpha1"
# Added by the server when a bound is broken: it then skips the CEL rules.
SKIPPED_RULES = "some validation rules were not checked"


@dataclass(frozen=True)
class Row:
    name: str
    spec: object                    # what is sent
    object_name: str = "row"
    annotations: dict = dataclasses.field(default_factory=dict)
    old: object = None              # a change: the spec before it
    status: object = None           # a change: the status before it
    field: str = ""                 # refused: the field of the cause, for example "spec.type"
    message: str = ""               # refused: a part of the cause's message

    @property
    def refused(self):
        return bool(self.message)


def accepted(name, spec, **more):
    return Row(name, spec, **more)


def refused(name, spec, field, message, **more):
    return Row(name, spec, field=field, message=message, **more)


@dataclass(frozen=True)
class Kind:
    kind: str
    plural: str
    namespace: str = None

    def path(self, name=None, subresource=None):
        return path(API_VERSION, self.plural, self.namespace, name, subresource)

    def manifest(self, row, spec):
        return {"apiVersion": API_VERSION, "kind": self.kind,
                "metadata": {"name": row.object_name, "annotations": row.annotations}, "spec": spec}


@dataclass(frozen=True)
class Outcome:
    dry: object
    real: object


def run_row(api, kind, row):
    """The server's answers; leaves nothing behind."""
    try:
        return _create(api, kind, row) if row.old is None else _change(api, kind, row)
    finally:
        api.delete(kind.path(row.object_name))


def run_table(api, kind, rows):
    names = [row.name for row in rows]
    assert len(names) == len(set(names)), "row names are unique"
    return {row.name: run_row(api, kind, row) for row in rows}


def _create(api, kind, row):
    manifest = kind.manifest(row, row.spec)
    return Outcome(api.post(kind.path(), manifest, dryRun="All"), api.post(kind.path(), manifest))


def _change(api, kind, row):
    created = api.post(kind.path(), kind.manifest(row, row.old))
    assert created.ok, f"{row.name}: the object before the change: {created.message}"
    if row.status is not None:
        patched = api.merge_patch(kind.path(row.object_name, "status"), {"status": row.status})
        assert patched.ok, f"{row.name}: the status before the change: {patched.message}"
    changed = api.get(kind.path(row.object_name)).body
    changed["spec"] = row.spec
    at = kind.path(row.object_name)
    return Outcome(api.put(at, changed, dryRun="All"), api.put(at, changed))


def causes_of(answer):
    return [cause for cause in answer.causes if SKIPPED_RULES not in cause["message"]]


def check_row(row, outcome):
    """The expected answer, one cause for one mistake, and a dry run that says the same."""
    real, dry = outcome.real, outcome.dry
    if not row.refused:
        assert real.ok, real.message
        assert real.body["spec"] == row.spec, "the server changed the spec: a default or a pruned field"
    else:
        assert real.status == 422, f"expected a refusal, got {real.status}: {real.message}"
        causes = causes_of(real)
        assert [cause["field"] for cause in causes] == [row.field], real.message
        assert row.message in causes[0]["message"], real.message
    assert (dry.status, dry.message, dry.causes) == (real.status, real.message, real.causes)
    if real.ok:
        assert dry.body["spec"] == real.body["spec"]
