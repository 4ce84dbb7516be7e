"""Two installations in one cluster, each for namespaces of its own and with rights in nothing else: both work with one registry
and never in each other's way."""

import base64

import pytest
from api_clients import API, client_path, create, wait_ready
from audit import AuditLog
from chart import CHART, helm
from conftest import Installed
from controlplane import ControlPlane
from kstatus import conditions
from kubeapi import KubeApi, path
from pods import Pods
from processes import wait_until

RBAC = "rbac.authorization.k8s.io/v1"
ONE, OTHER = "apiclient-system", "other-system"
OURS = {ONE: "team-a", OTHER: "team-b"}
NOBODYS = "team-c"
ACCOUNTS = {ONE: "apiclient-operator", OTHER: "other-apiclient-operator"}
FLAGS = {
    ONE: ("apiclient", "--set=embeddedRegistry.enabled=true",
          "--set=registrySelector=app.kubernetes.io/instance=apiclient"),
    OTHER: ("other", "--set=registrySelector=installation=other", "--set=crds.install=false", "--set=rbac.people=false",
            "--set=admissionPolicies.rotate=false", "--set=admissionPolicies.protect=false")}


@pytest.fixture(scope="module")
def cluster():
    with ControlPlane.temporary() as plane:
        api = KubeApi.from_kubeconfig(plane.kubeconfig())
        for name in (*OURS.values(), NOBODYS):
            api.post(path("v1", "namespaces"), {"metadata": {"name": name}})
        for namespace, (release, *flags) in FLAGS.items():
            helm("install", release, CHART, "--namespace", namespace, "--create-namespace", "--set=replicas=1",
                 f"--set=watchNamespaces={{{OURS[namespace]}}}", *flags, kubeconfig=plane.kubeconfig())
        yield Installed(plane, api)


def share_the_registry(api):
    """One object for each installation, and the same server behind them."""
    where = path(API, "clusterclientregistries", name="apiclient-operator-registry")
    wait_until(lambda: api.request("GET", where).ok, 30, "the first operator has made its registry")
    manifest = get(api, where)
    other = {"apiVersion": API, "kind": "ClusterClientRegistry",
             "metadata": {"name": "for-others", "labels": {"installation": "other"}, "annotations": {
                 "apiclient.dev/is-default-registry": "true"}},
             "spec": {**manifest["spec"], "auth": {"bearer": {"secretRef": {"name": "registry-token", "key": "token"}}}}}
    answer = api.post(path(API, "clusterclientregistries"), other)
    assert answer.ok, answer.message


@pytest.fixture(scope="module")
def pods(cluster):
    api, running = cluster.api, Pods(cluster.plane, cluster.api)
    running.run(get(api, path("apps/v1", "deployments", ONE, ACCOUNTS[ONE])))
    running.run(get(api, path("apps/v1", "statefulsets", ONE, "apiclient-operator-registry")))
    token = get(api, path("v1", "secrets", ONE, "apiclient-operator-registry-admin"))["data"]["token"]
    api.post(path("v1", "secrets", OTHER), {"metadata": {"name": "registry-token", "labels": {
        "apiclient.dev/usable-by": "registry"}}, "data": {"token": token}})
    share_the_registry(api)
    running.run(get(api, path("apps/v1", "deployments", OTHER, ACCOUNTS[OTHER])))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def audit(cluster, pods):
    return AuditLog(cluster.plane.audit_log, cluster.api)


def get(api, where):
    answer = api.request("GET", where)
    assert answer.ok, answer.message
    return answer.body


def account(namespace):
    return f"system:serviceaccount:{namespace}:{ACCOUNTS[namespace]}"


def test_each_looks_after_its_own_namespaces(cluster, audit):
    create(cluster.api, NOBODYS, "left-alone")
    ids = {}
    for operator, namespace in OURS.items():
        create(cluster.api, namespace, "one")
        client = wait_ready(cluster.api, namespace, "one")
        ids[operator] = client["status"]["clientId"]
        secret = get(cluster.api, path("v1", "secrets", namespace, "one"))
        assert base64.b64decode(secret["data"]["client-id"]).decode() == ids[operator]
    assert ids == {ONE: "team-a_one", OTHER: "team-b_one"}
    # Both have worked since it was declared.
    alone = get(cluster.api, client_path(NOBODYS, "left-alone"))
    assert "conditions" not in alone["status"] and "finalizers" not in alone["metadata"]


def test_a_registry_is_looked_after_by_one(cluster, audit):
    api = cluster.api
    names = {ONE: "apiclient-operator-registry", OTHER: "for-others"}
    for operator, name in names.items():
        writers = {user for user in map(account, OURS) for one in audit.since(0, user)
                   if one.is_write and one.resource == "clusterclientregistries" and one.name == name}
        assert writers == {account(operator)}, name
        assert "Orphans" not in conditions(get(api, path(API, "clusterclientregistries", name=name)))


def test_they_rotate_and_delete_with_their_rights(cluster, audit):
    api = cluster.api
    for namespace in OURS.values():
        where = client_path(namespace, "two")
        create(api, namespace, "two")
        wait_ready(api, namespace, "two")
        api.merge_patch(where, {"metadata": {"annotations": {"apiclient.dev/rotate": "first:now"}}})
        wait_until(lambda: get(api, where)["status"]["credential"]["revision"] == 2, 20, f"{namespace}/two is rotated")
        api.delete(where)
        wait_until(lambda: api.request("GET", where).status == 404, 20, f"{namespace}/two is gone")
        assert api.request("GET", path("v1", "secrets", namespace, "two")).status == 404
        events = get(api, path("events.k8s.io/v1", "events", namespace))["items"]
        assert {"Issued", "Rotated", "Deleted"} <= {one["reason"] for one in events}
    refused = [str(one) for user in map(account, OURS) for one in audit.since(0, user) if one.code == 403]
    assert not refused


@pytest.mark.parametrize("operator", OURS)
def test_what_is_elsewhere_is_out_of_reach(cluster, operator):
    """By the API server's own word."""
    elsewhere = [name for name in (*OURS.values(), NOBODYS, "kube-system", *OURS) if name not in (OURS[operator], operator)]
    for namespace in (*elsewhere, ""):
        for group, resource in (("", "secrets"), ("apiclient.dev", "apiclients"), ("events.k8s.io", "events"), ("", "configmaps")):
            for verb in ("get", "list", "create", "update", "patch", "delete"):
                assert not may(cluster.api, account(operator), verb, group, resource, namespace), (verb, resource, namespace)
    assert may(cluster.api, account(operator), "create", "", "secrets", OURS[operator])
    assert not may(cluster.api, account(operator), "list", "", "namespaces", "")


def may(api, user, verb, group, resource, namespace):
    answer = api.post(path("authorization.k8s.io/v1", "subjectaccessreviews"), {
        "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
        "spec": {"user": user, "groups": ["system:serviceaccounts", "system:authenticated"], "resourceAttributes": {
            "verb": verb, "group": group, "resource": resource, "namespace": namespace}}})
    assert answer.ok, answer.message
    return answer.body["status"]["allowed"]
