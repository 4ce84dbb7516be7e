"""The real Prometheus, asking the operator for its metrics as in a cluster, and what the alert rules and the dashboard ask of
it."""

import json
import re
import urllib.parse
import urllib.request
from pathlib import Path

import peer_binaries
import yaml
from ports import free_ports
from processes import answers, wait_until

_FILES = Path(__file__).resolve().parents[3] / "charts" / "apiclient-operator" / "files" / "monitoring"
ALERTS = _FILES / "alerts.yaml"
_VARIABLES = {"$__rate_interval": "1m", "$__range": "1h", "$namespace": "apiclient-system"}  # Grafana's
TARGET_LABELS = {"namespace": "apiclient-system", "pod": "operator-1"}  # what a ServiceMonitor gives


def alerts():
    """{name: rule}"""
    return {rule["alert"]: rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]}


def panels():
    """{title: expressions}"""
    found = {}
    for panel in json.loads((_FILES / "dashboard.json").read_text())["panels"]:
        if panel["type"] != "row":
            found[panel["title"]] = [_filled(target["expr"]) for target in panel["targets"]]
    return found


def _filled(expression):
    for name, value in _VARIABLES.items():
        expression = expression.replace(name, value)
    return expression


def selectors(expression):
    """(metric, labels asked for) of each of the metrics in an expression."""
    prefixes = "apiclient|controller_runtime|leader_election|process|rest_client|workqueue"
    return [(name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers or "")))
            for name, matchers in re.findall(rf"\b((?:{prefixes})_\w+)(?:{{([^}}]*)}})?", expression)]


class Prometheus:
    """Stopped with the control plane at the latest."""

    def __init__(self, plane, metrics_port):
        self._plane = plane
        self._port, = free_ports(1)
        config = {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [str(ALERTS)],
                  "scrape_configs": [{"job_name": "apiclient-operator", "honor_labels": True, "static_configs": [
                      {"targets": [f"127.0.0.1:{metrics_port}"], "labels": TARGET_LABELS}]}]}
        file = plane.directory / "prometheus.yaml"
        file.write_text(yaml.safe_dump(config))
        plane.processes.spawn("prometheus", [
            str(peer_binaries.find("prometheus")), f"--config.file={file}", f"--web.listen-address=127.0.0.1:{self._port}",
            f"--storage.tsdb.path={plane.directory / f'prometheus-{self._port}'}"], plane.directory / "prometheus.log")
        wait_until(lambda: answers(f"http://127.0.0.1:{self._port}/-/ready"), 30, "Prometheus is ready")

    def stop(self):
        self._plane.processes.stop("prometheus", 10)

    def query(self, expression):
        """[(labels, value)] right now."""
        return [(one["metric"], float(one["value"][1])) for one in self._get("query", query=expression)["result"]]

    def rules(self):
        """{alert: rule as it is evaluated}"""
        return {rule["name"]: rule for group in self._get("rules")["groups"] for rule in group["rules"]}

    def _get(self, what, **parameters):
        url = f"http://127.0.0.1:{self._port}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as response:
            return json.load(response)["data"]
