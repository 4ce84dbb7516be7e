"""Metrics by https, read by those alone whom the API server knows and lets."""

import base64
import http.client
import ssl

import pytest
from certificates import CertificateAuthority
from chart import CHART, NAMESPACE, RELEASE, helm
from conftest import Installed
from controlplane import ControlPlane
from kubeapi import KubeApi, path
from pods import Pods

ACCOUNTS = path("v1", "serviceaccounts", "default")
RBAC = "rbac.authorization.k8s.io"


@pytest.fixture(scope="module")
def cluster():
    with ControlPlane.temporary() as plane:
        api = KubeApi.from_kubeconfig(plane.kubeconfig())
        helm("install", RELEASE, CHART, "--namespace", NAMESPACE, "--create-namespace", "--set=replicas=1",
             "--set=metrics.secure.enabled=true", "--set=metrics.secure.tlsSecretName=metrics-tls", kubeconfig=plane.kubeconfig())
        yield Installed(plane, api)


@pytest.fixture(scope="module")
def authority(cluster):
    return CertificateAuthority(cluster.plane.directory / "certificates")


@pytest.fixture(scope="module")
def port(cluster, authority):
    """Of the operator's metrics."""
    certificate, key = authority.server("metrics")
    data = {name: base64.b64encode(file.read_bytes()).decode() for name, file in (("tls.crt", certificate), ("tls.key", key))}
    answer = cluster.api.post(path("v1", "secrets", NAMESPACE), {"metadata": {"name": "metrics-tls"}, "type": "kubernetes.io/tls",
                                                                 "data": data})
    assert answer.ok, answer.message
    running = Pods(cluster.plane, cluster.api)
    operator = cluster.api.request("GET", path("apps/v1", "deployments", NAMESPACE, "apiclient-operator")).body
    yield running.port(running.run(operator), "metrics")
    running.stop()


@pytest.fixture(scope="module")
def prometheus(cluster):
    """The token of an account that may read them."""
    answer = cluster.api.post(path(f"{RBAC}/v1", "clusterrolebindings"), {
        "metadata": {"name": "prometheus"},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "apiclient-metrics-reader"},
        "subjects": [{"kind": "ServiceAccount", "name": "prometheus", "namespace": "default"}]})
    assert answer.ok, answer.message
    return token(cluster.api, "prometheus")


def token(api, name):
    assert api.post(ACCOUNTS, {"metadata": {"name": name}}).ok
    answer = api.post(f"{ACCOUNTS}/{name}/token", {"spec": {"expirationSeconds": 3600}})
    assert answer.ok, answer.message
    return answer.body["status"]["token"]


def read(authority, port, bearer=None):
    context = ssl.create_default_context(cafile=authority.certificate("ca"))
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=context)
    connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {bearer}"} if bearer else {})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_who_may_reads_them(authority, port, prometheus):
    status, text = read(authority, port, prometheus)
    assert status == 200 and "apiclient_build_info" in text


def test_others_do_not(cluster, authority, port):
    assert read(authority, port)[0] == 401
    assert read(authority, port, "a.b.c")[0] == 401
    status, text = read(authority, port, token(cluster.api, "curious"))
    assert status == 403 and "apiclient_build_info" not in text


def test_there_is_no_plain_http(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/metrics")
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        connection.getresponse()
