"""An ApiClient as a provisioned service of the Service Binding specification 1.1: what a controller of that may see."""

from kubeapi import path
from processes import wait_until
from test_people import allowed

RBAC = "rbac.authorization.k8s.io/v1"


def test_the_kind_calls_itself_a_provisioned_service(installed):
    crd = installed.api.request("GET", path("apiextensions.k8s.io/v1", "customresourcedefinitions",
                                            name="apiclients.apiclient.dev")).body
    assert crd["metadata"]["labels"]["servicebinding.io/provisioned-service"] == "true"
    status = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"]
    assert status["binding"]["properties"]["name"]["type"] == "string"


def test_a_controller_of_the_specification_sees_it(installed):
    """It aggregates the roles that carry the specification's label."""
    role = {"metadata": {"name": "service-binding-controller"}, "rules": [],
            "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"servicebinding.io/controller": "true"}}]}}
    assert installed.api.post(path(RBAC, "clusterroles"), role).status == 201
    controller = installed.as_user("binder", "service-binding-controller")
    wait_until(lambda: allowed(controller, "get", "apiclients"), 10, "the role is aggregated")
    assert allowed(controller, "list", "apiclients") and not allowed(controller, "patch", "apiclients")
