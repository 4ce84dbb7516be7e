"""What the ClusterRoles for people let them do, as the API server sees it (SelfSubjectAccessReview, which `kubectl auth
can-i` asks)."""

import pytest
from kubeapi import path
from processes import wait_until

VERBS = ("get", "list", "create", "update", "patch", "delete", "rotate")
# Verbs by letter; "-" may not. Our three kinds, then what must never be among them.
GOLDEN = """
                         apiclients clientregistries clusterclientregistries apiclients/status secrets
apiclient-viewer         gl-----    gl-----          gl-----                 -------           -------
apiclient-editor         glcupdr    gl-----          gl-----                 -------           -------
apiclient-rotator        gl--p-r    -------          -------                 -------           -------
apiclient-admin          glcupdr    glcupd-          gl-----                 -------           -------
apiclient-service-binding gl-----   -------          -------                 -------           -------
"""
AGGREGATED = """
                         apiclients clientregistries clusterclientregistries apiclients/status
view                     gl-----    gl-----          gl-----                 -------
edit                     glcupdr    gl-----          gl-----                 -------
admin                    glcupdr    glcupd-          gl-----                 -------
"""


def rows(table):
    head, *lines = table.strip("\n").splitlines()
    for line in lines:
        role, *cells = line.split()
        for resource, letters in zip(head.split(), cells, strict=True):
            yield pytest.param(role, resource, letters, id=f"{role} {resource}")


def allowed(user, verb, resource):
    name, _, subresource = resource.partition("/")
    answer = user.post(path("authorization.k8s.io/v1", "selfsubjectaccessreviews"), {"spec": {"resourceAttributes": {
        "namespace": "default", "verb": verb, "group": "" if name == "secrets" else "apiclient.dev", "resource": name,
        "subresource": subresource}}})
    assert answer.status == 201, answer.message
    return answer.body["status"]["allowed"]


@pytest.mark.parametrize("role,resource,letters", [*rows(GOLDEN), *rows(AGGREGATED)])
def test_the_matrix(installed, role, resource, letters):
    user = installed.as_user(f"with-{role}", role)

    def seen():
        return "".join(verb[0] if allowed(user, verb, resource) else "-" for verb in VERBS)

    # What is aggregated comes a moment later.
    wait_until(lambda: seen() == letters, 10, f"{role} may {letters}, not {seen()}")
