"""Every rule of the ApiClient, with objects that pass and objects that do not, as the API server answers."""

import pytest

import schema
from table import Kind, accepted, causes_of, check_row, refused, run_table

DISPLAY_NAME = {"displayName": "Invoice exporter"}
CALLBACK = "https://app.example.com/callback"
WEB = {**DISPLAY_NAME, "type": "Web", "redirectUris": [CALLBACK]}
PUBLIC = {**DISPLAY_NAME, "type": "Public", "redirectUris": [CALLBACK]}
EC_KEY = {"kty": "EC", "crv": "P-256", "kid": "2026-01", "use": "sig", "alg": "ES256", "x": "eA", "y": "eQ"}
RSA_KEY = {"kty": "RSA", "n": "bg", "e": "AQAB"}
OKP_KEY = {"kty": "OKP", "crv": "Ed25519", "x": "eA"}
JWT = {**DISPLAY_NAME, "tokenEndpointAuthMethod": "private_key_jwt", "jwks": {"keys": [EC_KEY]}}
REGISTERED = {"observedGeneration": 1, "clientId": "acme_crd-tests_row"}
GRANT = "urn:ietf:params:oauth:grant-type:"
KEYS = ("type provider client-id client-secret issuer-uri token-uri authorization-uri jwk-set-uri user-info-uri scope "
        "client-authentication-method").split()


def machine(**more):
    return {**DISPLAY_NAME, **more}


def web(**more):
    return {**WEB, **more}


def public(**more):
    return {**PUBLIC, **more}


def secret(**members):
    return machine(secret=members)


def rotation(**members):
    return machine(rotation=members)


def window(**members):
    return rotation(interval="30d", windows=[{"opens": "0 2 * * sun", "duration": "3h", **members}])


def lifetimes(base=machine, **members):
    return base(tokenLifetimes=members)


def jwt(**more):
    return {**JWT, **more}


def adopt(**members):
    return machine(adopt={"clientId": "legacy", **members})


EVERYTHING = web(
    clientId="invoices", grantTypes=["authorization_code", "refresh_token", GRANT + "token-exchange"],
    redirectUris=[CALLBACK, "com.example.app:/callback"], postLogoutRedirectUris=["https://app.example.com/bye"],
    allowedCorsOrigins=["https://app.example.com"], requireConsent=False, scopes=["openid", "invoices.read"],
    audiences=["https://billing.example.com"], tokenEndpointAuthMethod="client_secret_post",
    tokenLifetimes={"accessToken": "15m", "refreshToken": "14d", "idToken": "1h"},
    contacts=["billing-team@example.com"], clientUri="https://app.example.com", logoUri="https://app.example.com/l.png",
    policyUri="https://app.example.com/privacy", tosUri="https://app.example.com/terms",
    registryParameters={"software_version": "1.0", "serviceAccountRoles": ["viewer"], "nested": {"a": [1, True]}},
    registryRef={"kind": "ClusterClientRegistry", "name": "production"},
    secret={"name": "billing-oauth", "type": "Opaque", "keys": {"client-id": "CLIENT_ID"},
            "labels": {"app.kubernetes.io/part-of": "billing"}, "annotations": {"reloader.stakater.com/match": "true"}},
    suspended=True,
    rotation={"interval": "30d", "overlap": "1d", "minAge": "12h",
              "windows": [{"opens": "0 2 * * sun", "timeZone": "Europe/Berlin", "duration": "3h"}]},
    restartTargets=[{"kind": "Deployment", "name": "billing"}, {"kind": "StatefulSet", "name": "billing"}],
    deletionPolicy="Disable",
    adopt={"clientId": "legacy-billing", "secretRef": {"name": "legacy-billing", "key": "client-secret"}})


def uri_rows(list_name):
    """redirectUris and postLogoutRedirectUris have the same rules."""
    item = f"spec.{list_name}[0]"

    def with_uri(*uris):
        return web(**{list_name: list(uris)})

    def good(name, *uris):
        return accepted(f"{list_name}: {name}", with_uri(*uris))

    def bad(name, uri, message):
        return refused(f"{list_name}: {name}", with_uri(uri), item, f"{list_name}: {message}")

    absolute, loopback = "must be an absolute URI", "plain http is only for loopback"
    return [
        good("https", CALLBACK),
        good("https with port and query", "https://app.example.com:8443/cb?a=b,c&d=%20"),
        good("http on localhost", "http://localhost:3000/cb"),
        good("http on 127.0.0.1", "http://127.0.0.1/cb", "http://127.1.2.3:80/cb"),
        good("http on ::1", "http://[::1]:8080/cb", "http://[::1]"),
        good("private-use scheme", "com.example.app:/cb", "com.example.app://cb", "io.a-b.c+d:/"),
        good("at sign in the path", "https://app.example.com/@me"),
        good("2048 characters", "https://app.example.com/".ljust(2048, "a")),
        good("32 items", *(f"{CALLBACK}/{number}" for number in range(32))),
        bad("relative", "/callback", absolute),
        bad("no scheme", "app.example.com/cb", absolute),
        bad("no host", "https:///cb", absolute),
        bad("port without host", "https://:443/cb", absolute),
        bad("scheme without slashes", "https:app.example.com", absolute),
        bad("scheme in capitals", "HTTPS://app.example.com/cb", absolute),
        bad("bad port", "https://app.example.com:abc/", absolute),
        bad("javascript", "javascript:alert(1)", absolute),
        bad("data", "data:text/html,x", absolute),
        bad("scheme without a dot", "myapp:/cb", absolute),
        bad("private-use scheme without a path", "com.example.app:cb", absolute),
        bad("custom scheme in capitals", "com.Example.app:/cb", absolute),
        bad("plain http", "http://app.example.com/cb", loopback),
        bad("host that begins like loopback", "http://127.0.0.1.evil.example/cb", loopback),
        bad("host that begins with localhost", "http://localhost.evil.example/cb", loopback),
        bad("host that ends with localhost", "http://evil-localhost/cb", loopback),
        bad("fragment", CALLBACK + "#top", "must have no fragment"),
        bad("empty fragment", CALLBACK + "#", "must have no fragment"),
        bad("wildcard host", "https://*.example.com/cb", 'must have no "*"'),
        bad("wildcard path", "https://app.example.com/*", 'must have no "*"'),
        bad("user info", "https://user:pass@app.example.com/cb", "must have no user info"),
        bad("user info that looks like loopback", "http://localhost@127.0.0.1/cb", "must have no user info"),
        bad("comma-joined list", f"{CALLBACK},https://b.example.com/cb", "one URI per item; split"),
        bad("space", "https://app.example.com/a b", "one URI per item, without spaces"),
        bad("line break", "https://app.example.com/a\n", "one URI per item, without spaces"),
        bad("not ASCII", "https://app.example.com/caf\u00e9", "one URI per item, without spaces"),
    ]


def web_page_rows(name):
    """clientUri, logoUri, policyUri and tosUri have the same rule."""
    def bad(what, uri):
        return refused(f"{name}: {what}", machine(**{name: uri}), f"spec.{name}", f"{name}: must be an absolute http")

    return [
        accepted(f"{name}: https", machine(**{name: "https://app.example.com/a?b=c#d"})),
        accepted(f"{name}: http", machine(**{name: "http://intranet/"})),
        bad("relative", "/page"),
        bad("another scheme", "ftp://app.example.com/"),
        bad("space", "https://app.example.com/a b"),
        bad("user info", "https://user@app.example.com/"),
    ]


def reserved_key_rows(name):
    reserved = ["kubernetes.io/service-account.name", "node.kubernetes.io/x", "a.b.kubernetes.io/x",
                "app.kubernetes.io/managed-by", "apiclient.dev/owner-uid", "argocd.argoproj.io/instance",
                "kustomize.toolkit.fluxcd.io/name", "toolkit.fluxcd.io/x", "helm.sh/resource-policy",
                "meta.helm.sh/release-name"]
    allowed = ["team", "example.com/team", "app.kubernetes.io/name", "app.kubernetes.io/part-of", "notkubernetes.io/x",
               "kubernetes.io", "reloader.stakater.com/match", "helm.sh", "A.b_c-9"]
    malformed = ["-team", "team-", "a/b/c", "Example.com/x", "/x", "x/", "a b", "x" * 64]
    return ([accepted(f"{name}: {key}", secret(**{name: {key: "x"}})) for key in allowed]
            + [refused(f"{name}: reserved {key}", secret(**{name: {key: "x"}}), f"spec.secret.{name}",
                       f"secret.{name}: reserved key") for key in reserved]
            + [refused(f"{name}: malformed {key}", secret(**{name: {key: "x"}}), f"spec.secret.{name}",
                       f"secret.{name}: not a valid") for key in malformed])


def object_name_rows(what, spec_with, field, message):
    return ([accepted(f"{what}: {name}", spec_with(name)) for name in ("a", "billing-oauth", "a.b-c.9", "x" * 63)]
            + [refused(f"{what}: {name}", spec_with(name), field, message)
               for name in ("Billing", "a_b", "-a", "a-", "a..b", "a/b", ".")])


NAME_ROWS = [
    accepted("smallest", machine()),
    accepted("everything", EVERYTHING),
    accepted("name: 63 characters", machine(), object_name="n" * 63),
    accepted("name: with a dot, clientId given", machine(clientId="a-b"), object_name="a.b"),
    refused("name: 64 characters", machine(), "metadata.name", "metadata.name: longer than 63 characters", object_name="n" * 64),
    refused("name: 64 characters, clientId given", machine(clientId="a"), "metadata.name", "metadata.name: longer than 63",
            object_name="n" * 64),
    refused("name: no client id", machine(), "metadata.name", "metadata.name: serves as client id", object_name="a.b"),
    refused("displayName: missing", {"type": "Machine"}, "spec.displayName", "Required value"),
    accepted("displayName: any language", machine(displayName="Zählerstände \u2013 請求書")),
    accepted("displayName: 128 characters", machine(displayName="\u00e4" * 128)),
    refused("displayName: tab", machine(displayName="a\tb"), "spec.displayName", "displayName: contains a control"),
    refused("displayName: line break", machine(displayName="a\n"), "spec.displayName", "displayName: contains a control"),
    refused("displayName: C1 control", machine(displayName="a\u0085b"), "spec.displayName", "contains a control"),
    *[accepted(f"clientId: {value}", machine(clientId=value)) for value in ("a", "9", "a-b", "a--b", "a" * 63)],
    *[refused(f"clientId: {value}", machine(clientId=value), "spec.clientId", "clientId: may hold only")
      for value in ("A", "a_b", "-a", "a-", "a.b", "a b", "\u00e4")],
]

TYPE_ROWS = [
    accepted("type: Machine", machine(type="Machine")),
    accepted("type: Web", WEB),
    accepted("type: Public", PUBLIC),
    refused("type: unknown", machine(type="Spa"), "spec.type", 'Unsupported value: "Spa"'),
    accepted("Machine: empty lists", machine(redirectUris=[], postLogoutRedirectUris=[], allowedCorsOrigins=[])),
    refused("Machine: redirectUris", machine(redirectUris=[CALLBACK]), "spec.redirectUris",
            "redirectUris: a Machine client"),
    refused("Machine by name: redirectUris", machine(type="Machine", redirectUris=[CALLBACK]), "spec.redirectUris",
            "redirectUris: a Machine client"),
    refused("Machine: postLogoutRedirectUris", machine(postLogoutRedirectUris=[CALLBACK]), "spec.postLogoutRedirectUris",
            "postLogoutRedirectUris: a Machine client"),
    refused("Machine: allowedCorsOrigins", machine(allowedCorsOrigins=["https://a.example"]), "spec.allowedCorsOrigins",
            "allowedCorsOrigins: a Machine client"),
    refused("Machine: requireConsent", machine(requireConsent=False), "spec.requireConsent",
            "requireConsent: a Machine client"),
    accepted("Web: requireConsent", web(requireConsent=True)),
    accepted("Public: requireConsent", public(requireConsent=False)),
    accepted("Machine: its grants", machine(grantTypes=["client_credentials", GRANT + "token-exchange",
                                                        GRANT + "jwt-bearer"])),
    *[refused(f"Machine: {grant}", machine(grantTypes=["client_credentials", grant]), "spec.grantTypes",
              "grantTypes: authorization_code, implicit and device_code act for a user")
      for grant in ("authorization_code", "implicit", GRANT + "device_code")],
    refused("Machine: idToken", lifetimes(idToken="1h"), "spec.tokenLifetimes.idToken",
            "tokenLifetimes.idToken: a Machine client"),
    accepted("Public: none", public(tokenEndpointAuthMethod="none")),
    *[refused(f"Public: {method}", public(tokenEndpointAuthMethod=method), "spec.tokenEndpointAuthMethod",
              "tokenEndpointAuthMethod: a Public client has no secret")
      for method in ("client_secret_basic", "client_secret_post")],
    refused("Machine: none", machine(tokenEndpointAuthMethod="none"), "spec.tokenEndpointAuthMethod",
            "tokenEndpointAuthMethod: none is for type Public only"),
    refused("Web: none", web(tokenEndpointAuthMethod="none"), "spec.tokenEndpointAuthMethod",
            "tokenEndpointAuthMethod: none is for type Public only"),
    refused("Public: client_credentials", public(grantTypes=["authorization_code", "client_credentials"]),
            "spec.grantTypes", "grantTypes: client_credentials needs a secret"),
    accepted("Web: client_credentials beside log-in", web(grantTypes=["authorization_code", "client_credentials"])),
    refused("Public: rotation", public(rotation={"interval": "30d"}), "spec.rotation", "rotation: a Public client"),
    refused("Web: no redirectUris", {**DISPLAY_NAME, "type": "Web"}, "spec.redirectUris", "need at least one redirect URI"),
    refused("Public: empty redirectUris", public(redirectUris=[]), "spec.redirectUris", "need at least one redirect URI"),
    refused("Web: implicit without redirectUris", {**DISPLAY_NAME, "type": "Web", "grantTypes": ["implicit"]},
            "spec.redirectUris", "need at least one redirect URI"),
    accepted("Public: device flow without redirectUris",
             {**DISPLAY_NAME, "type": "Public", "grantTypes": [GRANT + "device_code", "refresh_token"]}),
    accepted("Web: all grants", web(grantTypes=["client_credentials", "authorization_code", "refresh_token", "implicit",
                                                GRANT + "device_code", GRANT + "token-exchange", GRANT + "jwt-bearer"])),
    refused("grantTypes: password", machine(grantTypes=["password"]), "spec.grantTypes[0]", "Unsupported value"),
    refused("grantTypes: empty", machine(grantTypes=[]), "spec.grantTypes", "should have at least 1 items"),
    refused("grantTypes: twice", machine(grantTypes=["client_credentials"] * 2), "spec.grantTypes[1]", "Duplicate value"),
    accepted("Web: refreshToken by default grants", lifetimes(web, refreshToken="14d")),
    accepted("Public: refreshToken with its grant",
             public(grantTypes=["authorization_code", "refresh_token"], tokenLifetimes={"refreshToken": "1d"})),
    *[refused(f"{name}: refreshToken without its grant", spec, "spec.tokenLifetimes.refreshToken",
              "tokenLifetimes.refreshToken: the client gets no refresh tokens") for name, spec in {
        "Machine": lifetimes(refreshToken="1d"), "Public": lifetimes(public, refreshToken="1d"),
        "Web": web(grantTypes=["authorization_code"], tokenLifetimes={"refreshToken": "1d"})}.items()],
]

KEY_ROWS = [
    accepted("private_key_jwt: jwks", JWT),
    accepted("private_key_jwt: all kinds of keys", jwt(jwks={"keys": [EC_KEY, RSA_KEY, OKP_KEY]})),
    accepted("private_key_jwt: jwksUri", machine(tokenEndpointAuthMethod="private_key_jwt",
                                                 jwksUri="https://app.example.com/jwks.json?v=1")),
    accepted("private_key_jwt: Web", web(tokenEndpointAuthMethod="private_key_jwt", jwksUri="http://[::1]:80/jwks")),
    *[refused(f"private_key_jwt: {what}", spec, "spec.tokenEndpointAuthMethod", "set exactly one of jwksUri and jwks")
      for what, spec in {"no keys": machine(tokenEndpointAuthMethod="private_key_jwt"),
                         "both": jwt(jwksUri="https://app.example.com/jwks.json")}.items()],
    refused("jwks: with a secret", machine(jwks={"keys": [EC_KEY]}), "spec.jwks", "jwks: only used with"),
    refused("jwksUri: with a secret", machine(tokenEndpointAuthMethod="client_secret_post", jwksUri="https://a.example/"),
            "spec.jwksUri", "jwksUri: only used with"),
    refused("private_key_jwt: rotation", jwt(rotation={"interval": "30d"}), "spec.rotation",
            "rotation: a private_key_jwt client"),
    *[refused(f"jwksUri: {what}", machine(tokenEndpointAuthMethod="private_key_jwt", jwksUri=uri), "spec.jwksUri",
              "jwksUri: must be an absolute https URL") for what, uri in {
        "plain http": "http://app.example.com/jwks", "relative": "/jwks", "fragment": "https://a.example/jwks#k",
        "user info": "https://user@a.example/jwks", "space": "https://a.example/a b",
        "host that begins like loopback": "http://127.0.0.1.evil.example/"}.items()],
    refused("jwks: no keys", jwt(jwks={}), "spec.jwks.keys", "Required value"),
    *[refused(f"jwks: private member {member}", jwt(jwks={"keys": [{**EC_KEY, member: "c2VjcmV0"}]}), "spec.jwks.keys[0]",
              "jwks.keys: a private key is written here") for member in ("d", "k")],
    *[refused(f"jwks: {key['kty']} without {member}",
              jwt(jwks={"keys": [{name: value for name, value in key.items() if name != member}]}), "spec.jwks.keys[0]",
              "jwks.keys: the public members are incomplete")
      for key, members in ((EC_KEY, ("crv", "x", "y")), (RSA_KEY, ("n", "e")), (OKP_KEY, ("crv", "x")))
      for member in members],
]

MEMBER_ROWS = [
    *[accepted(f"allowedCorsOrigins: {origin}", web(allowedCorsOrigins=[origin]))
      for origin in ("https://app.example.com", "http://localhost:3000", "http://[::1]:3000", "capacitor://localhost")],
    *[refused(f"allowedCorsOrigins: {what}", web(allowedCorsOrigins=[origin]), "spec.allowedCorsOrigins[0]",
              "allowedCorsOrigins: must be scheme, host and optional port") for what, origin in {
        "path": "https://app.example.com/a", "trailing slash": "https://app.example.com/", "no scheme": "app.example.com",
        "capitals": "https://App.example.com", "user info": "https://u@app.example.com", "null": "null",
        "query": "https://app.example.com?a", "bad port": "https://app.example.com:https",
        "two": "https://a.example,https://b.example", "space": "https://a.example https://b.example"}.items()],
    refused("allowedCorsOrigins: all", web(allowedCorsOrigins=["*"]), "spec.allowedCorsOrigins[0]", 'must have no "*"'),
    refused("allowedCorsOrigins: wildcard", web(allowedCorsOrigins=["https://*.example.com"]),
            "spec.allowedCorsOrigins[0]", 'must have no "*"'),
    accepted("scopes: all characters", machine(scopes=["a", "api:read/write", "https://a.example/b", "[x]^~!#"])),
    *[refused(f"scopes: {what}", machine(scopes=[scope]), "spec.scopes[0]", "scopes: one scope per item")
      for what, scope in {"joined by a space": "a b", "quote": 'a"b', "backslash": "a\\b", "not ASCII": "\u00e4"}.items()],
    refused("scopes: twice", machine(scopes=["a", "a"]), "spec.scopes[1]", "Duplicate value"),
    accepted("audiences", machine(audiences=["billing", "https://billing.example.com"])),
    *[refused(f"audiences: {what}", machine(audiences=[value]), "spec.audiences[0]", "audiences: one audience per item")
      for what, value in {"joined by a space": "a b", "not ASCII": "\u00e4"}.items()],
    *[accepted(f"tokenEndpointAuthMethod: {method}", machine(tokenEndpointAuthMethod=method))
      for method in ("client_secret_basic", "client_secret_post")],
    refused("tokenEndpointAuthMethod: unknown", machine(tokenEndpointAuthMethod="client_secret_jwt"),
            "spec.tokenEndpointAuthMethod", "Unsupported value"),
    accepted("contacts", machine(contacts=["a@example.com", "Billing team, room 4"])),
    refused("contacts: line break", machine(contacts=["a@example.com\nb@example.com"]), "spec.contacts[0]",
            "contacts: contains a control character"),
    accepted("registryRef: name only", machine(registryRef={"name": "production"})),
    accepted("registryRef: namespaced", machine(registryRef={"kind": "ClientRegistry", "name": "own"})),
    refused("registryRef: no name", machine(registryRef={"kind": "ClientRegistry"}), "spec.registryRef.name", "Required"),
    refused("registryRef: unknown kind", machine(registryRef={"kind": "Secret", "name": "x"}), "spec.registryRef.kind",
            "Unsupported value"),
    *[accepted(f"deletionPolicy: {policy}", machine(deletionPolicy=policy)) for policy in ("Delete", "Disable", "Retain")],
    refused("deletionPolicy: unknown", machine(deletionPolicy="Orphan"), "spec.deletionPolicy", "Unsupported value"),
    accepted("suspended: false", machine(suspended=False)),
    accepted("restartTargets: all kinds", machine(restartTargets=[
        {"kind": kind, "name": "a"} for kind in ("Deployment", "StatefulSet", "DaemonSet")])),
    refused("restartTargets: unknown kind", machine(restartTargets=[{"kind": "CronJob", "name": "a"}]),
            "spec.restartTargets[0].kind", "Unsupported value"),
    refused("restartTargets: twice", machine(restartTargets=[{"kind": "Deployment", "name": "a"}] * 2),
            "spec.restartTargets[1]", "Duplicate value"),
    accepted("adopt: client id with unusual characters", adopt(clientId="Legacy client/1")),
    refused("adopt: not printable", adopt(clientId="a\tb"), "spec.adopt.clientId", "adopt.clientId: contains a character"),
    accepted("adopt: default key", adopt(secretRef={"name": "legacy"})),
    refused("adopt: bad key", adopt(secretRef={"name": "legacy", "key": "a/b"}), "spec.adopt.secretRef.key",
            "adopt.secretRef.key: not a valid key"),
    *object_name_rows("registryRef.name", lambda name: machine(registryRef={"name": name}), "spec.registryRef.name",
                      "registryRef.name: not a valid object name"),
    *object_name_rows("restartTargets.name", lambda name: machine(restartTargets=[{"kind": "Deployment", "name": name}]),
                      "spec.restartTargets[0].name", "restartTargets.name: not a valid object name"),
    *object_name_rows("adopt.secretRef.name", lambda name: adopt(secretRef={"name": name}), "spec.adopt.secretRef.name",
                      "adopt.secretRef.name: not a valid name"),
]

DURATION_ROWS = [
    accepted("lifetimes: floor", lifetimes(web, accessToken="5m", refreshToken="5m", idToken="1m")),
    accepted("lifetimes: equal", lifetimes(web, accessToken="1h", refreshToken="60m")),
    refused("lifetimes: accessToken below 5m", lifetimes(accessToken="4m59s"), "spec.tokenLifetimes.accessToken",
            "tokenLifetimes.accessToken: shorter than 5m"),
    refused("lifetimes: refreshToken below accessToken", lifetimes(web, accessToken="1h", refreshToken="59m"),
            "spec.tokenLifetimes.refreshToken", "tokenLifetimes.refreshToken: shorter than the access token"),
    refused("lifetimes: refreshToken below 5m", lifetimes(web, refreshToken="1m"), "spec.tokenLifetimes.refreshToken",
            "tokenLifetimes.refreshToken: shorter than the access token"),
    refused("lifetimes: idToken below 1m", lifetimes(web, idToken="59s"), "spec.tokenLifetimes.idToken",
            "tokenLifetimes.idToken: shorter than 1m"),
    accepted("rotation: overlap only", rotation(overlap="0s")),
    accepted("rotation: overlap equals interval", rotation(interval="1w", overlap="7d")),
    accepted("rotation: shortest interval", rotation(interval="60s", overlap="1m", minAge="0s")),
    refused("rotation: interval below 1m", rotation(interval="59s"), "spec.rotation.interval",
            "rotation.interval: shorter than 1m"),
    refused("rotation: overlap above interval", rotation(interval="1d", overlap="25h"), "spec.rotation.overlap",
            "rotation.overlap: longer than rotation.interval"),
    accepted("window", window(timeZone="America/Argentina/Buenos_Aires")),
    accepted("window: without time zone", window(opens="*/15 0-5,22 1 JAN,feb 1-5")),
    refused("window: short", window(duration="59s"), "spec.rotation.windows[0].duration",
            "rotation.windows.duration: shorter than 1m"),
    *[refused(f"window: opens {what}", window(opens=text), "spec.rotation.windows[0].opens", "not a cron expression")
      for what, text in {"four fields": "10 12 * *", "six fields": "0 0 2 * * sun", "two spaces": "0  2 * * *",
                         "macro": "@midnight", "question mark": "0 2 ? * *"}.items()],
    *[refused(f"window: time zone {zone}", window(timeZone=zone), "spec.rotation.windows[0].timeZone",
              "rotation.windows.timeZone: not the name") for zone in ("+02:00", "Europe/", "/etc/passwd", "../UTC", "a b")],
]

SECRET_ROWS = [
    accepted("secret: empty", secret()),
    accepted("secret.type: the default by name", secret(type="servicebinding.io/oauth2")),
    *[refused(f"secret.type: {kind}", secret(type=kind), "spec.secret.type", "Unsupported value")
      for kind in ("kubernetes.io/service-account-token", "kubernetes.io/tls", "opaque")],
    *object_name_rows("secret.name", lambda name: secret(name=name), "spec.secret.name",
                      "secret.name: not a valid name of a Secret"),
    accepted("secret.keys: all", secret(keys={key: key.upper().replace("-", "_") for key in KEYS})),
    accepted("secret.keys: odd names", secret(keys={"client-id": ".a", "client-secret": "-._", "scope": "x" * 253})),
    *[refused(f"secret.keys: unknown {key}", secret(keys={key: "X"}), "spec.secret.keys", "secret.keys: unknown key")
      for key in ("clientId", "CLIENT_ID", "tls.key", "")],
    refused("secret.keys: one name twice", secret(keys={"client-id": "X", "client-secret": "X"}), "spec.secret.keys",
            "secret.keys: two entries have the same name"),
    *[refused(f"secret.keys: name {what}", secret(keys={"client-id": name}), "spec.secret.keys[client-id]",
              "secret.keys: not a valid key of a Secret")
      for what, name in {"slash": "a/b", "dot": ".", "dots": "..", "hidden": "..a", "space": "a b", "not ASCII": "\u00e4"}.items()],
    refused("secret.keys: one of ours", secret(keys={"client-id": "client-secret"}), "spec.secret.keys[client-id]",
            "secret.keys: the name on the right side"),
    *reserved_key_rows("labels"),
    *reserved_key_rows("annotations"),
    accepted("labels: values", secret(labels={"a": "", "b": "B-1_2.3", "c": "x" * 63})),
    *[refused(f"labels: value {what}", secret(labels={"a": value}), "spec.secret.labels[a]",
              "secret.labels: not a valid label value")
      for what, value in {"space": "a b", "leading dash": "-a", "trailing dot": "a.", "slash": "a/b"}.items()],
    accepted("annotations: any text", secret(annotations={"note": "any text, also \u00e4\n", "empty": ""})),
]

CHANGE_ROWS = [
    accepted("change: display name", machine(displayName="New name"), old=machine(), status=REGISTERED),
    accepted("change: clientId made explicit", machine(clientId="row"), old=machine()),
    accepted("change: clientId left out again", machine(), old=machine(clientId="row")),
    *[refused(f"change: clientId {what}", machine(**new), "spec.clientId", "spec.clientId: immutable", old=machine(**old))
      for what, old, new in (("changed", {"clientId": "a"}, {"clientId": "b"}), ("added", {}, {"clientId": "b"}),
                             ("removed", {"clientId": "a"}, {}))],
    accepted("change: type made explicit", machine(type="Machine"), old=machine()),
    accepted("change: type left out again", machine(), old=machine(type="Machine")),
    *[refused(f"change: type {what}", new, "spec.type", "type: immutable", old=old) for what, old, new in (
        ("changed", WEB, PUBLIC), ("added", machine(), WEB), ("removed", WEB, machine()))],
    accepted("change: secret.type made explicit", secret(type="servicebinding.io/oauth2"), old=machine()),
    accepted("change: secret left out again", machine(), old=secret(type="servicebinding.io/oauth2", name="a")),
    accepted("change: secret.name", secret(type="Opaque", name="b"), old=secret(type="Opaque", name="a")),
    *[refused(f"change: secret.type {what}", new, "spec.secret", "secret.type: immutable", old=old) for what, old, new in (
        ("changed", secret(type="Opaque"), secret(type="servicebinding.io/oauth2")), ("added", machine(), secret(type="Opaque")),
        ("added to a secret", secret(name="a"), secret(name="a", type="Opaque")),
        ("removed", secret(type="Opaque", name="a"), secret(name="a")), ("removed with secret", secret(type="Opaque"), machine()))],
    accepted("change: registryRef before registration", machine(registryRef={"name": "b"}),
             old=machine(registryRef={"name": "a"}), status={"observedGeneration": 1}),
    accepted("change: registryRef kept", machine(registryRef={"name": "a"}, suspended=True),
             old=machine(registryRef={"name": "a"}), status=REGISTERED),
    accepted("change: registryRef.kind made explicit", machine(registryRef={"name": "a", "kind": "ClusterClientRegistry"}),
             old=machine(registryRef={"name": "a"}), status=REGISTERED),
    *[refused(f"change: registryRef {what}", machine(**new), "spec.registryRef", "spec.registryRef: immutable once",
              old=machine(**old), status=REGISTERED) for what, old, new in (
        ("changed", {"registryRef": {"name": "a"}}, {"registryRef": {"name": "b"}}),
        ("of another kind", {"registryRef": {"name": "a"}}, {"registryRef": {"name": "a", "kind": "ClientRegistry"}}),
        ("added", {}, {"registryRef": {"name": "a"}}), ("removed", {"registryRef": {"name": "a"}}, {}))],
]

ROWS = [
    *NAME_ROWS, *TYPE_ROWS, *uri_rows("redirectUris"), *uri_rows("postLogoutRedirectUris"), *KEY_ROWS, *MEMBER_ROWS,
    *[row for name in ("clientUri", "logoUri", "policyUri", "tosUri") for row in web_page_rows(name)],
    *DURATION_ROWS, *SECRET_ROWS, *CHANGE_ROWS,
]


@pytest.fixture(scope="module")
def answers(api, namespace):
    return run_table(api, Kind("ApiClient", "apiclients", namespace), ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row(row, answers):
    check_row(row, answers[row.name])


def test_every_rule_has_a_refused_row(answers):
    seen = {cause["message"] for outcome in answers.values() for cause in causes_of(outcome.real)}
    untested = [rule["message"] for _, rule in schema.rules("apiclients")
                if not any(rule["message"] in message for message in seen)]
    assert untested == []


def test_every_rule_has_an_accepted_row():
    passing = [{"spec": row.spec} for row in ROWS if not row.refused]
    untested = [(".".join(at), rule["rule"]) for at, rule in schema.rules("apiclients")
                if not any(schema.present(value, at) for value in passing)]
    assert untested == []
