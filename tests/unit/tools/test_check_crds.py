"""tools/check-crds can fail: each check with a fragment that is right and one that is broken."""

import copy
import importlib.machinery
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

TOOL = Path(__file__).resolve().parents[3] / "tools" / "check-crds"


def load_tool():
    """A script without .py, imported; without a cached copy beside it."""
    sys.dont_write_bytecode = True
    loader = importlib.machinery.SourceFileLoader("check_crds", str(TOOL))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("check_crds", loader))
    loader.exec_module(module)
    return module


check_crds = load_tool()

SCHEMA = yaml.safe_load("""
type: object
description: A thing.
required: [spec]
properties:
  apiVersion: {type: string, description: Version.}
  kind: {type: string, description: Kind.}
  metadata: {type: object}
  spec:
    type: object
    description: What it should be.
    required: [name]
    x-kubernetes-validations: [{rule: self.name != 'a', message: 'name: must not be a; use b'}]
    properties:
      name: {type: string, maxLength: 8, description: "Its name | with a bar."}
      color: {type: string, enum: [red, green], description: Its color.}
      count: {type: integer, minimum: 1, maximum: 3, description: How many.}
      tags:
        type: array
        maxItems: 2
        x-kubernetes-list-type: set
        description: Its tags.
        items: {type: string, maxLength: 8, description: One tag.}
      labels:
        type: object
        maxProperties: 2
        description: Its labels.
        additionalProperties: {type: string, maxLength: 8, description: One label.}
      extra:
        type: object
        maxProperties: 2
        description: Anything.
        additionalProperties: {x-kubernetes-preserve-unknown-fields: true, description: Any value.}
  status:
    type: object
    default: {observedGeneration: -1}
    description: What was seen.
    properties:
      text: {type: string, description: Unbounded, which is fine here.}
""")
CRD = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "things.example.com"},
       "spec": {"group": "example.com", "scope": "Namespaced",
                "names": {"kind": "Thing", "plural": "things", "shortNames": ["th"], "categories": ["identity"]},
                "versions": [{"name": "v1", "schema": {"openAPIV3Schema": SCHEMA},
                              "additionalPrinterColumns": [{"name": "Ready", "description": "Whether it is."}],
                              "selectableFields": [{"jsonPath": ".spec.name"}]}]}}
THING = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t", "labels": {"a": "b"}},
         "spec": {"name": "b", "color": "red", "count": 2, "tags": ["x"], "labels": {"a": "b"}, "extra": {"a": [1, {"b": 2}]}}}
MISSING = object()


def changed(base, path, value):
    """A copy with the member at the dotted path set, or removed."""
    base = copy.deepcopy(base)
    *parents, last = path.split("/")
    parent = base
    for step in parents:
        parent = parent[step]
    if value is MISSING:
        del parent[last]
    else:
        parent[last] = value
    return base


def test_a_schema_in_order_has_no_problems():
    assert check_crds.check_crd(CRD) == []


NAME = "properties/spec/properties/name/"
RULE = {"rule": "true"}


@pytest.mark.parametrize("path, value, problem", [
    pytest.param("description", MISSING, "(root): no description", id="root without description"),
    pytest.param(NAME + "description", MISSING, "spec.name: no description", id="field without description"),
    pytest.param(NAME + "description", "  ", "spec.name: no description", id="field with a blank description"),
    pytest.param("properties/spec/properties/tags/items/description", MISSING, "spec.tags[]: no description",
                 id="items without description"),
    pytest.param("properties/spec/properties/extra/additionalProperties/description", MISSING,
                 "spec.extra{}: no description", id="map values without description"),
    pytest.param("properties/status/properties/text/description", MISSING, "status.text: no description",
                 id="status without description"),
    pytest.param("properties/spec/default", {}, "spec: a default;", id="default of the spec"),
    pytest.param(NAME + "default", "b", "spec.name: a default;", id="default of a field"),
    pytest.param("properties/spec/properties/tags/items/default", "b", "spec.tags[]: a default;", id="default of items"),
    pytest.param(NAME + "maxLength", MISSING, "spec.name: reached by a CEL rule and without maxLength", id="string"),
    pytest.param("properties/spec/properties/tags/maxItems", MISSING, "spec.tags: reached by a CEL rule and without maxItems",
                 id="list"),
    pytest.param("properties/spec/properties/tags/items/maxLength", MISSING,
                 "spec.tags[]: reached by a CEL rule and without maxLength", id="string in a list"),
    pytest.param("properties/spec/properties/labels/maxProperties", MISSING,
                 "spec.labels: reached by a CEL rule and without maxProperties", id="map"),
    pytest.param("properties/spec/properties/labels/additionalProperties/maxLength", MISSING,
                 "spec.labels{}: reached by a CEL rule and without maxLength", id="string in a map"),
    pytest.param("properties/spec/x-kubernetes-validations", [RULE], "spec: rule 0 has no message", id="no message"),
    pytest.param("properties/spec/x-kubernetes-validations", [{**RULE, "message": ""}], "spec: rule 0 has no message",
                 id="empty message"),
    pytest.param("properties/spec/x-kubernetes-validations", [{**RULE, "message": "Wrong."}],
                 'spec: the message of rule 0 does not begin with "field: "', id="message without the field"),
    pytest.param("properties/spec/properties/tags/x-kubernetes-list-type", MISSING,
                 "spec.tags: no x-kubernetes-list-type", id="list without type"),
])
def test_a_broken_schema_is_found(path, value, problem):
    broken = changed(CRD, "spec/versions", [{**CRD["spec"]["versions"][0],
                                             "schema": {"openAPIV3Schema": changed(SCHEMA, path, value)}}])
    problems = check_crds.check_crd(broken)
    assert len(problems) == 1 and problems[0].startswith(problem)


@pytest.mark.parametrize("path, value", [
    pytest.param("properties/spec/x-kubernetes-validations", [{**RULE, "messageExpression": "'name: ' + self.name"}],
                 id="a message expression"),
    pytest.param("properties/status/default", MISSING, id="a status without default"),
])
def test_what_is_allowed(path, value):
    assert all(check(changed(SCHEMA, path, value)) == [] for check in check_crds.SCHEMA_CHECKS)


def test_a_key_that_may_be_a_boolean_is_found():
    assert check_crds.check_crd_file("a:\n  n: {type: string}\n") == [
        "line 2: the key n stands unquoted, and is a boolean to some readers"]
    assert check_crds.bare_booleans('"n": 1\nname: n\nnx: 1\n') == []


def test_bounds_are_needed_only_where_a_rule_reaches():
    schema = changed(SCHEMA, NAME + "maxLength", MISSING)
    assert check_crds.unbounded_under_rules(changed(schema, "properties/spec/x-kubernetes-validations", [])) == []


def test_a_rule_of_the_root_reaches_the_spec():
    schema = changed(changed(SCHEMA, NAME + "maxLength", MISSING), "properties/spec/x-kubernetes-validations", [])
    assert len(check_crds.unbounded_under_rules({**schema, "x-kubernetes-validations": [RULE]})) == 1


KINDS = check_crds.known_kinds([CRD])
DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}}


def test_an_example_in_order_has_no_problems():
    assert check_crds.check_example(yaml.safe_dump_all([THING, DEPLOYMENT]), KINDS) == []


@pytest.mark.parametrize("path, value, problem", [
    ("kind", "Thong", "Thong t: no such kind in example.com/v1"),
    ("apiVersion", "example.com/v2", "Thing t: no such kind in example.com/v2"),
    ("spec", MISSING, "Thing t: spec: missing"),
    ("spec/name", MISSING, "Thing t: spec.name: missing"),
    ("spec/nmae", "b", "Thing t: spec.nmae: no such field"),
    ("status2", {}, "Thing t: status2: no such field"),
    ("spec/name", 7, "Thing t: spec.name: should be of type string"),
    ("spec/count", True, "Thing t: spec.count: should be of type integer"),
    ("spec/color", "blue", "Thing t: spec.color: 'blue' is not one of 'red', 'green'"),
    ("spec/tags", "x", "Thing t: spec.tags: should be of type array"),
    ("spec/tags", ["x", 7], "Thing t: spec.tags[1]: should be of type string"),
    ("spec/labels", {"a": True}, "Thing t: spec.labels.a: should be of type string"),
], ids=lambda value: str(value) if not isinstance(value, dict) else "object")
def test_a_broken_example_is_found(path, value, problem):
    assert check_crds.check_example(yaml.safe_dump(changed(THING, path, value)), KINDS) == [problem]


@pytest.mark.parametrize("text, problem", [
    ("a: [", "cannot be parsed"), ("", "holds no object"), ("# nothing\n", "holds no object"),
    ("- a", "holds something that is not an object"),
])
def test_a_file_that_is_no_example_is_found(text, problem):
    (said,) = check_crds.check_example(text, KINDS)
    assert said.startswith(problem)


def test_the_reference_has_every_field_and_message():
    text = check_crds.api_reference([CRD])
    for phrase in ("`spec.tags[]`", "`spec.labels{}`", "**`spec.name`**", "`status.text`", "list of string",
                   "one of `red`, `green`", "1 to 3", "0 to 8 characters", "Its name \\| with a bar.",
                   "name: must not be a; use b", "| READY | Whether it is. |", "`spec.name`."):
        assert phrase in text, phrase


@pytest.fixture
def place(tmp_path):
    """A project of one CRD and one example, and a way to run the tool on it."""
    for folder, document in (("crds", CRD), ("examples", THING)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "thing.yaml").write_text(yaml.safe_dump(document))

    def run(*more):
        return subprocess.run([str(TOOL), "--crds", str(tmp_path / "crds"), "--examples", str(tmp_path / "examples"),
                               "--docs", str(tmp_path / "reference.md"), *more], capture_output=True, text=True, timeout=60)

    run.directory = tmp_path
    return run


def test_docs_are_written_and_then_current(place):
    missing = place()
    assert missing.returncode == 1 and "reference.md: not what the CRDs say" in missing.stderr
    assert place("--write-docs").returncode == 0
    assert place().returncode == 0


def test_stale_docs_are_found(place):
    place("--write-docs")
    crd = changed(CRD, "spec/names/shortNames", ["thing"])
    (place.directory / "crds" / "thing.yaml").write_text(yaml.safe_dump(crd))
    stale = place()
    assert stale.returncode == 1 and "reference.md: not what the CRDs say" in stale.stderr


def test_a_problem_names_its_file_and_fails(place):
    (place.directory / "examples" / "thing.yaml").write_text("kind: Thing")
    failed = place("--write-docs")
    assert failed.returncode == 1 and failed.stderr.startswith("thing.yaml: Thing None: no such kind")
    assert not (place.directory / "reference.md").exists()


def test_no_crds_fails(place):
    (place.directory / "crds" / "thing.yaml").unlink()
    assert place().returncode == 1


def test_usage(place):
    assert place("--nonsense").returncode == 2


def test_our_own_files_are_in_order():
    done = subprocess.run([str(TOOL)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


# ---- one schema for both kinds of registry ---------------------------------------------------------------------------

@pytest.fixture
def registries(tmp_path):
    """A copy of our CRDs, and a way to change one and run the tool on them."""
    shutil.copytree(TOOL.parents[1] / "crds", tmp_path / "crds")

    def run(*more):
        return subprocess.run([str(TOOL), "--crds", str(tmp_path / "crds"), "--docs", str(tmp_path / "reference.md"),
                               "--write-docs", *more], capture_output=True, text=True, timeout=60)

    def change(file, old, new):
        text = (tmp_path / "crds" / file).read_text()
        assert old in text
        (tmp_path / "crds" / file).write_text(text.replace(old, new))

    run.change = change
    return run


@pytest.mark.parametrize("file, old, new", [
    (check_crds.NAMESPACED_KIND, "The issuer:", "An issuer:"),
    (check_crds.CLUSTER_KIND, "The issuer:", "An issuer:"),
    (check_crds.NAMESPACED_KIND, "scope: Namespaced", "scope: Cluster"),
], ids=["the namespaced kind", "the cluster kind", "the scope"])
def test_a_change_of_one_kind_alone_is_found(registries, file, old, new):
    registries.change(file, old, new)
    stale = registries()
    assert stale.returncode == 1
    assert f"{check_crds.NAMESPACED_KIND}: not what {check_crds.CLUSTER_KIND} makes it" in stale.stderr
    assert registries("--write-crd").returncode == 0 and registries().returncode == 0


@pytest.mark.parametrize("old", [
    "in the operator's namespace. Example: registry-ca", "                allowedNamespaces:\n", "  scope: Cluster\n"])
def test_a_difference_that_is_not_found_fails(registries, old):
    registries.change(check_crds.CLUSTER_KIND, old, old.replace("e", "E"))
    done = registries("--write-crd")
    assert done.returncode == 1 and "times, not" in done.stderr


def test_the_namespaced_kind_has_no_cluster_wide_member():
    members = yaml.safe_load((TOOL.parents[1] / "crds" / check_crds.NAMESPACED_KIND).read_text())
    (version,) = members["spec"]["versions"]
    assert "allowedNamespaces" not in version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
