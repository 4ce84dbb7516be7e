"""The chart, by the real helm: what it renders, and what it installs. For the tests and for tools/plain-manifests."""

import subprocess

import peer_binaries
import yaml
from kube_binaries import KUBERNETES_VERSION
from repository import REPOSITORY

CHART = REPOSITORY / "charts" / "apiclient-operator"
NAMESPACE, RELEASE = "apiclient-system", "apiclient"
_CLUSTER = ("--kube-version", KUBERNETES_VERSION)  # where no cluster is asked


class Refused(Exception):
    """helm ended with an error."""


def helm(*arguments, kubeconfig=None, seconds=120):
    argv = [str(peer_binaries.find("helm")), *map(str, arguments)]
    if kubeconfig:
        argv += ["--kubeconfig", str(kubeconfig)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds)
    if done.returncode != 0:
        raise Refused(done.stderr.strip())
    return done.stdout


def render(*flags):
    """The objects that an installation with these flags has, but for the CRDs."""
    text = template("--namespace", NAMESPACE, "--set=crds.install=false", *flags)
    return [one for one in yaml.safe_load_all(text) if one]


def template(*flags):
    return helm("template", RELEASE, CHART, *_CLUSTER, *flags)


def lint(*flags):
    return helm("lint", "--strict", CHART, *_CLUSTER, *flags)
