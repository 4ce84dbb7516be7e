"""The rules of the ClientRegistry: those of the ClusterClientRegistry, but for what only the one or the other has."""

import dataclasses

import pytest

import schema
import test_registry_rules as cluster
from table import Kind, accepted, causes_of, check_row, refused, run_table

CLUSTER_ONLY = "allowedNamespaces"
NEEDS_NAMESPACE = "clientIdTemplate: must contain {clientId} and {namespace}"


def of_namespaced_kind(row):
    """The same row without what only the cluster kind has."""
    if row.spec is cluster.EVERYTHING:
        return dataclasses.replace(row, spec={key: value for key, value in row.spec.items() if key != CLUSTER_ONLY})
    return row


SHARED_ROWS = [of_namespaced_kind(row) for row in cluster.ROWS
               if not row.name.startswith(CLUSTER_ONLY) and row.message != NEEDS_NAMESPACE]
OWN_ROWS = [
    *[accepted(f"template: {text}", cluster.template(text)) for text in ("{clientId}", "{tenant}_{clientId}")],
    *[refused(f"template: {text}", cluster.template(text), "spec.clientIdTemplate",
              "clientIdTemplate: must contain {clientId}, or all clients") for text in ("fixed", "{namespace}")],
]
ROWS = [*SHARED_ROWS, *OWN_ROWS]


@pytest.fixture(scope="module")
def kind(namespace):
    return Kind("ClientRegistry", "clientregistries", namespace)


@pytest.fixture(scope="module")
def answers(api, kind):
    return run_table(api, kind, ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row(row, answers):
    check_row(row, answers[row.name])


def test_the_cluster_kind_has_more_rows():
    assert 0 < len(cluster.ROWS) - len(SHARED_ROWS) < 20


def test_every_rule_has_a_refused_row(answers):
    seen = {cause["message"] for outcome in answers.values() for cause in causes_of(outcome.real)}
    untested = [rule["message"] for _, rule in schema.rules("clientregistries")
                if not any(rule["message"] in message for message in seen)]
    assert untested == []


def test_namespaces_cannot_be_allowed(api, kind):
    spec = cluster.registry(allowedNamespaces={"matchLabels": {"team": "billing"}})
    answer = api.post(kind.path(), {"apiVersion": "apiclient.dev/v1alpha1", "kind": kind.kind,
                                    "metadata": {"name": "row"}, "spec": spec}, dryRun="All", fieldValidation="Strict")
    assert answer.status == 400 and 'unknown field "spec.allowedNamespaces"' in answer.message
