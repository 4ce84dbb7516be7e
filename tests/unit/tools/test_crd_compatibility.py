"""crd_compatibility can fail: what may be changed in a CRD, and what breaks somebody."""

import copy
import sys
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tools" / "lib"))

from crd_compatibility import incompatibilities  # noqa: E402

CRD = yaml.safe_load("""
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Thing, plural: things, shortNames: [th], categories: [identity]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    selectableFields: [{jsonPath: .spec.name}]
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            required: [name]
            x-kubernetes-validations: [{rule: self.name != 'a'}]
            properties:
              name: {type: string, minLength: 1, maxLength: 8, pattern: '^[a-z]+$'}
              color: {type: string, enum: [red, green]}
              tags: {type: array, maxItems: 2, x-kubernetes-list-type: set, items: {type: string, maxLength: 8}}
              labels: {type: object, additionalProperties: {type: string}}
          status: {type: object, default: {observedGeneration: -1}, properties: {text: {type: string}}}
""")
VERSION = "spec.versions.0"
SCHEMA = f"{VERSION}.schema.openAPIV3Schema"
SPEC = f"{SCHEMA}.properties.spec"
FIELDS = f"{SPEC}.properties"
GONE = object()


def changed(*changes):
    """A copy with the members at these dotted paths set, or removed."""
    copied = copy.deepcopy(CRD)
    for path, value in changes:
        *steps, last = path.split(".")
        node = copied
        for step in steps:
            node = node[int(step)] if isinstance(node, list) else node[step]
        if value is GONE:
            del node[last]
        else:
            node[last] = value
    return copied


FINE = {
    "nothing": [],
    "a field": [(f"{FIELDS}.size", {"type": "string", "maxLength": 3})],
    "a field with required ones of its own": [(f"{FIELDS}.size", {"type": "object", "required": ["a"],
                                                                  "properties": {"a": {"type": "string"}}})],
    "a rule about a new field": [(f"{FIELDS}.size", {"type": "string"}),
                                 (f"{SPEC}.x-kubernetes-validations",
                                  [{"rule": "self.name != 'a'"}, {"rule": "!has(self.size) || self.size != ''"}])],
    "a rule less": [(f"{SPEC}.x-kubernetes-validations", [])],
    "a required field less": [(f"{SPEC}.required", [])],
    "a value more": [(f"{FIELDS}.color.enum", ["red", "green", "blue"])],
    "a wider bound": [(f"{FIELDS}.name.maxLength", 9)],
    "a lower bound that says nothing": [(f"{FIELDS}.tags.minItems", 0)],
    "a bound less": [(f"{FIELDS}.name.maxLength", GONE)],
    "a short name": [("spec.names.shortNames", ["th", "thi"])],
}
BROKEN = {
    "a field less": ([(f"{FIELDS}.color", GONE)], ".spec.color: gone"),
    "a status field less": ([(f"{SCHEMA}.properties.status.properties.text", GONE)], ".status.text: gone"),
    "items less": ([(f"{FIELDS}.tags.items", GONE)], ".spec.tags[]: gone"),
    "map values less": ([(f"{FIELDS}.labels.additionalProperties", GONE)], ".spec.labels{}: gone"),
    "a type": ([(f"{FIELDS}.color.type", "integer")], ".spec.color: type is another"),
    "a pattern": ([(f"{FIELDS}.name.pattern", "^[a-y]+$")], ".spec.name: pattern is another"),
    "a default": ([(f"{SCHEMA}.properties.status.default", GONE)], ".status: default is another"),
    "how a list is merged": ([(f"{FIELDS}.tags.x-kubernetes-list-type", "atomic")],
                             ".spec.tags: x-kubernetes-list-type is another"),
    "a required field": ([(f"{SPEC}.required", ["name", "color"])], ".spec: color is required now"),
    "a value less": ([(f"{FIELDS}.color.enum", ["red"])], ".spec.color: enum lacks 'green'"),
    "an enum": ([(f"{FIELDS}.name.enum", ["a"])], ".spec.name: enum is new"),
    "a tighter bound": ([(f"{FIELDS}.tags.items.maxLength", 7)], ".spec.tags[]: maxLength is tighter"),
    "a tighter lower bound": ([(f"{FIELDS}.name.minLength", 2)], ".spec.name: minLength is tighter"),
    "a bound": ([(f"{FIELDS}.labels.maxProperties", 100)], ".spec.labels: maxProperties is tighter"),
    "a rule": ([(f"{SPEC}.x-kubernetes-validations", [{"rule": "self.name != 'a'"}, {"rule": "has(self.color)"}])],
               ".spec: a new rule: has(self.color)"),
    "the scope": ([("spec.scope", "Cluster")], "spec.scope is another"),
    "the plural": ([("spec.names.plural", "thing")], "spec.names.plural is another"),
    "a short name less": ([("spec.names.shortNames", [])], "spec.names.shortNames lacks th"),
    "a version less": ([("spec.versions", [])], "v1 is not served any more"),
    "a version that is not served": ([(f"{VERSION}.served", False)], "v1 is not served any more"),
    "a version that is not stored": ([(f"{VERSION}.storage", False)], "v1 is not stored any more"),
    "a subresource less": ([(f"{VERSION}.subresources", {})], "v1 lost the subresource status"),
    "a selectable field less": ([(f"{VERSION}.selectableFields", [])], ".spec.name cannot be selected any more"),
}


@pytest.mark.parametrize("changes", FINE.values(), ids=FINE)
def test_what_may_come(changes):
    assert incompatibilities(CRD, changed(*changes)) == []


@pytest.mark.parametrize("changes,problem", BROKEN.values(), ids=BROKEN)
def test_what_breaks_somebody(changes, problem):
    assert incompatibilities(CRD, changed(*changes)) == [problem]
