"""What the schema gives besides its rules: bounds, durations, columns, selectable fields, explain, the status."""

import copy
import re
import subprocess

import pytest

import schema
import test_api_client_rules as api_client
import test_namespaced_registry_rules as namespaced_registry
import test_registry_rules as registry
from table import Kind, Row

NAMES = {"apiclients": api_client, "clusterclientregistries": registry, "clientregistries": namespaced_registry}
WRONG_TYPE = {"string": 7, "integer": "seven", "boolean": "yes", "array": "one", "object": "one"}


@pytest.fixture
def kinds(namespace):
    return {"apiclients": Kind("ApiClient", "apiclients", namespace),
            "clusterclientregistries": Kind("ClusterClientRegistry", "clusterclientregistries"),
            "clientregistries": Kind("ClientRegistry", "clientregistries", namespace)}


# ---- bounds: every one in the spec refuses what lies just outside --------------------------------------------------

def violations(node, value):
    """(bound, a value that breaks it, what the server then says); `value` is one that is accepted."""
    def many(count):
        item = value[0] if value else "x"
        return [f"i{number}" if isinstance(item, str) else item for number in range(count)]

    if "type" in node:
        expected = node.get("format", "string") if node["type"] == "string" else node["type"]
        yield "type", WRONG_TYPE[node["type"]], f"must be of type {expected}"
    if "enum" in node:
        yield "enum", "no-such-value", "Unsupported value"
    if "maxLength" in node:
        yield "maxLength", "x" * (node["maxLength"] + 1), "Too long"
    if "minLength" in node:
        yield "minLength", "x" * (node["minLength"] - 1), "should be at least"
    if "maxItems" in node:
        yield "maxItems", many(node["maxItems"] + 1), "must have at most"
    if "minItems" in node:
        yield "minItems", many(node["minItems"] - 1), "should have at least"
    if "maxProperties" in node:
        sample = next(iter(value.values()))
        yield "maxProperties", {f"k{n}": sample for n in range(node["maxProperties"] + 1)}, "must have at most"
    if "minimum" in node:
        yield "minimum", node["minimum"] - 1, "should be greater than or equal to"
    if "maximum" in node:
        yield "maximum", node["maximum"] + 1, "should be less than or equal to"
    for name in node.get("required", []):
        yield f"required {name}", {key: kept for key, kept in value.items() if key != name}, "Required value"


def at_path(value, at):
    for step in at:
        value = value[0] if step == "[]" else next(iter(value.values())) if step == "{}" else value[step]
    return value


def with_value(spec, at, new):
    if not at:
        return new
    spec = copy.deepcopy(spec)
    parent = at_path(spec, at[:-1])
    parent[0 if at[-1] == "[]" else next(iter(parent)) if at[-1] == "{}" else at[-1]] = new
    return spec


def reaches(spec, at):
    try:
        return at_path(spec, at) not in ([], {})
    except (KeyError, IndexError, StopIteration):
        return False


def example_of(plural, at):
    """The spec of a row that has a value at this path, of an accepted one if there is any."""
    rows = sorted(NAMES[plural].ROWS, key=lambda row: row.refused)
    return next(row.spec for row in rows if reaches(row.spec, at))


def bound_cases():
    for plural in NAMES:
        for at, node in schema.walk(schema.schema_of(plural)["properties"]["spec"]):
            spec = example_of(plural, at)
            for bound, bad, message in violations(node, at_path(spec, at)):
                yield pytest.param(plural, with_value(spec, at, bad), at, bound, message,
                                   id=f"{plural} {'.'.join(at) or 'spec'}: {bound}")


def same_field(field, at, bound):
    """The server writes list[0] and map[key], or map.key, where the schema has "[]" and "{}"."""
    steps = ("spec",) + at + ((bound.split()[1],) if bound.startswith("required") else ())
    pattern = "".join(r"\[0\]" if step == "[]" else r"[.\[].+" if step == "{}" else r"\." + re.escape(step) for step in steps)
    return re.fullmatch(pattern, "." + field)


@pytest.mark.parametrize("plural, spec, at, bound, message", bound_cases())
def test_bound_refuses(api, kinds, plural, spec, at, bound, message):
    kind = kinds[plural]
    answer = api.post(kind.path(), kind.manifest(Row("bound", spec), spec), dryRun="All")
    assert answer.status == 422
    assert any(message in cause["message"] and same_field(cause["field"], at, bound) for cause in answer.causes), \
        answer.message


# ---- durations ----------------------------------------------------------------------------------------------------

def durations():
    return [pytest.param(plural, at, id=f"{plural} {'.'.join(at)}") for plural in NAMES
            for at, node in schema.walk(schema.schema_of(plural)["properties"]["spec"]) if node.get("format") == "duration"]


def syntax_causes(api, kind, plural, at, text):
    spec = with_value(example_of(plural, at), at, text)
    answer = api.post(kind.path(), kind.manifest(Row("duration", spec), spec), dryRun="All")
    return [cause for cause in answer.causes
            if same_field(cause["field"], at, "") and re.search("should match|of type duration|should be at least", cause["message"])]


@pytest.mark.parametrize("plural, at", durations())
def test_duration_syntax(api, kinds, plural, at):
    good = ["5m", "90m", "1h30m", "1w2d3h", "3600s", "300000ms", "1d1ms", "999w9999d99999h999999m"]
    bad = ["1.5d", "-1h", "30m1h", "15", "5y", "1h 30m", "an hour", "5000ns", "1000w", "m", "1H", "\u0661h"]
    said = {text: bool(syntax_causes(api, kinds[plural], plural, at, text)) for text in good + bad}
    assert said == {**{text: False for text in good}, **{text: True for text in bad}}


# ---- the status ---------------------------------------------------------------------------------------------------

NOW = "2026-01-02T03:04:05Z"
CONDITION = {"type": "Ready", "status": "True", "observedGeneration": 1, "lastTransitionTime": NOW, "reason": "Succeeded",
             "message": "The Secret holds working credentials."}
REGISTRY = {"kind": "ClusterClientRegistry", "name": "default", "issuer": "https://login.example.com"}
STATUS = {
    "apiclients": {
        "observedGeneration": 1, "conditions": [CONDITION], "clientId": "acme_team-a_invoices", "registry": REGISTRY,
        "binding": {"name": "invoices-oauth"},
        "credential": {"revision": 7, "id": "c-7", "hint": "wXyZ", "issuedAt": NOW, "lastUsedAt": NOW},
        "previous": {"revision": 6, "id": "c-6", "hint": "aBcD", "retireAt": NOW, "lastUsedAt": NOW},
        "principal": "service-account-invoices",
        "rotation": {"strategy": "Overlap", "lastTime": NOW, "lastReason": "Requested", "lastHandledToken": "ticket-42:now",
                     "handledIds": ["ticket-42"], "lastHandledRevoke": "r-1", "nextTime": "2026-02-01T03:04:05Z",
                     "refused": {"token": "a=b", "reason": "Malformed"},
                     "inProgress": {"operationId": "op-1", "kind": "Rotate", "revision": 8, "token": "ticket-43",
                                    "clientId": "acme_team-a_invoices", "registry": REGISTRY, "startedAt": NOW}},
        "lastHandledReconcile": "r-2", "failure": {"count": 2, "lastTime": NOW}, "nextRetryTime": NOW,
        "effective": {"clientId": "acme_team-a_invoices", "type": "Web", "grantTypes": ["authorization_code"],
                      "scopes": ["openid"], "audiences": ["a"], "tokenEndpointAuthMethod": "client_secret_basic",
                      "requireConsent": True, "tokenLifetimes": {"accessToken": "15m", "refreshToken": "1d", "idToken": "1h"},
                      "secret": {"name": "invoices-oauth", "type": "Opaque"},
                      "rotation": {"interval": "30d", "overlap": "1h", "minAge": "0s"}, "deletionPolicy": "Delete",
                      "registry": {"kind": "ClusterClientRegistry", "name": "default"}}},
    "clusterclientregistries": {
        "observedGeneration": 1, "conditions": [CONDITION], "backend": "embedded", "serverVersion": "1.0.0",
        "endpoints": {name: f"https://login.example.com/{name}" for name in (
            "tokenUrl", "authorizationUrl", "jwksUrl", "userInfoUrl", "introspectionUrl", "revocationUrl",
            "registrationUrl")},
        "capabilities": {"clientIdChosenBy": "Operator", "secretChosenBy": "Operator", "rotatedSecretChosenBy": "Registry",
                         "secretReadable": False, "maxSecrets": 3, "secretIds": True, "endsOverlap": True,
                         "longestOverlap": "2d", "secretLifetime": "30d",
                         "ownershipMark": True, "searchableMark": True, "idempotencyKey": True, "preconditions": True,
                         "disable": True, "lastUsed": True},
        "failure": {"count": 3, "lastTime": NOW}, "nextRetryTime": NOW,
        "acceptedStateLoss": {"token": "2026-01-outage", "time": NOW, "restoredTime": NOW}},
}
STATUS["clientregistries"] = STATUS["clusterclientregistries"]
SPECS = {"apiclients": {"displayName": "Invoice exporter", "clientId": "invoices", "type": "Web",
                        "redirectUris": ["https://app.example.com/a", "https://app.example.com/b"],
                        "registryRef": {"name": "default"}},
         "clusterclientregistries": registry.registry(tenant="acme"),
         "clientregistries": registry.registry(tenant="acme")}


@pytest.fixture(params=list(NAMES))
def living(request, api, kinds):
    """(plural, kind, the created object), with a full status once `full_status` is asked for as well."""
    kind = kinds[request.param]
    row = Row("living", None, object_name="living", annotations={"apiclient.dev/is-default-registry": "true"})
    created = api.post(kind.path(), kind.manifest(row, SPECS[request.param]))
    assert created.status == 201, created.message
    yield request.param, kind, created.body
    api.delete(kind.path("living"))


@pytest.fixture
def full_status(api, living):
    plural, kind, _ = living
    patched = api.merge_patch(kind.path("living", "status"), {"status": STATUS[plural]})
    assert patched.ok, patched.message
    return patched.body["status"]


def test_a_new_object_is_not_taken_for_done(living):
    assert living[2]["status"] == {"observedGeneration": -1}


def test_no_member_of_a_full_status_is_lost(living, full_status):
    assert full_status == STATUS[living[0]]


def test_the_full_status_has_every_member(living):
    status = schema.schema_of(living[0])["properties"]["status"]
    missing = [".".join(at) for at, _ in schema.walk(status) if not schema.present(STATUS[living[0]], at)]
    assert missing == []


def test_the_spec_cannot_be_changed_through_the_status(api, living, full_status):
    plural, kind, created = living
    api.merge_patch(kind.path("living", "status"), {"spec": {"displayName": "Other", "tenant": "other"}})
    assert api.get(kind.path("living")).body["spec"] == created["spec"]


# ---- kubectl ------------------------------------------------------------------------------------------------------

def kubectl(*arguments):
    done = subprocess.run(["kubectl", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def table_of(text):
    """The rows of a kubectl table as dicts; columns are at least two spaces apart, and cut where the header begins."""
    header, *lines = text.splitlines()
    columns = [(match.group(), match.start()) for match in re.finditer(r"\S+(?: \S+)*", header)]
    ends = [start for _, start in columns[1:]] + [None]
    return [{name: line[start:end].strip() for (name, start), end in zip(columns, ends)} for line in lines]


COLUMNS = {
    "apiclients": {"NAME": "living", "READY": "True", "REASON": "Succeeded", "CLIENT-ID": "acme_team-a_invoices",
                   "SECRET": "invoices-oauth", "REVISION": "7"},
    "clusterclientregistries": {"NAME": "living", "READY": "True", "REASON": "Succeeded", "BACKEND": "embedded",
                                "ISSUER": "https://login.example.com", "DEFAULT": "true"},
    "clientregistries": {"NAME": "living", "READY": "True", "REASON": "Succeeded", "BACKEND": "embedded",
                         "ISSUER": "https://login.example.com"},
}
WIDE_COLUMNS = {
    "apiclients": {"DISPLAY-NAME": "Invoice exporter", "TYPE": "Web", "REDIRECT": "https://app.example.com/a",
                   "REGISTRY": "default", "HINT": "wXyZ", "NEXT-ROTATION": "2026-02-01T03:04:05Z",
                   "MESSAGE": "The Secret holds working credentials."},
    "clusterclientregistries": {"TENANT": "acme", "VERSION": "1.0.0", "MESSAGE": "The Secret holds working credentials."},
}
WIDE_COLUMNS["clientregistries"] = WIDE_COLUMNS["clusterclientregistries"]
SHORT = {"apiclients": "apic", "clusterclientregistries": "ccreg", "clientregistries": "creg"}


def test_printer_columns(living, full_status, namespace):
    plural = living[0]
    (row,) = table_of(kubectl("get", SHORT[plural], "living", "-n", namespace))
    age = row.pop("AGE")
    assert row == COLUMNS[plural]
    assert re.fullmatch(r"[0-9]+s", age)


def test_wide_printer_columns(living, full_status, namespace):
    plural = living[0]
    (row,) = table_of(kubectl("get", SHORT[plural], "living", "-n", namespace, "-o", "wide"))
    del row["AGE"]
    assert row == {**COLUMNS[plural], **WIDE_COLUMNS[plural]}


def test_columns_of_a_new_object(living, namespace):
    (row,) = table_of(kubectl("get", SHORT[living[0]], "living", "-n", namespace))
    assert (row["READY"], row["REASON"]) == ("", "")


def test_category_identity(living, namespace):
    names = kubectl("get", "identity", "-n", namespace, "-o", "name").split()
    assert f"{living[1].kind.lower()}.apiclient.dev/living" in names


def test_not_in_category_all(living, namespace):
    assert "living" not in kubectl("get", "all", "-n", namespace, "-o", "name")


@pytest.mark.parametrize("selector, found", [
    ("spec.clientId=invoices", True), ("spec.clientId=other", False),
    ("spec.displayName=Invoice exporter", True), ("spec.displayName=Other", False),
    ("status.clientId=acme_team-a_invoices", True), ("status.clientId=other", False),
    ("spec.registryRef.name=default", True), ("spec.registryRef.name=other", False),
])
@pytest.mark.parametrize("living", ["apiclients"], indirect=True)
def test_selectable_fields(living, full_status, namespace, selector, found):
    names = kubectl("get", "apic", "-n", namespace, "--field-selector", selector, "-o", "name").split()
    assert names == (["apiclient.apiclient.dev/living"] if found else [])


EXPLAINED = {
    "apiclient": ["one OAuth 2.0 client", "docs/api-reference.md"],
    "apiclient.spec.redirectUris": ["may send the user back", "absolute URI", "At most 32", "Example:",
                                    "https://app.example.com/callback"],
    "apiclient.spec.rotation.overlap": ["not above interval", "Default: 1h", "Example: 1d"],
    "apiclient.status.rotation.lastHandledToken": ["apiclient.dev/rotate", "kubectl wait"],
    "clusterclientregistry": ["issues OAuth 2.0 clients", "docs/api-reference.md"],
    "clusterclientregistry.spec.auth": ["exactly one member", "apiclient.dev/usable-by: registry", "Example:"],
    "clientregistry": ["--allow-namespaced-registries", "--namespaced-registry-hosts", "docs/api-reference.md"],
    "clientregistry.spec.auth": ["the registry's own namespace", "apiclient.dev/usable-by: registry"],
}


@pytest.mark.parametrize("field", EXPLAINED)
def test_explain(api, field):
    said = " ".join(kubectl("explain", field).split())
    assert [phrase for phrase in EXPLAINED[field] if phrase not in said] == []


# ---- the definitions themselves -----------------------------------------------------------------------------------

@pytest.mark.parametrize("plural, scope, labels", [
    ("apiclients", "Namespaced", {"servicebinding.io/provisioned-service": "true"}),
    ("clusterclientregistries", "Cluster", {}),
    ("clientregistries", "Namespaced", {}),
])
def test_definition(api, plural, scope, labels):
    crd = api.get(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{plural}.apiclient.dev").body
    conditions = {condition["type"]: condition["status"] for condition in crd["status"]["conditions"]}
    assert conditions["Established"] == "True" and conditions["NamesAccepted"] == "True"
    assert conditions.get("NonStructuralSchema", "False") == "False"
    assert crd["spec"]["scope"] == scope
    assert labels.items() <= crd["metadata"]["labels"].items()
