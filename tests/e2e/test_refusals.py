"""What an ApiClient or a registry asks for in vain: a mistake in the object itself stalls it and names the field."""

import pytest

from kstatus import conditions

REDIRECT = "https://app.example.com/callback"


def stalled(find, reason):
    """The message, once the object says that a person must act."""
    found = conditions(find)
    assert found["Stalled"]["reason"] == found["Ready"]["reason"] == reason
    assert found["Ready"]["status"] == "False" and "Reconciling" not in found
    return found["Stalled"]["message"]


def refused(world, name, reason, **spec):
    world.create(name, **spec)
    message = stalled(world.wait_condition(name, "Stalled", "True", reason), reason)
    assert world.secret(name) is None and world.registered(name) is None, "nothing is made for a refused client"
    return message


def test_a_namespaced_registry_is_said_to_be_off(world):
    message = refused(world, "one", "NamespacedRegistriesDisabled", registryRef={"kind": "ClientRegistry", "name": "mine"})
    assert "spec.registryRef" in message and "--allow-namespaced-registries" in message


@pytest.mark.parametrize("reason, spec, registry, culprit", [
    ("GrantTypeNotAllowed",
     {"type": "Web", "redirectUris": [REDIRECT], "grantTypes": ["authorization_code", "implicit"]}, {}, "implicit"),
    ("GrantTypeNotAllowed", {}, {"allowedGrantTypes": ["authorization_code"]}, "client_credentials"),
    ("ScopeNotAllowed", {"scopes": ["read", "admin"]}, {"allowedScopes": ["read"]}, "admin"),
    ("ScopeNotAllowed", {"scopes": ["read"]}, {}, "read"),
    ("AudienceNotAllowed", {"audiences": ["https://a.example.com"]}, {}, "https://a.example.com"),
    ("ParameterNotAllowed", {"registryParameters": {"color": "blue"}}, {}, "color"),
    ("ParameterNotAllowed", {"registryParameters": {"roles": "admin"}},
     {"allowedParameters": [{"name": "roles", "values": ["viewer"]}]}, "roles"),
], ids=["implicit", "grant", "scope", "scope-without-list", "audience", "parameter", "parameter-value"])
def test_what_the_registry_does_not_allow(make_world, reason, spec, registry, culprit):
    world = make_world(**registry)
    message = refused(world, "one", reason, **spec)
    field = {"GrantTypeNotAllowed": "spec.grantTypes", "ScopeNotAllowed": "spec.scopes",
             "AudienceNotAllowed": "spec.audiences", "ParameterNotAllowed": "spec.registryParameters"}[reason]
    assert field in message and culprit in message and world.registry_name in message


def test_when_the_registry_allows_it_the_client_goes_on(world):
    refused(world, "one", "ScopeNotAllowed", scopes=["read"])
    world.patch_registry({"spec": {"allowedScopes": ["*"]}})
    world.wait_ready("one")
    assert world.registered("one")["scope"] == "read"


def test_default_scopes_and_allowed_values(make_world):
    world = make_world(defaultScopes=["basic"], allowedScopes=["read"], allowedAudiences=["https://a.example.com"],
                       allowedParameters=[{"name": "roles", "values": ["viewer"]}])
    world.create_ready("plain")
    world.create_ready("full", scopes=["basic", "read"], audiences=["https://a.example.com"],
                       registryParameters={"roles": "viewer"})
    assert world.registered("plain")["scope"] == "basic"
    full = world.registered("full")
    assert (full["scope"], full["audience"], full["parameters"]) == (
        "basic read", ["https://a.example.com"], {"roles": "viewer"})


def test_a_refused_change_leaves_the_working_client_as_it_was(make_world):
    world = make_world(allowedScopes=["read"])
    world.create_ready("one", scopes=["read"])
    secret, registered = world.secret("one"), world.registered("one")
    world.patch("one", {"spec": {"scopes": ["read", "admin"]}})
    stalled(world.wait_condition("one", "Stalled", "True", "ScopeNotAllowed"), "ScopeNotAllowed")
    assert world.secret("one").resource_version == secret.resource_version
    assert world.registered("one")["etag"] == registered["etag"]
    assert world.token("one") == 200
    world.patch("one", {"spec": {"scopes": ["read"]}})
    world.wait_ready("one")
