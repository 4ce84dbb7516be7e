"""The chart, by the real helm: what it renders, and what it installs."""

import subprocess
from pathlib import Path

import peer_binaries
import yaml
from kube_binaries import KUBERNETES_VERSION

REPOSITORY = Path(__file__).resolve().parents[3]
CHART = REPOSITORY / "charts" / "apiclient-operator"
NAMESPACE, RELEASE = "apiclient-system", "apiclient"
_CLUSTER = ("--kube-version", KUBERNETES_VERSION)  # where no cluster is asked


class Refused(Exception):
    """helm ended with an error."""


def helm(*arguments, kubeconfig=None, stdin=None, seconds=120):
    argv = [str(peer_binaries.find("helm")), *map(str, arguments)]
    if kubeconfig:
        argv += ["--kubeconfig", str(kubeconfig)]
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=seconds)
    if done.returncode != 0:
        raise Refused(done.stderr.strip())
    return done.stdout


def render(*flags, release=RELEASE, namespace=NAMESPACE):
    """The objects that an installation with these flags has; the CRDs are left out unless asked for."""
    text = template("--namespace", namespace, "--set=crds.install=false", *flags, release=release)
    return [one for one in yaml.safe_load_all(text) if one]


def template(*flags, release=RELEASE):
    return helm("template", release, CHART, *_CLUSTER, *flags)


def lint(*flags):
    return helm("lint", "--strict", CHART, *_CLUSTER, *flags)


def of_kind(objects, kind, name=None):
    found = [one for one in objects if one["kind"] == kind and name in (None, one["metadata"]["name"])]
    assert len(found) == 1, f"{len(found)} objects {kind} {name or ''}"
    return found[0]
