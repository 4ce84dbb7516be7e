"""What one test has for itself: a namespace, a registry process, a ClusterClientRegistry with its credentials."""

import base64
import contextlib
import itertools
import json

from api_clients import API, client_path
from controlplane import OPERATOR_NAMESPACE
from kstatus import conditions
from kubeapi import path
from processes import Failed, wait_until
from registry import Registry, token_status
from secret_view import SecretView

FINALIZER = "apiclient.dev/registry-cleanup"
_WITHIN = 30.0
_serial = itertools.count(1)


class World:
    """Objects are named without their namespace. `registry_spec` overrides members of the ClusterClientRegistry's spec;
    a member that is None is left out. `issuer`: what the registry calls itself, where that is not its own address."""

    registry_kind = "ClusterClientRegistry"

    def __init__(self, plane, api, audit, controller, registry_spec=None, issuer=None):
        self.plane, self.api, self.audit, self.controller = plane, api, audit, controller
        self.namespace = f"e2e-{next(_serial)}"
        self.registry_name = self.credentials_name = self.namespace
        self.registry_names = [self.registry_name]  # every ClusterClientRegistry that goes with this world
        self.registry = Registry(plane, f"registry-{self.namespace}")
        self._registry_spec = registry_spec or {}
        self._issuer = issuer or self.registry.issuer

    def open(self):
        self._start_registry()
        self.must(self.api.post(path("v1", "namespaces"), {"metadata": {"name": self.namespace}}))
        self.create_credentials()
        self.create_registry(**self._registry_spec)
        return self

    def close(self):
        """Takes everything away, whatever state the test left it in."""
        if self.plane.processes.state(self.registry.name) == "paused":
            self.registry.resume()
        clients = self.api.get(self._clients()).body["items"]
        for client in clients:
            self._abandon(client)
        for client in clients:
            self._see_gone(client["metadata"]["name"])
        self.api.delete(path("v1", "namespaces", name=self.namespace))
        for name in self.registry_names:
            self.api.delete(self.registry_path(name))
        self.api.delete(path("v1", "secrets", self.credentials_namespace, self.credentials_name))
        self._stop_registry()

    # Registry objects

    def registry_path(self, name=None):
        """Of all registries, or of one."""
        return path(API, "clusterclientregistries", name=name)

    def registry_ref(self, name=None):
        return {"kind": self.registry_kind, "name": name or self.registry_name}

    @property
    def credentials_namespace(self):
        return OPERATOR_NAMESPACE

    def create_registry(self, name=None, default=False, **spec):
        """A ClusterClientRegistry for our registry process, or what `spec` makes of it."""
        return self.must(self.api.post(self.registry_path(), self.registry_manifest(name, default, **spec)))

    def registry_manifest(self, name=None, default=False, **spec):
        """The same, for somebody else to create. It goes with the world."""
        name = name or self.registry_name
        whole = {"embedded": {"adminUrl": self.registry.admin_url}, "issuer": self._issuer, "tenant": "acme",
                 "auth": {"bearer": {"secretRef": {"name": self.credentials_name, "key": "token"}}}, **spec}
        manifest = {"apiVersion": API, "kind": self.registry_kind, "metadata": {"name": name},
                    "spec": {key: value for key, value in whole.items() if value is not None}}
        if default:
            manifest["metadata"]["annotations"] = {"apiclient.dev/is-default-registry": "true"}
        if name not in self.registry_names:
            self.registry_names.append(name)
        return manifest

    def registry_object(self, name=None):
        return self.must(self.api.get(self.registry_path(name or self.registry_name)))

    def patch_registry(self, patch, name=None):
        """Where the operator runs, returns when it goes by what was patched."""
        where = self.registry_path(name or self.registry_name)
        patched = self.must(self.api.merge_patch(where, patch))
        if self.controller.state() == "running":
            self._wait_observed(patched["metadata"]["generation"], name)
        return patched

    def take_registry_away(self, name=None):
        """Deletes the object although it is in use: by force, as somebody does who takes its finalizer off."""
        where = self.registry_path(name or self.registry_name)
        self.must(self.api.delete(where))
        self.api.merge_patch(where, {"metadata": {"finalizers": []}})

    def _start_registry(self):
        self.registry.start(self._issuer)

    def _stop_registry(self):
        self.registry.stop(grace=2)

    def _wait_observed(self, generation, name):
        """ApiClients are judged by a new spec before the registry's status says that it was seen."""
        def observed():
            status = self.registry_object(name).get("status", {})
            return status.get("conditions") and status["observedGeneration"] >= generation

        wait_until(observed, _WITHIN, f"generation {generation} of the registry is observed", interval=0.02)

    def wait_registry(self, reason, name=None, seconds=_WITHIN):
        """Until Ready of the registry has this reason; returns the object."""
        return self._wait(lambda: self.registry_object(name), "Ready", None, reason, seconds)

    def create_credentials(self, name=None, labelled=True, key="token", token=None):
        manifest = {"metadata": {"name": name or self.credentials_name,
                                 "labels": {"apiclient.dev/usable-by": "registry"} if labelled else {}},
                    "data": {key: base64.b64encode((token or self.registry.admin_token).encode()).decode()}}
        return self.must(self.api.post(path("v1", "secrets", self.credentials_namespace), manifest))["metadata"]

    def create_operator_secret(self, name, **data):
        """A Secret that registries may use, in the operator's namespace; gone with the control plane."""
        manifest = {"metadata": {"name": name, "labels": {"apiclient.dev/usable-by": "registry"}},
                    "data": _encoded(data)}
        return self.must(self.api.post(path("v1", "secrets", OPERATOR_NAMESPACE), manifest))

    def patch_operator_secret(self, name, **data):
        self.must(self.api.merge_patch(path("v1", "secrets", OPERATOR_NAMESPACE, name), {"data": _encoded(data)}))

    # ApiClients

    def manifest(self, name, **spec):
        """With displayName and registryRef unless `spec` says otherwise; a member that is None is left out."""
        whole = {"displayName": f"Client {name}", "registryRef": self.registry_ref(), **spec}
        return {"apiVersion": API, "kind": "ApiClient", "metadata": {"name": name, "namespace": self.namespace},
                "spec": {key: value for key, value in whole.items() if value is not None}}

    def create(self, name, **spec):
        return self.must(self.api.post(self._clients(), self.manifest(name, **spec)))

    def create_ready(self, name, **spec):
        self.create(name, **spec)
        return self.wait_ready(name)

    def client(self, name):
        """The live object, or None."""
        return self._find(self._client(name))

    def patch(self, name, patch):
        return self.must(self.api.merge_patch(self._client(name), patch))

    def annotate(self, name, annotation, value):
        return self.patch(name, {"metadata": {"annotations": {f"apiclient.dev/{annotation}": value}}})

    def delete(self, name):
        """Begins the deletion."""
        self.must(self.api.delete(self._client(name)))

    def delete_and_wait(self, name, seconds=_WITHIN):
        self.delete(name)
        self.wait_gone(name, seconds)

    def wait_gone(self, name, seconds=_WITHIN):
        wait_until(lambda: self.client(name) is None, seconds, f"ApiClient {name} is gone", interval=0.02)

    def wait_ready(self, name, seconds=_WITHIN):
        """Until Ready is True for the present generation; returns the object."""
        return self.wait_condition(name, "Ready", "True", seconds=seconds)

    def wait_condition(self, name, type, status=None, reason=None, seconds=_WITHIN):
        """Until the condition is of the present generation and as given; returns the object."""
        return self._wait(lambda: self.client(name), type, status, reason, seconds)

    def client_id(self, name):
        """As the default template of a registry with a tenant renders it."""
        return f"acme_{self.namespace}_{name}"

    def registered(self, name):
        """The client in the registry, or None."""
        return self.registry.client(self.client_id(name))

    # Secrets

    def secret(self, name, namespace=None):
        """A SecretView, or None."""
        found = self._find(path("v1", "secrets", namespace or self.namespace, name))
        return SecretView(found) if found else None

    def wait_secret(self, name, condition=bool, what="it is there", seconds=_WITHIN):
        """Until condition(SecretView or None) holds; returns the view."""
        wait_until(lambda: condition(self.secret(name)), seconds, f"Secret {name}: {what}", interval=0.02)
        return self.secret(name)

    def staged(self, uid):
        return self.secret(f"staged-{uid}", OPERATOR_NAMESPACE)

    def create_secret(self, name, data=None, **members):
        """Somebody else's Secret in our namespace."""
        manifest = {"metadata": {"name": name}, "data": _encoded(data or {"theirs": "1"}), **members}
        return SecretView(self.must(self.api.post(path("v1", "secrets", self.namespace), manifest)))

    def patch_secret(self, name, patch):
        return SecretView(self.must(self.api.merge_patch(path("v1", "secrets", self.namespace, name), patch)))

    def delete_secret(self, name, namespace=None):
        self.must(self.api.delete(path("v1", "secrets", namespace or self.namespace, name)))

    def token(self, name, method="basic"):
        """HTTP status of a token request with the published Secret."""
        return token_status(self.secret(name), method)

    # What the operator did

    def writes(self, mark, uid=None):
        """The operator's writes after `mark` in our namespace, and to what it keeps for `uid` in its own."""
        return [one for one in self.audit.writes(mark)
                if one.namespace == self.namespace or (uid and one.name.endswith(uid))]

    def settle(self):
        """Drives another client through the whole operator: whatever was to happen before has happened."""
        name = f"settle-{next(_serial)}"
        self.create_ready(name)
        self.delete_and_wait(name)

    @staticmethod
    def must(answer):
        assert answer.ok, f"HTTP {answer.status}: {answer.message}"
        return answer.body

    def _clients(self):
        return client_path(self.namespace)

    def _client(self, name):
        return client_path(self.namespace, name)

    def _find(self, where):
        answer = self.api.get(where)
        return None if answer.status == 404 else self.must(answer)

    def _abandon(self, client):
        where = self._client(client["metadata"]["name"])
        self.api.merge_patch(where, {"metadata": {"annotations": {"apiclient.dev/abandon": client["metadata"]["uid"]}}})
        self.api.delete(where)

    def _see_gone(self, name):
        """By way of the operator where that works, else by force."""
        with contextlib.suppress(Failed):
            return self.wait_gone(name, 10)
        self.api.merge_patch(self._client(name), {"metadata": {"finalizers": []}})

    def _wait(self, find, type, status, reason, seconds):
        seen = {}

        def holds():
            manifest = find()
            found = conditions(manifest or {})
            seen.clear()
            seen.update({one: f"{of['status']}/{of['reason']}: {of['message']}" for one, of in found.items()})
            condition = found.get(type)
            current = condition and condition.get("observedGeneration") == manifest["metadata"]["generation"]
            return (manifest if current and condition["status"] == (status or condition["status"])
                    and condition["reason"] == (reason or condition["reason"]) else None)

        try:
            return wait_until(holds, seconds, f"{type} is {status or '*'}/{reason or '*'}", interval=0.02)
        except Failed as error:
            raise AssertionError(f"{error}; conditions: {json.dumps(seen, indent=1)}") from None


def _encoded(data):
    return {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
