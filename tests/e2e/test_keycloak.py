"""What only Keycloak has: the real server, through the operator, from YAML only. What all kinds of registry have in
common is in tests/peers."""

import base64
import json
import secrets
import urllib.parse
from pathlib import Path

import pytest
import yaml
from crash_helpers import reconcile_again
from keycloak import OPERATOR, REALM, RIGHTS, Keycloak, members, worlds_of
from kstatus import conditions
from processes import wait_until
from registry import exchange, token_status
from rotation import revision, rotate, works
from secret_scanner import SecretScanner

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "keycloak.yaml"
REDIRECT = "https://shop.example.com/callback"
ROLES = {"allowedParameters": [{"name": "serviceAccountRoles", "values": ["viewer", "nobody-has-it"]}]}


@pytest.fixture(scope="module")
def server(plane):
    keycloak = Keycloak(plane, "keycloak").start()
    yield keycloak
    keycloak.stop()


@pytest.fixture
def keycloak_world(make_world, server):
    return worlds_of(server, make_world)


@pytest.fixture
def rights(server):
    """rights.grant(world, …) and rights.revoke(world, …): of the client of the operator, which has those of the docs
    again afterwards. Rights are in its access token, so it is made to fetch another one: by a touch of the Secret."""
    class Rights:
        @staticmethod
        def grant(world, *names):
            server.grant(OPERATOR, names)
            touch(world)

        @staticmethod
        def revoke(world, *names):
            server.revoke(OPERATOR, names)
            touch(world)

    def touch(world):
        world.patch_operator_secret(world.credentials_name, touched=secrets.token_hex(4))

    yield Rights
    server.revoke(OPERATOR, ("manage-users",))
    server.grant(OPERATOR, RIGHTS)


def assert_right(world, name):
    """The operator looks at everything once more, and writes nothing."""
    before = world.registered(name)
    client = reconcile_again(world, name)
    assert world.registered(name) == before, "a client that is right was written"
    return client


def claims(world, name, scope=None):
    """What is in an access token that was got with the published Secret."""
    secret = world.secret(name)
    form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
    pair = f"{secret.text('client-id')}:{secret.reveal('client-secret')}"  # nothing in it that a form would encode
    status, body = exchange("POST", secret.text("token-uri"), urllib.parse.urlencode(form), {
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": "Basic " + base64.b64encode(pair.encode()).decode()})
    assert status == 200, f"the token endpoint answers {status}"
    payload = body["access_token"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


POST = {"tokenEndpointAuthMethod": "client_secret_post"}
WEB = {"type": "Web", "redirectUris": [REDIRECT, "https://a.example.com/cb"], "scopes": ["read"],
       "postLogoutRedirectUris": ["https://shop.example.com/bye", "https://shop.example.com/out"],
       "allowedCorsOrigins": ["https://shop.example.com"], "requireConsent": True,
       "tokenLifetimes": {"accessToken": "15m", "refreshToken": "20m"}, "contacts": ["shop@example.com"],
       "clientUri": "https://shop.example.com", "tosUri": "https://shop.example.com/t",
       "logoUri": "https://shop.example.com/l.png", "policyUri": "https://shop.example.com/p"}
KEYS = {"keys": [{"kty": "EC", "crv": "P-256", "kid": "2026-01", "use": "sig", "alg": "ES256", "key_ops": ["verify"],
                  "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
                  "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}
GRANT = "urn:ietf:params:oauth:grant-type:"


def test_what_the_registry_says_of_itself(keycloak_world):
    world = keycloak_world()
    status = world.wait_registry("Reachable")["status"]
    assert status["backend"] == "keycloak"
    assert status["capabilities"]["maxSecrets"] == 1 and status["capabilities"]["disable"]


@pytest.mark.parametrize("spec", [
    WEB,
    {**WEB, "grantTypes": ["authorization_code", "implicit", f"{GRANT}device_code", f"{GRANT}token-exchange"],
     "tokenLifetimes": None,
     "registryParameters": {"frontchannelLogout": True, "backchannel.logout.url": "https://shop.example.com/back"}},
    {"type": "Public", "redirectUris": ["http://127.0.0.1/callback"]},
    {"tokenEndpointAuthMethod": "private_key_jwt", "jwks": KEYS},
    {**POST, "audiences": ["https://api.example.com", "urn:other"],
     "grantTypes": ["client_credentials", f"{GRANT}jwt-bearer"]},
], ids=["web", "grants-and-parameters", "public", "jwks", "post-and-audiences"])
def test_every_kind_of_client_is_made_once_and_is_then_right(keycloak_world, spec):
    world = keycloak_world(allowedAudiences=["*"], allowedParameters=[{"name": "frontchannelLogout"},
                                                                      {"name": "backchannel.logout.url"}],
                           allowedGrantTypes=["client_credentials", "authorization_code", "refresh_token", "implicit",
                                              f"{GRANT}device_code", f"{GRANT}token-exchange", f"{GRANT}jwt-bearer"])
    world.create_ready("one", **spec)
    assert_right(world, "one")
    registered = world.registered("one")
    assert not registered["directAccessGrantsEnabled"] and not registered["fullScopeAllowed"]
    if "allowedCorsOrigins" in spec:
        assert registered["webOrigins"] == ["https://shop.example.com"]
        assert registered["attributes"]["post.logout.redirect.uris"] == (
            "https://shop.example.com/bye##https://shop.example.com/out")
    if spec.get("type") == "Public":
        assert registered["attributes"]["pkce.code.challenge.method"] == "S256"


def test_scopes_are_optional_and_those_of_others_stay(keycloak_world, server):
    world = keycloak_world()
    world.create_ready("one", scopes=["read"])
    client_id = world.client_id("one")
    assert server.optional_scopes(client_id) == ["read"]
    assert "read" not in claims(world, "one")["scope"] and "read" in claims(world, "one", scope="read")["scope"]
    server.must("PUT", server.scope_path(client_id, "invoices.read"))
    world.patch("one", {"spec": {"scopes": ["write"]}})
    world.wait_ready("one")
    assert server.optional_scopes(client_id) == ["invoices.read", "write"]
    server.must("DELETE", server.scope_path(client_id, "write"))
    reconcile_again(world, "one")
    assert server.optional_scopes(client_id) == ["invoices.read", "write"], "what is missing is put right"
    assert_right(world, "one")


def test_a_scope_that_the_realm_does_not_have_is_named(keycloak_world):
    world = keycloak_world()
    world.create("one", scopes=["read", "unheard-of"])
    message = conditions(world.wait_condition("one", "Stalled", "True", "RefusedByRegistry"))["Stalled"]["message"]
    assert "unheard-of" in message and "spec.scopes" in message and world.registered("one") is None
    world.patch("one", {"spec": {"scopes": ["read"]}})
    world.wait_ready("one")


def test_audiences_are_in_the_token(keycloak_world):
    world = keycloak_world(allowedAudiences=["*"])
    world.create_ready("one", audiences=["https://api.example.com"])
    assert claims(world, "one")["aud"] == "https://api.example.com"
    world.patch("one", {"spec": {"audiences": ["https://other.example.com"]}})
    world.wait_ready("one")
    assert claims(world, "one")["aud"] == "https://other.example.com"
    assert_right(world, "one")


def test_a_lifetime_of_the_token(keycloak_world):
    world = keycloak_world()
    world.create_ready("one", tokenLifetimes={"accessToken": "7m"})
    token = claims(world, "one")
    assert token["exp"] - token["iat"] == 420
    world.create("two", type="Web", redirectUris=[REDIRECT], tokenLifetimes={"accessToken": "7m", "idToken": "9m"})
    client = world.wait_condition("two", "Stalled", "True", "RefusedByRegistry")
    assert "tokenLifetimes.idToken" in conditions(client)["Stalled"]["message"]


def test_roles_of_a_service_account(keycloak_world, server, rights):
    world = keycloak_world(**ROLES)
    rights.grant(world, "manage-users")
    world.create_ready("one", registryParameters={"serviceAccountRoles": ["viewer"]})
    assert "viewer" in claims(world, "one")["realm_access"]["roles"]
    assert_right(world, "one")
    world.patch("one", {"spec": {"registryParameters": None}})
    world.wait_ready("one")
    assert "viewer" not in server.roles_of(world.client_id("one"))
    assert "realm_access" not in claims(world, "one")
    assert_right(world, "one")


def test_a_role_that_cannot_be_given(keycloak_world, rights):
    world = keycloak_world(**ROLES)
    world.create("one", registryParameters={"serviceAccountRoles": ["viewer"]})
    client = world.wait_condition("one", "Stalled", "True", "RefusedByRegistry")
    assert "manage-users" in conditions(client)["Stalled"]["message"] and world.secret("one") is None
    rights.grant(world, "manage-users")
    world.wait_ready("one", 90)
    world.create("two", registryParameters={"serviceAccountRoles": ["nobody-has-it"]})
    client = world.wait_condition("two", "Stalled", "True", "RefusedByRegistry")
    assert "nobody-has-it" in conditions(client)["Stalled"]["message"]
    world.create("three", registryParameters={"serviceAccountRoles": ["admin"]})
    world.wait_condition("three", "Stalled", "True", "ParameterNotAllowed")
    for name in ("one", "two"):
        world.delete_and_wait(name)
        assert world.registered(name) is None


def test_a_missing_right_to_view_is_not_absent(keycloak_world, rights):
    world = keycloak_world()
    world.create_ready("one")
    before, registered = world.secret("one"), world.registered("one")
    rights.revoke(world, "view-clients", "manage-clients")
    registry = world.wait_registry("CredentialsRefused", seconds=60)
    assert "view-clients" in conditions(registry)["Ready"]["message"]
    world.delete("one")
    client = world.wait_condition("one", "DeletionBlocked", "True", "CredentialsRefused", seconds=60)
    assert client and world.registered("one") == registered and works(before), "it was not taken for deleted"
    rights.grant(world, *RIGHTS)
    world.wait_gone("one", 90)
    assert world.registered("one") is None


def test_drift_is_healed_and_authorization_services_stay(keycloak_world, server):
    world = keycloak_world()
    world.create_ready("one", **{**WEB, "grantTypes": ["authorization_code", "client_credentials"],
                                 "tokenLifetimes": {"accessToken": "15m"}})
    client_id = world.client_id("one")
    server.change(client_id, authorizationServicesEnabled=True)
    server.change(client_id, authorizationServicesEnabled=True, directAccessGrantsEnabled=True, fullScopeAllowed=True,
                  redirectUris=["https://evil.example.com/cb"], attributes={"post.logout.redirect.uris": "+"})
    reconcile_again(world, "one")
    healed = world.registered("one")
    assert healed["redirectUris"] and "https://evil.example.com/cb" not in healed["redirectUris"]
    assert not healed["directAccessGrantsEnabled"] and not healed["fullScopeAllowed"]
    assert healed["attributes"]["post.logout.redirect.uris"].startswith("https://shop.example.com/bye")
    assert healed["authorizationServicesEnabled"] and works(world.secret("one"))
    assert_right(world, "one")


def test_a_login_that_is_refused(keycloak_world):
    world = keycloak_world()
    world.wait_registry("Reachable")
    world.patch_operator_secret(world.credentials_name, **{"client-secret": secrets.token_urlsafe(32)})
    world.wait_registry("CredentialsRefused", seconds=60)
    world.patch_operator_secret(world.credentials_name, **{"client-secret": world.registry.client_secret})
    world.wait_registry("Reachable", seconds=60)


def test_rotation_in_place(keycloak_world):
    world = keycloak_world(allowInPlaceRotation=True)
    world.create_ready("one")
    old, registered = world.secret("one"), world.registered("one")
    client = rotate(world, "one", "r1")
    assert client["status"]["rotation"]["strategy"] == "InPlace" and "previous" not in client["status"]
    assert works(world.secret("one")) and token_status(old) == 401
    after = world.registered("one")
    for one in (registered, after):
        del one["attributes"]
    assert after == registered, "nothing but the secret has changed"
    assert_right(world, "one")


def test_no_secret_is_in_the_log(keycloak_world, controller, monkeypatch, server):
    monkeypatch.setenv("APICLIENT_LOG_LEVEL", "trace")
    controller.stop()
    controller.start()
    world, scanner = keycloak_world(allowInPlaceRotation=True), SecretScanner()
    scanner.add("the operator's own", server.client_secret)
    begin = controller.log.stat().st_size
    world.create_ready("one")
    scanner.add("first secret", world.secret("one").reveal("client-secret"))
    rotate(world, "one", "r1")
    scanner.add("second secret", world.secret("one").reveal("client-secret"))
    world.create("refused", clientUri="https://shop.example.com", scopes=["unheard-of"])
    client = world.wait_condition("refused", "Stalled", "True", "RefusedByRegistry")
    scanner.add("staged secret", world.staged(client["metadata"]["uid"]).reveal("value"))
    for name in ("one", "refused"):
        world.delete_and_wait(name)
    text = controller.log.read_bytes()[begin:]
    assert f"{world.namespace}/one".encode() in text, "the log tells nothing of what was done"
    assert scanner.find("the operator's log", text) == []
    controller.stop()


def test_the_example(keycloak_world, tmp_path):
    world = keycloak_world()
    documents = list(yaml.safe_load_all(EXAMPLE.read_text()))
    registry, = (one for one in documents if one["kind"] == "ClusterClientRegistry")
    client, = (one for one in documents if one["kind"] == "ApiClient")
    # As it is, but for the address and the name of the Secret.
    registry["spec"].update({key: value for key, value in members(world.registry.url, world.credentials_name).items()
                             if value is not None})
    assert registry["spec"]["keycloak"]["realm"] == REALM
    file = tmp_path / "keycloak.yaml"
    file.write_text(yaml.safe_dump_all(documents))
    world.registry_names.append(registry["metadata"]["name"])
    world.plane.kubectl("-n", world.namespace, "apply", "-f", file)
    name = client["metadata"]["name"]
    world.wait_ready(name)
    assert "invoices.read" in claims(world, name, scope="invoices.read")["scope"]
    assert revision(rotate(world, name, "r1")) == 2, "it agrees to rotation in place"
    wait_until(lambda: works(world.secret(name)), 20, "the new secret works")
    assert "unchanged" in world.plane.kubectl("-n", world.namespace, "apply", "-f", file)
