"""Every rule of the ClusterClientRegistry, with objects that pass and objects that do not, as the API server answers."""

import pytest

import schema
from table import Kind, accepted, causes_of, check_row, refused, run_table

ISSUER = "https://login.example.com"
ADMIN = {"adminUrl": "http://127.0.0.1:9081"}
EMBEDDED = {"embedded": ADMIN, "issuer": ISSUER}
KEYCLOAK = {"keycloak": {"url": "https://keycloak.example.com", "realm": "acme"}}
DYNAMIC = {"dynamicRegistration": {"issuer": ISSUER}}
TOKEN = {"secretRef": {"name": "registry-admin", "key": "token"}}
BASIC = {"secretRef": {"name": "registry-admin", "usernameKey": "username", "passwordKey": "password"}}
CLIENT = {"secretRef": {"name": "registry-admin", "clientIdKey": "client-id", "clientSecretKey": "client-secret"}}
CA = {"name": "registry-ca", "key": "ca.crt"}
CA_BUNDLE = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg=="


def registry(**more):
    return {**EMBEDDED, **more}


def template(text, **more):
    return registry(tenant="acme", clientIdTemplate=text, **more)


def auth(**members):
    return registry(auth=members)


def tls(**members):
    return registry(tls=members)


def selector(**expression):
    return registry(allowedNamespaces={"matchExpressions": [expression]})


def adoption(**members):
    return registry(allowAdoption=[{"namespaces": ["team-a"], "clientIds": ["legacy"], **members}])


EVERYTHING = registry(
    tokenUrl=ISSUER + "/oauth2/token", tenant="acme", clientIdTemplate="{tenant}.{namespace}.{clientId}",
    auth={"clientCredentials": {**CLIENT, "tokenUrl": "https://sso.example.com/token", "scopes": ["clients.admin"]}},
    tls={"caSecretRef": CA, "clientCertificateSecretRef": {"name": "certificate"}, "serverName": "registry.example.com",
         "insecureSkipVerify": False},
    allowedGrantTypes=["client_credentials", "authorization_code"], allowedScopes=["a", "*"],
    allowedAudiences=["https://billing.example.com", "*"],
    allowedParameters=[{"name": "serviceAccountRoles", "values": ["viewer"]}, {"name": "software_version"}],
    allowedNamespaces={"matchLabels": {"team": "billing"}, "matchExpressions": [
        {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]}]},
    allowAdoption=[{"namespaces": ["team-a"], "clientIds": ["legacy-billing"], "withoutSecret": True}],
    defaultScopes=["openid"], scopeSeparator=",", docsUrl="https://wiki.example.com/clients", verifyCredentials=True,
    allowInPlaceRotation=False, minRotationInterval="1h", maxOverlap="7d", degradedAfter="1h", resyncInterval="10m",
    rateLimit={"requestsPerSecond": 20, "burst": 40, "maxInFlight": 4}, orphanOnDelete=False)


def url_rows(name, spec_with, field, query_allowed=False):
    """Base URLs take no query; endpoints may have one."""
    def bad(what, url):
        return refused(f"{name}: {what}", spec_with(url), field, f"{name}: must be an absolute http or https URL")

    query = "https://registry.example.com/a?b=c"
    return [
        accepted(f"{name}: https", spec_with("https://registry.example.com:8443/base")),
        accepted(f"{name}: http", spec_with("http://registry.apiclient-system.svc")),
        accepted(f"{name}: address", spec_with("http://[fd00::1]:9081")),
        bad("relative", "/base"),
        bad("no scheme", "registry.example.com"),
        bad("another scheme", "ftp://registry.example.com"),
        bad("no host", "https:///base"),
        bad("user info", "https://admin:password@registry.example.com"),
        bad("space", "https://registry.example.com/a b"),
        bad("fragment", "https://registry.example.com/#a"),
        accepted(f"{name}: query", spec_with(query)) if query_allowed else bad("query", query),
    ]


def name_and_key_rows(member, spec_with, ref, prefix, keys):
    """The reference to a Secret: its name, and each key in it."""
    name = f"{prefix}.name"
    rows = [accepted(f"{name}: with a dot", spec_with({**ref, "name": "a.b-c"})),
            *[refused(f"{name}: {bad}", spec_with({**ref, "name": bad}), f"spec.{name}", f"{name}: not a valid name")
              for bad in ("Admin", "a/b", "..", "a b")]]
    for key in keys:
        field = f"{prefix}.{key}"
        rows += [accepted(f"{field}: odd", spec_with({**ref, key: "A_b-c.d"})),
                 refused(f"{field}: slash", spec_with({**ref, key: "a/b"}), f"spec.{field}", f"{field}: not a valid key"),
                 refused(f"{field}: missing", spec_with({n: v for n, v in ref.items() if n != key}), f"spec.{field}",
                         "Required value")]
    return rows


BACKEND_ROWS = [
    accepted("embedded", EMBEDDED),
    accepted("hydra", {"hydra": ADMIN, "issuer": ISSUER}),
    accepted("keycloak", KEYCLOAK),
    accepted("keycloak with issuer", {**KEYCLOAK, "issuer": ISSUER}),
    accepted("dynamicRegistration by issuer", DYNAMIC),
    accepted("dynamicRegistration by issuer, twice the same", {**DYNAMIC, "issuer": ISSUER}),
    accepted("dynamicRegistration by endpoint",
             {"dynamicRegistration": {"registrationEndpoint": ISSUER + "/register"}, "issuer": ISSUER}),
    accepted("everything", EVERYTHING),
    accepted("default registry", EMBEDDED, annotations={"apiclient.dev/is-default-registry": "true"}),
    refused("no backend", {"issuer": ISSUER}, "spec", "spec: set exactly one of embedded, hydra"),
    refused("two backends", {**EMBEDDED, **KEYCLOAK}, "spec", "spec: set exactly one of embedded, hydra"),
    refused("embedded: no adminUrl", {"embedded": {}, "issuer": ISSUER}, "spec.embedded.adminUrl", "Required value"),
    refused("hydra: no adminUrl", {"hydra": {}, "issuer": ISSUER}, "spec.hydra.adminUrl", "Required value"),
    refused("keycloak: no realm", {"keycloak": {"url": ISSUER}}, "spec.keycloak.realm", "Required value"),
    *[refused(f"{what}: no issuer", spec, "spec.issuer", "issuer: needed") for what, spec in {
        "embedded": {"embedded": ADMIN}, "hydra": {"hydra": ADMIN},
        "dynamicRegistration by endpoint": {"dynamicRegistration": {"registrationEndpoint": ISSUER}}}.items()],
    refused("dynamicRegistration: two issuers", {**DYNAMIC, "issuer": "https://other.example.com"}, "spec.issuer",
            "issuer: differs from dynamicRegistration.issuer"),
    *[refused(f"dynamicRegistration: {what}", {"dynamicRegistration": member, "issuer": ISSUER},
              "spec.dynamicRegistration", "dynamicRegistration: set exactly one")
      for what, member in {"nothing": {}, "both": {"issuer": ISSUER, "registrationEndpoint": ISSUER}}.items()],
    *[accepted(f"realm: {realm}", {"keycloak": {"url": ISSUER, "realm": realm}}) for realm in ("acme", "A.b_c-1")],
    *[refused(f"realm: {realm}", {"keycloak": {"url": ISSUER, "realm": realm}}, "spec.keycloak.realm",
              "keycloak.realm: may hold only") for realm in ("..", "a/b", "a b", "-a")],
    refused("keycloak.url: trailing slash", {"keycloak": {"url": ISSUER + "/", "realm": "a"}}, "spec.keycloak.url",
            "keycloak.url: must be an absolute"),
    *url_rows("embedded.adminUrl", lambda url: registry(embedded={"adminUrl": url}), "spec.embedded.adminUrl"),
    *url_rows("hydra.adminUrl", lambda url: {"hydra": {"adminUrl": url}, "issuer": ISSUER}, "spec.hydra.adminUrl"),
    *url_rows("keycloak.url", lambda url: {"keycloak": {"url": url, "realm": "a"}}, "spec.keycloak.url"),
    *url_rows("dynamicRegistration.issuer", lambda url: {"dynamicRegistration": {"issuer": url}},
              "spec.dynamicRegistration.issuer"),
    *url_rows("dynamicRegistration.registrationEndpoint",
              lambda url: {"dynamicRegistration": {"registrationEndpoint": url}, "issuer": ISSUER},
              "spec.dynamicRegistration.registrationEndpoint", query_allowed=True),
    *url_rows("issuer", lambda url: registry(issuer=url), "spec.issuer"),
    *url_rows("tokenUrl", lambda url: registry(tokenUrl=url), "spec.tokenUrl", query_allowed=True),
]

CLIENT_ID_ROWS = [
    *[accepted(f"tenant: {tenant}", registry(tenant=tenant)) for tenant in ("a", "acme-2", "-", "a" * 40)],
    *[refused(f"tenant: {tenant}", registry(tenant=tenant), "spec.tenant", "tenant: may hold only")
      for tenant in ("Acme", "a_b", "a.b", "a b")],
    *[accepted(f"template: {text}", template(text)) for text in (
        "{namespace}_{clientId}", "{tenant}:{namespace}:{clientId}", "k8s-{clientId}.{namespace}",
        "x{tenant}-.-{namespace}a_b{clientId}z", "{clientId}_{namespace}_{tenant}")],
    accepted("template: no tenant", registry(clientIdTemplate="{namespace}.{clientId}")),
    *[refused(f"template: {text}", template(text), "spec.clientIdTemplate", "clientIdTemplate: may hold only letters")
      for text in ("{namespace}_{clientId}/x", "{namespace}_{clientId} ", "{namespace}_{clientId}_{name}",
                   "{namespace}_{clientId}}", "{namespace}_{clientId}_{Tenant}")],
    *[refused(f"template: {text}", template(text), "spec.clientIdTemplate",
              "clientIdTemplate: must contain {clientId} and {namespace}")
      for text in ("fixed", "{clientId}", "{namespace}", "{tenant}_{clientId}")],
    *[refused(f"template: {text}", template(text), "spec.clientIdTemplate", "clientIdTemplate: placeholders must be parted")
      for text in ("{namespace}{clientId}", "{namespace}-{clientId}", "{tenant}x{namespace}_{clientId}",
                   "{namespace}_{clientId}{tenant}")],
    *[refused(f"template: {text}", template(text), "spec.clientIdTemplate", "clientIdTemplate: has the same placeholder twice")
      for text in ("{namespace}_{clientId}_{clientId}", "{namespace}_{namespace}_{clientId}",
                   "{tenant}_{namespace}_{clientId}_{tenant}")],
    refused("template: tenant without a tenant", registry(clientIdTemplate="{tenant}_{namespace}_{clientId}"),
            "spec.clientIdTemplate", "clientIdTemplate: has {tenant}, but spec.tenant is absent"),
]

AUTH_ROWS = [
    accepted("auth: bearer", auth(bearer=TOKEN)),
    accepted("auth: basic", auth(basic=BASIC)),
    accepted("auth: clientCredentials", auth(clientCredentials=CLIENT)),
    accepted("auth: initialAccessToken", {**DYNAMIC, "auth": {"initialAccessToken": TOKEN}}),
    refused("auth: empty", auth(), "spec.auth", "auth: set exactly one of bearer"),
    refused("auth: two", auth(bearer=TOKEN, basic=BASIC), "spec.auth", "auth: set exactly one of bearer"),
    refused("auth: initialAccessToken elsewhere", auth(initialAccessToken=TOKEN), "spec.auth",
            "auth.initialAccessToken: only for dynamicRegistration"),
    *name_and_key_rows("bearer", lambda ref: auth(bearer={"secretRef": ref}), TOKEN["secretRef"],
                       "auth.bearer.secretRef", ["key"]),
    *name_and_key_rows("basic", lambda ref: auth(basic={"secretRef": ref}), BASIC["secretRef"],
                       "auth.basic.secretRef", ["usernameKey", "passwordKey"]),
    *name_and_key_rows("clientCredentials", lambda ref: auth(clientCredentials={"secretRef": ref}), CLIENT["secretRef"],
                       "auth.clientCredentials.secretRef", ["clientIdKey", "clientSecretKey"]),
    *name_and_key_rows("initialAccessToken", lambda ref: {**DYNAMIC, "auth": {"initialAccessToken": {"secretRef": ref}}},
                       TOKEN["secretRef"], "auth.initialAccessToken.secretRef", ["key"]),
    *url_rows("auth.clientCredentials.tokenUrl", lambda url: auth(clientCredentials={**CLIENT, "tokenUrl": url}),
              "spec.auth.clientCredentials.tokenUrl", query_allowed=True),
    refused("auth: scopes joined", auth(clientCredentials={**CLIENT, "scopes": ["a b"]}),
            "spec.auth.clientCredentials.scopes[0]", "auth.clientCredentials.scopes: one scope per item"),
]

TLS_ROWS = [
    accepted("tls: caBundle", tls(caBundle=CA_BUNDLE)),
    accepted("tls: insecure", tls(insecureSkipVerify=True, serverName="a")),
    refused("tls: two CAs", tls(caBundle=CA_BUNDLE, caSecretRef=CA), "spec.tls", "tls: caBundle and caSecretRef"),
    *[refused(f"tls: insecure with {name}", tls(insecureSkipVerify=True, **{name: value}), "spec.tls.insecureSkipVerify",
              "tls.insecureSkipVerify: true makes") for name, value in {"caBundle": CA_BUNDLE, "caSecretRef": CA}.items()],
    refused("tls: caBundle without base64", tls(caBundle="-----BEGIN"), "spec.tls.caBundle", "must be of type byte"),
    *[refused(f"tls: server name {name}", tls(serverName=name), "spec.tls.serverName", "tls.serverName: not a host name")
      for name in ("https://a", "a:443", "*.example.com", "a b", "-a")],
    *name_and_key_rows("caSecretRef", lambda ref: tls(caSecretRef=ref), CA, "tls.caSecretRef", ["key"]),
    *name_and_key_rows("clientCertificateSecretRef", lambda ref: tls(clientCertificateSecretRef=ref), {"name": "a"},
                       "tls.clientCertificateSecretRef", []),
]

ALLOWED_ROWS = [
    refused("allowedGrantTypes: unknown", registry(allowedGrantTypes=["password"]), "spec.allowedGrantTypes[0]",
            "Unsupported value"),
    *[refused(f"{name}: joined", registry(**{name: ["a b"]}), f"spec.{name}[0]", f"{name}: one")
      for name in ("allowedScopes", "allowedAudiences", "defaultScopes")],
    refused("defaultScopes: all", registry(defaultScopes=["*"]), "spec.defaultScopes[0]", "defaultScopes: one scope"),
    refused("allowedParameters: twice", registry(allowedParameters=[{"name": "a"}, {"name": "a", "values": ["x"]}]),
            "spec.allowedParameters[1]", "Duplicate value"),
    accepted("allowedNamespaces: all", registry(allowedNamespaces={})),
    *[accepted(f"allowedNamespaces: {operator}", selector(key="example.com/team", operator=operator, **values))
      for operator, values in {"In": {"values": ["a"]}, "NotIn": {"values": ["a", "b"]}, "Exists": {},
                               "DoesNotExist": {"values": []}}.items()],
    *[refused(f"allowedNamespaces: {operator} with the wrong values", selector(key="team", operator=operator, **values),
              "spec.allowedNamespaces.matchExpressions[0]", "allowedNamespaces.matchExpressions: In and NotIn")
      for operator, values in {"In": {}, "NotIn": {"values": []}, "Exists": {"values": ["a"]},
                               "DoesNotExist": {"values": ["a"]}}.items()],
    refused("allowedNamespaces: unknown operator", selector(key="team", operator="Gt", values=["1"]),
            "spec.allowedNamespaces.matchExpressions[0].operator", "Unsupported value"),
    refused("allowedNamespaces: bad key", selector(key="a b", operator="Exists"),
            "spec.allowedNamespaces.matchExpressions[0].key", "allowedNamespaces.matchExpressions.key: not a valid"),
    *[refused(f"allowAdoption: namespace {name}", adoption(namespaces=[name]), "spec.allowAdoption[0].namespaces[0]",
              "allowAdoption.namespaces: not the name") for name in ("*", "team-*", "Team", "a.b")],
    refused("allowAdoption: no clients", registry(allowAdoption=[{"namespaces": ["a"]}]), "spec.allowAdoption[0].clientIds",
            "Required value"),
    accepted("scopeSeparator: space", registry(scopeSeparator=" ")),
    *[refused(f"scopeSeparator: {separator}", registry(scopeSeparator=separator), "spec.scopeSeparator", "Unsupported")
      for separator in (";", "")],
    accepted("docsUrl: with a fragment", registry(docsUrl="https://wiki.example.com/clients?a=b#top")),
    *[refused(f"docsUrl: {url}", registry(docsUrl=url), "spec.docsUrl", "docsUrl: must be an absolute")
      for url in ("wiki", "javascript:alert(1)", "https://user@wiki.example.com", "https://wiki.example.com/a b")],
    *[accepted(f"resyncInterval: {text}", registry(resyncInterval=text)) for text in ("0s", "1s", "1d")],
    *[refused(f"resyncInterval: {text}", registry(resyncInterval=text), "spec.resyncInterval", "resyncInterval: shorter")
      for text in ("1ms", "999ms")],
]


def keep_or_change(name, field, old, same, different, message):
    return [
        *[accepted(f"change: {name}, {what}", spec, old=old) for what, spec in same.items()],
        *[refused(f"change: {name} {what}", spec, field, message, old=old) for what, spec in different.items()],
    ]


CHANGE_ROWS = [
    *keep_or_change("issuer", "spec.issuer", EMBEDDED, {"other members": registry(embedded={"adminUrl": "http://b"})},
                    {"changed": registry(issuer="https://other.example.com")}, "issuer: immutable"),
    *keep_or_change("dynamic issuer", "spec.issuer", DYNAMIC,
                    {"made explicit": {**DYNAMIC, "issuer": ISSUER},
                     "moved": {"dynamicRegistration": {"registrationEndpoint": ISSUER + "/r"}, "issuer": ISSUER}},
                    {"changed": {"dynamicRegistration": {"issuer": "https://other.example.com"}}}, "issuer: immutable"),
    *keep_or_change("derived issuer", "spec.issuer", KEYCLOAK,
                    {"made explicit": {**KEYCLOAK, "issuer": "https://keycloak.example.com/realms/acme"}},
                    {"added": {**KEYCLOAK, "issuer": ISSUER},
                     "by the realm": {"keycloak": {**KEYCLOAK["keycloak"], "realm": "b"}},
                     "by the URL": {"keycloak": {**KEYCLOAK["keycloak"], "url": "https://b.example"}}}, "issuer: immutable"),
    *keep_or_change("tenant", "spec.tenant", registry(tenant="acme", clientIdTemplate="{namespace}_{clientId}"), {},
                    {"changed": registry(tenant="b", clientIdTemplate="{namespace}_{clientId}"),
                     "removed": registry(clientIdTemplate="{namespace}_{clientId}")}, "tenant: immutable"),
    *keep_or_change("tenant", "spec.tenant", registry(clientIdTemplate="{namespace}_{clientId}"), {},
                    {"added": registry(tenant="b", clientIdTemplate="{namespace}_{clientId}")}, "tenant: immutable"),
    *keep_or_change("template", "spec.clientIdTemplate", registry(tenant="acme"),
                    {"default made explicit": template("{tenant}_{namespace}_{clientId}")},
                    {"added": template("{namespace}_{clientId}")}, "clientIdTemplate: immutable"),
    *keep_or_change("template without tenant", "spec.clientIdTemplate", EMBEDDED,
                    {"default made explicit": registry(clientIdTemplate="{namespace}_{clientId}")},
                    {"added": registry(clientIdTemplate="{namespace}.{clientId}")}, "clientIdTemplate: immutable"),
    *keep_or_change("given template", "spec.clientIdTemplate", template("{namespace}.{clientId}"), {},
                    {"changed": template("{namespace}:{clientId}"), "removed": registry(tenant="acme")},
                    "clientIdTemplate: immutable"),
]

ROWS = [*BACKEND_ROWS, *CLIENT_ID_ROWS, *AUTH_ROWS, *TLS_ROWS, *ALLOWED_ROWS, *CHANGE_ROWS]


@pytest.fixture(scope="module")
def answers(api):
    return run_table(api, Kind("ClusterClientRegistry", "clusterclientregistries"), ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row(row, answers):
    check_row(row, answers[row.name])


def test_every_rule_has_a_refused_row(answers):
    seen = {cause["message"] for outcome in answers.values() for cause in causes_of(outcome.real)}
    untested = [rule["message"] for _, rule in schema.rules("clusterclientregistries")
                if not any(rule["message"] in message for message in seen)]
    assert untested == []


def test_every_rule_has_an_accepted_row():
    passing = [{"spec": row.spec} for row in ROWS if not row.refused]
    untested = [(".".join(at), rule["rule"]) for at, rule in schema.rules("clusterclientregistries")
                if not any(schema.present(value, at) for value in passing)]
    assert untested == []
