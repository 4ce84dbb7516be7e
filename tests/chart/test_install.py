"""From `helm install` to `helm uninstall`, with the rendered Pods as processes and the ServiceAccount's own token."""

import base64
import filecmp
import urllib.parse
from pathlib import Path

import pytest
from api_clients import API, client_path, create, wait_ready
from chart import CHART, NAMESPACE, RELEASE, helm
from conftest import Installed
from controlplane import ControlPlane
from documented import commands, run
from kubeapi import KubeApi, path
from pods import Pods, program
from processes import wait_until
from registry import exchange

TEAM = "team-a"
FLAGS = ("--namespace", NAMESPACE, "--set=embeddedRegistry.enabled=true", "--set=embeddedRegistry.tenant=acme")


@pytest.fixture(scope="module")
def cluster():
    with ControlPlane.temporary() as plane:
        api = KubeApi.from_kubeconfig(plane.kubeconfig())
        api.post(path("v1", "namespaces"), {"metadata": {"name": TEAM}})
        yield Installed(plane, api)


@pytest.fixture(scope="module")
def pods(cluster):
    """The product as the chart installs it, at work."""
    _, install, *waits = commands("installation.md", "By Helm")
    run(cluster.plane, install)
    running = Pods(cluster.plane, cluster.api)
    operator = get(cluster.api, "apps/v1", "deployments", "apiclient-operator")
    for replica in range(operator["spec"]["replicas"]):
        running.run(operator, replica)
    running.run(get(cluster.api, "apps/v1", "statefulsets", "apiclient-operator-registry"))
    for wait in waits:
        run(cluster.plane, wait)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def user(cluster, pods):
    """Who has the editor role in the team's namespace, and no more."""
    return cluster.as_user("ed", "apiclient-editor", namespace=TEAM)


def get(api, version, plural, name, namespace=NAMESPACE):
    answer = api.request("GET", path(version, plural, namespace, name))
    assert answer.ok, answer.message
    return answer.body


def secret(cluster, name):
    """What a consumer has mounted: {key: text}."""
    return {key: base64.b64decode(value).decode() for key, value in get(cluster.api, "v1", "secrets", name, TEAM)["data"].items()}


def works(credentials):
    """The registry's Service, by its name in the cluster, is on this machine here."""
    where = urllib.parse.urlsplit(credentials["token-uri"])
    pair = base64.b64encode(f"{credentials['client-id']}:{credentials['client-secret']}".encode()).decode()
    status, _ = exchange("POST", f"http://127.0.0.1:{where.port}{where.path}", "grant_type=client_credentials",
                         {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {pair}"})
    return status == 200


def test_they_run_as_the_chart_says(pods):
    """As nobody in particular, with no capability and no way to get one; what is not a volume is for reading only."""
    for name, pid in pods.pids().items():
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        assert status["Uid"].split() == status["Gid"].split() == ["65532"] * 4, name
        assert status["NoNewPrivs"] == "1" and not int(status["CapBnd"], 16) and not int(status["CapPrm"], 16), name
        root, = (line for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines() if line.split()[4] == "/")
        assert root.split()[5].split(",")[0] == "ro", name
        assert filecmp.cmp(f"/proc/{pid}/exe", program(Path(f"/proc/{pid}/exe").readlink().name), shallow=False), name


def test_an_editor_gets_credentials_that_work_and_rotates_them(cluster, user):
    create(user, TEAM, "invoices")
    wait_ready(user, TEAM, "invoices")
    old = secret(cluster, "invoices")
    assert old["client-id"] == "acme_team-a_invoices" and works(old)
    assert user.merge_patch(client_path(TEAM, "invoices"), {"metadata": {"annotations": {"apiclient.dev/rotate": "r1"}}}).ok
    wait_until(lambda: secret(cluster, "invoices")["client-secret"] != old["client-secret"], 20, "a new secret is published")
    assert works(old) and works(secret(cluster, "invoices"))
    assert user.delete(client_path(TEAM, "invoices")).ok
    wait_until(lambda: user.request("GET", client_path(TEAM, "invoices")).status == 404, 20, "it has gone")
    assert not works(old)


def test_an_editor_sees_no_secret(user):
    create(user, TEAM, "payments")
    wait_ready(user, TEAM, "payments")
    assert user.request("GET", path("v1", "secrets", TEAM, "payments")).status == 403


def test_it_is_written_down_that_the_registry_is_made(cluster, pods):
    """Whoever deletes it then means that."""
    name = "apiclient-operator-registry"
    described = get(cluster.api, "v1", "configmaps", name)
    assert described["metadata"]["annotations"]["apiclient.dev/registry-created"] == name


def test_another_upgrade_changes_nothing(cluster, user):
    kinds = ((API, "clusterclientregistries", None), ("v1", "configmaps", NAMESPACE),
             ("apiextensions.k8s.io/v1", "customresourcedefinitions", None),
             ("rbac.authorization.k8s.io/v1", "clusterroles", None), ("v1", "services", NAMESPACE),
             ("admissionregistration.k8s.io/v1", "validatingadmissionpolicies", None), (API, "apiclients", TEAM),
             ("v1", "secrets", TEAM))

    def versions():
        found = {}
        for version, plural, namespace in kinds:
            for one in cluster.api.request("GET", path(version, plural, namespace)).body["items"]:
                found[plural, one["metadata"]["name"]] = one["metadata"]["resourceVersion"]
        for plural, name in (("deployments", "apiclient-operator"), ("statefulsets", "apiclient-operator-registry")):
            # Their status is others'.
            found[plural, name] = get(cluster.api, "apps/v1", plural, name)["metadata"]["generation"]
        return found

    before = versions()
    for _ in range(3):
        helm("upgrade", RELEASE, CHART, *FLAGS, kubeconfig=cluster.plane.kubeconfig())
    assert versions() == before


def test_uninstalling_in_order_leaves_nothing_stuck(cluster, user, pods):
    """First what was declared, then the registry, then the release."""
    delete_clients, delete_registries, uninstall, delete_crds = commands("installation.md", "Uninstalling")
    api = cluster.api
    last = secret(cluster, "payments")
    assert works(last)
    run(cluster.plane, delete_clients)
    assert not works(last), "no client is left in the registry"
    run(cluster.plane, delete_registries)
    pods.stop()
    run(cluster.plane, uninstall)
    crds = api.request("GET", path("apiextensions.k8s.io/v1", "customresourcedefinitions")).body["items"]
    assert {one["spec"]["names"]["kind"] for one in crds} == {"ApiClient", "ClientRegistry", "ClusterClientRegistry"}
    for version, plural in (("apps/v1", "deployments"), ("apps/v1", "statefulsets"), ("v1", "services")):
        assert not api.request("GET", path(version, plural, NAMESPACE)).body["items"], plural
    left = {one["metadata"]["name"] for one in api.request("GET", path("v1", "secrets", NAMESPACE)).body["items"]}
    assert left == {"apiclient-operator-registry-admin"}, "the registry's volume goes on with its token"
    run(cluster.plane, delete_crds)
