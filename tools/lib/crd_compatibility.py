"""Whether a CustomResourceDefinition may replace an older one: what that took is still taken, and what it kept is kept."""

_AT_MOST = ("maxLength", "maxItems", "maxProperties", "maximum")
_AT_LEAST = ("minLength", "minItems", "minProperties", "minimum")
# What says how a value is read, merged or made: it stays as it is.
_FIXED = ("type", "format", "pattern", "default", "nullable", "x-kubernetes-list-type", "x-kubernetes-list-map-keys",
          "x-kubernetes-map-type", "x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields")


def incompatibilities(former, present):
    """One line for each thing that an object, a client or a stored version would trip over."""
    former, present = former["spec"], present["spec"]
    problems = [f"spec.{member} is another" for member in ("group", "scope") if former[member] != present[member]]
    problems += _names(former["names"], present["names"])
    versions = {one["name"]: one for one in present["versions"]}
    for version in former["versions"]:
        problems += _version(version, versions.get(version["name"]))
    return problems


def _names(former, present):
    problems = [f"spec.names.{member} is another" for member in ("kind", "plural") if former[member] != present[member]]
    for member in ("shortNames", "categories"):
        problems += [f"spec.names.{member} lacks {one}" for one in former.get(member, [])
                     if one not in present.get(member, [])]
    return problems


def _version(former, present):
    name = former["name"]
    if present is None or (former["served"] and not present["served"]):
        return [f"{name} is not served any more"]
    problems = [f"{name} is not stored any more"] if former["storage"] and not present["storage"] else []
    problems += [f"{name} lost the subresource {one}" for one in former.get("subresources", {})
                 if one not in present.get("subresources", {})]
    selectable = present.get("selectableFields", [])
    problems += [f"{one['jsonPath']} cannot be selected any more" for one in former.get("selectableFields", [])
                 if one not in selectable]
    return problems + _node(former["schema"]["openAPIV3Schema"], present["schema"]["openAPIV3Schema"], "")


def _node(former, present, where):
    problems = [f"{where or '.'}: {problem}" for check in (_fixed, _bounds, _enum, _required, _rules)
                for problem in check(former, present)]
    for step, child in _children(former):
        found = dict(_children(present)).get(step)
        problems += _node(child, found, where + step) if found is not None else [f"{where + step}: gone"]
    return problems


def _children(node):
    for name, child in node.get("properties", {}).items():
        yield f".{name}", child
    if "items" in node:
        yield "[]", node["items"]
    if isinstance(node.get("additionalProperties"), dict):
        yield "{}", node["additionalProperties"]


def _fixed(former, present):
    return [f"{member} is another" for member in _FIXED if former.get(member) != present.get(member)]


def _bounds(former, present):
    for members, is_tighter in ((_AT_MOST, lambda old, new: new < old), (_AT_LEAST, lambda old, new: new > old)):
        for member in members:
            if member in present and (member not in former or is_tighter(former[member], present[member])):
                if present[member] or member not in _AT_LEAST:  # at least none is no bound
                    yield f"{member} is tighter"


def _enum(former, present):
    if "enum" not in present:
        return []
    if "enum" not in former:
        return ["enum is new"]
    return [f"enum lacks {one!r}" for one in former["enum"] if one not in present["enum"]]


def _required(former, present):
    return [f"{one} is required now" for one in present.get("required", []) if one not in former.get("required", [])]


def _rules(former, present):
    """A new rule may speak of new fields only: an object without them passes."""
    known = {rule["rule"] for rule in former.get("x-kubernetes-validations", [])}
    fresh = [name for name in present.get("properties", {}) if name not in former.get("properties", {})]
    return [f"a new rule: {rule['rule']}" for rule in present.get("x-kubernetes-validations", [])
            if rule["rule"] not in known and not any(f"has(self.{name})" in rule["rule"] for name in fresh)]
