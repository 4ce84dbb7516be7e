"""The CRDs as data: nodes, rules and bounds of their schemas."""

from pathlib import Path

import yaml

CRDS = Path(__file__).resolve().parents[3] / "crds"


def load(plural):
    return yaml.safe_load((CRDS / f"apiclient.dev_{plural}.yaml").read_text())


def schema_of(plural):
    (version,) = load(plural)["spec"]["versions"]
    return version["schema"]["openAPIV3Schema"]


def walk(node, at=()):
    """All nodes with their paths; "[]" stands for the items of a list, "{}" for the values of a map."""
    yield at, node
    for name, child in node.get("properties", {}).items():
        yield from walk(child, at + (name,))
    if "items" in node:
        yield from walk(node["items"], at + ("[]",))
    if isinstance(node.get("additionalProperties"), dict):
        yield from walk(node["additionalProperties"], at + ("{}",))


def rules(plural):
    """(path, rule) of every CEL rule."""
    return [(at, rule) for at, node in walk(schema_of(plural)) for rule in node.get("x-kubernetes-validations", [])]


def present(value, at):
    """Whether an object has a value at a path of the schema."""
    if not at:
        return True
    step, rest = at[0], at[1:]
    if step in ("[]", "{}"):
        children = value if isinstance(value, list) else value.values()
        return any(present(child, rest) for child in children)
    return isinstance(value, dict) and step in value and present(value[step], rest)
