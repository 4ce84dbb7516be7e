"""What the chart renders: taken by the real API server, and by Pod Security "restricted"."""

import json
from pathlib import Path

import pytest
import yaml
from chart import CHART, NAMESPACE, Refused, lint, render, template
from kubeapi import path

VALUES = sorted((Path(__file__).parent / "values").glob("*.yaml"))
PATHS = {"Service": ("v1", "services"), "ConfigMap": ("v1", "configmaps"), "ServiceAccount": ("v1", "serviceaccounts"), "Deployment": ("apps/v1", "deployments"),
         "StatefulSet": ("apps/v1", "statefulsets"), "PodDisruptionBudget": ("policy/v1", "poddisruptionbudgets"),
         "NetworkPolicy": ("networking.k8s.io/v1", "networkpolicies"),
         "ClusterClientRegistry": ("apiclient.dev/v1alpha1", "clusterclientregistries"),
         **{kind: ("rbac.authorization.k8s.io/v1", kind.lower() + "s")
            for kind in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")},
         "ValidatingAdmissionPolicy": ("admissionregistration.k8s.io/v1", "validatingadmissionpolicies"),
         "ValidatingAdmissionPolicyBinding": ("admissionregistration.k8s.io/v1", "validatingadmissionpolicybindings")}


def of_kind(objects, kind, name=None):
    found = [one for one in objects if one["kind"] == kind and name in (None, one["metadata"]["name"])]
    assert len(found) == 1, f"{len(found)} objects {kind} {name or ''}"
    return found[0]


def described_registries(objects):
    """What the operator is to create."""
    return [json.loads(one["data"]["registry.json"]) for one in objects
            if one["kind"] == "ConfigMap" and "registry.json" in one["data"]]


@pytest.fixture(params=[None, *VALUES], ids=lambda file: file.stem if file else "default")
def values(request):
    """Flags with one of the files of values."""
    return ["--values", str(request.param)] if request.param else []


@pytest.fixture(scope="module")
def restricted(api):
    """A namespace that takes no other Pods."""
    name = "restricted"
    api.post(path("v1", "namespaces"), {"metadata": {"name": name, "labels": {
        "pod-security.kubernetes.io/enforce": "restricted"}}})
    api.post(path("v1", "serviceaccounts", name), {"metadata": {"name": "default"}})
    return name


def test_the_api_server_takes_it_strictly(installed, values):
    objects = render(*values)
    for manifest in [*objects, *described_registries(objects)]:
        version, plural = PATHS[manifest["kind"]]
        namespace, name = manifest["metadata"].get("namespace"), manifest["metadata"]["name"]
        if namespace not in (None, NAMESPACE):
            namespace = manifest["metadata"]["namespace"] = "default"
        answer = installed.api.apply(path(version, plural, namespace, name), manifest, "chart-tests", dryRun="All",
                                     fieldValidation="Strict", force="true")
        assert answer.ok, f"{manifest['kind']} {name}: {answer.message}"


def test_no_object_is_of_a_kind_that_comes_with_it(values):
    """The API server may not know the kind yet when helm or kubectl sends the object."""
    assert not [one["kind"] for one in render(*values) if one["apiVersion"].startswith("apiclient.dev/")]


def test_pod_security_restricted_takes_every_pod(installed, restricted, values):
    workloads = [one for one in render(*values) if one["kind"] in ("Deployment", "StatefulSet")]
    assert workloads
    for workload in workloads:
        spec = {**workload["spec"]["template"]["spec"], "serviceAccountName": "default"}
        spec.pop("priorityClassName", None)  # nothing but this admission is the matter
        claims = {one["metadata"]["name"] for one in workload["spec"].get("volumeClaimTemplates", [])}
        spec["volumes"] = [*spec.get("volumes", []), *({"name": name, "emptyDir": {}} for name in claims)]
        answer = installed.api.post(path("v1", "pods", restricted), {"metadata": {"name": "one"}, "spec": spec}, dryRun="All")
        assert answer.ok, f"{workload['metadata']['name']}: {answer.message}"
        for container in spec["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] and "limits" in container["resources"]


def test_lint_is_content(values):
    assert "0 chart(s) failed" in lint(*values)


def test_what_the_prometheus_operator_and_grafana_get():
    """Their kinds are not known here."""
    url = "https://docs.example.com/runbook"
    objects = render("--values", Path(__file__).parent / "values" / "secure-metrics.yaml",
                     "--set=metrics.serviceMonitor.enabled=true", "--set=metrics.serviceMonitor.labels.release=monitoring",
                     "--set=metrics.prometheusRule.enabled=true", f"--set=metrics.prometheusRule.runbookUrl={url}")
    monitor = of_kind(objects, "ServiceMonitor", "apiclient-operator")
    endpoint, = monitor["spec"]["endpoints"]
    assert monitor["metadata"]["labels"]["release"] == "monitoring"
    assert endpoint["honorLabels"], "the namespace is that of an ApiClient"
    assert (endpoint["scheme"], endpoint["tlsConfig"]["serverName"]) == (
        "https", f"{of_kind(objects, 'Service')['metadata']['name']}.{NAMESPACE}.svc")
    rules = of_kind(objects, "PrometheusRule")["spec"]
    for group in rules["groups"]:
        for rule in group["rules"]:
            assert rule["annotations"].pop("runbook_url") == f"{url}#{rule['alert'].lower()}"
    files = CHART / "files" / "monitoring"
    assert rules == yaml.safe_load((files / "alerts.yaml").read_text())
    dashboard = of_kind(objects, "ConfigMap", "apiclient-operator-dashboard")
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(dashboard["data"]["apiclient-operator.json"]) == json.loads((files / "dashboard.json").read_text())


@pytest.mark.parametrize("flag,field", [
    ("--set=replica=2", "replica"), ("--set=replicas=0", "replicas"), ("--set=operator.workers=65", "workers"),
    ("--set=operator.logLevel=loud", "logLevel"), ("--set=image.digest=latest", "digest"),
    ("--set=operator.installationId=Prod", "installationId"), ("--set=embeddedRegistry.maxSecrets=0", "maxSecrets"),
    ("--set=embeddedRegistry.issuer=tokens", "issuer"), ("--set=watchNamespaces={Team_A}", "watchNamespaces"),
    ("--set=metrics.secure.enabled=true", "tlsSecretName")])
def test_wrong_values_are_refused_by_name(flag, field):
    with pytest.raises(Refused, match=field):
        render(flag)


def test_every_value_is_in_the_schema():
    """A value that the schema does not know could never be set."""
    assert lint("--values", CHART / "values.yaml")


def test_what_is_switched_off_is_not_there():
    kinds = {one["kind"] for one in render("--values", Path(__file__).parent / "values" / "one-replica.yaml")}
    assert not kinds & {"ValidatingAdmissionPolicy", "PodDisruptionBudget", "Service", "NetworkPolicy", "StatefulSet"}


def test_each_value_reaches_its_place():
    objects = render("--values", Path(__file__).parent / "values" / "everything.yaml")
    pod = of_kind(objects, "Deployment", "keys")["spec"]["template"]
    container, = pod["spec"]["containers"]
    assert container["image"] == "registry.example.com/team/apiclient-operator@sha256:" + "0" * 64
    assert {"--workers=16", "--max-scheduled-rotations=5", "--log-level=debug", "--installation-id=prod-1",
            "--no-leader-elect", "--allow-namespaced-registries", "--registry-token-secret=keys-registry-admin",
            "--registry-config-map=keys-registry",
            "--namespaced-registry-hosts=*.example.com,idp.example.org:8443"} <= set(container["args"])
    assert {"name": "SSL_CERT_DIR", "value": "/certificates"} in container["env"]
    assert container["volumeMounts"][0]["mountPath"] == "/certificates"
    assert pod["metadata"]["annotations"] == {"example.com/team": "platform"}
    assert pod["metadata"]["labels"]["example.com/tier"] == "infra"
    spec = pod["spec"]
    assert (spec["serviceAccountName"], spec["priorityClassName"]) == ("keys-account", "system-cluster-critical")
    assert spec["imagePullSecrets"] == [{"name": "pull"}] and spec["tolerations"][0]["key"] == "infra"
    assert spec["topologySpreadConstraints"][0]["topologyKey"] == "zone" and "nodeAffinity" in spec["affinity"]
    registry = of_kind(objects, "StatefulSet", "keys-registry")["spec"]
    assert registry["volumeClaimTemplates"][0]["spec"] == {
        "accessModes": ["ReadWriteOnce"], "storageClassName": "fast", "resources": {"requests": {"storage": "2Gi"}}}
    assert {"--issuer=https://tokens.example.com", "--max-secrets=2", "--public-tls-cert-file=/tls/tls.crt"} <= set(
        registry["template"]["spec"]["containers"][0]["args"])
    described, = described_registries(objects)
    assert described["metadata"]["name"] == "keys-registry"
    assert described["spec"]["tenant"] == "acme" and described["spec"]["allowedNamespaces"] == {
        "matchLabels": {"team": "billing"}}
    assert "apiclient.dev/is-default-registry" not in described["metadata"].get("annotations", {})
    bound = of_kind(objects, "ClusterRoleBinding", "keys-restart-targets")
    assert bound["subjects"] == [{"kind": "ServiceAccount", "name": "keys-account", "namespace": NAMESPACE}]


def test_rights_to_restart_can_be_limited_to_namespaces():
    objects = render("--values", Path(__file__).parent / "values" / "restart-in-namespaces.yaml")
    name = "apiclient-operator-restart-targets"
    assert sorted(one["metadata"]["namespace"] for one in objects
                  if one["kind"] == "RoleBinding" and one["metadata"]["name"] == name) == ["team-a", "team-b"]
    assert not any(one["kind"] == "ClusterRoleBinding" and one["metadata"]["name"] == name for one in objects)


def test_the_right_to_create_registries_goes_with_the_one_that_is_to_be_created():
    file = yaml.safe_load((CHART / "files" / "rbac-embedded-registry.yaml").read_text())
    name = file["metadata"]["name"]
    objects = render("--set=embeddedRegistry.enabled=true")
    assert of_kind(objects, "ClusterRole", name)["rules"] == file["rules"]
    assert of_kind(objects, "ClusterRoleBinding", name)["subjects"][0]["name"] == "apiclient-operator"
    for flags in ([], ["--set=embeddedRegistry.enabled=true", "--set=embeddedRegistry.createClusterClientRegistry=false"]):
        objects = render(*flags)
        assert not any(one["metadata"]["name"] == name for one in objects) and not described_registries(objects)
        assert "--registry-config-map" not in str(of_kind(objects, "Deployment"))


def test_the_rules_are_those_of_the_file_that_explains_them():
    files = [one for name in ("rbac", "rbac-people") for one in
             yaml.safe_load_all((CHART / "files" / f"{name}.yaml").read_text())]
    objects = render()
    for one in files:
        assert of_kind(objects, one["kind"], one["metadata"]["name"])["rules"] == one["rules"]


def test_rendering_twice_gives_the_same():
    """Argo CD renders at every sync: what changes each time would be rolled out each time."""
    flags = ("--values", Path(__file__).parent / "values" / "everything.yaml")
    assert render(*flags) == render(*flags)


def test_the_crds_are_those_of_the_project_and_stay():
    text = template("--show-only", "templates/crds.yaml")
    rendered = {one["metadata"]["name"]: one for one in yaml.safe_load_all(text)}
    for file in (CHART.parents[1] / "crds").glob("*.yaml"):
        ours = yaml.safe_load(file.read_text())
        crd = rendered.pop(ours["metadata"]["name"])
        assert crd["metadata"]["annotations"].pop("helm.sh/resource-policy") == "keep"
        assert crd["spec"] == ours["spec"]
    assert not rendered
