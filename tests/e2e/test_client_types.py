"""Web, Public and private_key_jwt clients, whose Secrets and grants differ."""

import pytest

REDIRECT = "https://app.example.com/callback"
JWKS = {"keys": [{"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "one",
                  "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                  "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}


def test_web(world):
    client = world.create_ready("shop", type="Web", redirectUris=[REDIRECT], requireConsent=False,
                                postLogoutRedirectUris=["https://app.example.com/bye"],
                                allowedCorsOrigins=["https://app.example.com"],
                                tokenLifetimes={"accessToken": "10m", "refreshToken": "1h"})
    registered = world.registered("shop")
    assert client["status"]["effective"]["grantTypes"] == ["authorization_code", "refresh_token"]
    assert (registered["type"], registered["redirect_uris"]) == ("web", [REDIRECT])
    assert registered["grant_types"] == ["authorization_code", "refresh_token"]
    assert registered["require_consent"] is False
    assert registered["access_token_lifetime_seconds"] == 600 and registered["refresh_token_lifetime_seconds"] == 3600
    assert "client-secret" in world.secret("shop").keys
    # It may not use the client_credentials grant, but it is let in so far: the secret is right.
    assert world.token("shop") == 400
    other = "https://app.example.com/other"
    world.patch("shop", {"spec": {"redirectUris": [REDIRECT, other]}})
    world.wait_ready("shop")
    assert sorted(world.registered("shop")["redirect_uris"]) == sorted([REDIRECT, other])


def test_public_has_a_secret_object_without_a_secret(world):
    client = world.create_ready("phone", type="Public", redirectUris=["com.example.phone:/callback"])
    secret = world.secret("phone")
    assert "client-secret" not in secret.keys
    assert secret.text("client-id") == world.client_id("phone")
    assert secret.text("client-authentication-method") == "none"
    assert world.registered("phone")["secrets"] == []
    assert "credential" not in client["status"]
    assert "inProgress" not in client["status"].get("rotation", {})
    world.delete_and_wait("phone")
    assert world.registered("phone") is None and world.secret("phone") is None


@pytest.mark.parametrize("key", [{"jwks": JWKS}, {"jwksUri": "https://app.example.com/jwks.json"}],
                         ids=["jwks", "jwksUri"])
def test_private_key_jwt_is_issued_no_secret(world, key):
    client = world.create_ready("signer", tokenEndpointAuthMethod="private_key_jwt", **key)
    registered = world.registered("signer")
    assert registered["secrets"] == [] and registered["token_endpoint_auth_method"] == "private_key_jwt"
    assert registered.get("jwks") == key.get("jwks") and registered.get("jwks_uri") == key.get("jwksUri")
    assert "client-secret" not in world.secret("signer").keys
    assert "credential" not in client["status"]


def test_a_lost_secret_of_a_public_client_is_written_again(world):
    world.create_ready("phone", type="Public", redirectUris=[REDIRECT])
    before = world.secret("phone")
    world.delete_secret("phone")
    after = world.wait_secret("phone")
    assert after.uid != before.uid and after.keys == before.keys
