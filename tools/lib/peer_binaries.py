"""Programs that other people make and the tests run against: where they are, and how they are built.

APICLIENT_HYDRA, APICLIENT_HYDRA_MAESTER, APICLIENT_HELM, APICLIENT_ARGOCD, APICLIENT_SOURCE_CONTROLLER,
APICLIENT_KUSTOMIZE_CONTROLLER, APICLIENT_PROMETHEUS and APICLIENT_PROMTOOL name other programs than those that are built
or fetched here.
"""

import os
from pathlib import Path

from debian_programs import DebianPrograms
from go_programs import GoPrograms
from processes import Failed

HYDRA_VERSION = "v2.3.0"  # the newest one that can be had as a Go module
_HYDRA = "github.com/ory/hydra/v2"
_MAESTER = "github.com/ory/hydra-maester"

_HYDRA_PROGRAMS = GoPrograms("peers", (
    ("hydra", f"-s -w -X {_HYDRA}/driver/config.Version={HYDRA_VERSION}", {"hydra": _HYDRA}),
), cgo=True, tags=("sqlite", "sqlite_omit_load_extension"))
_MAESTER_PROGRAMS = GoPrograms("hydra-maester", (
    ("hydra-maester", "-s -w", {"hydra-maester": _MAESTER}),
), files={"hydra-maester": {_MAESTER: "config/crd/bases/hydra.ory.sh_oauth2clients.yaml"}})
_HELM_PROGRAMS = GoPrograms("helm", (("helm", "-s -w", {"helm": "helm.sh/helm/v3/cmd/helm"}),))
_ARGOCD_PROGRAMS = GoPrograms("argocd", (("argocd", "-s -w", {"argocd": "github.com/argoproj/argo-cd/v3/cmd"}),))
_PROMETHEUS_PROGRAMS = DebianPrograms("prometheus")
_FLUX_CONTROLLERS = ("kustomize-controller", "source-controller")
_FLUX_PROGRAMS = GoPrograms("flux", (
    ("flux", "-s -w", {name: f"github.com/fluxcd/{name}" for name in _FLUX_CONTROLLERS}),
), files={"flux": {f"github.com/fluxcd/{name}": "config/crd/bases/*.yaml" for name in _FLUX_CONTROLLERS}})
_PROGRAMS = {"hydra": _HYDRA_PROGRAMS, "hydra-maester": _MAESTER_PROGRAMS, "helm": _HELM_PROGRAMS,
             "argocd": _ARGOCD_PROGRAMS, **dict.fromkeys(_FLUX_CONTROLLERS, _FLUX_PROGRAMS),
             "prometheus": _PROMETHEUS_PROGRAMS, "promtool": _PROMETHEUS_PROGRAMS}


def find(program):
    """The path of one program; Failed says how to get it."""
    given = os.environ.get(f"APICLIENT_{program.upper().replace('-', '_')}")
    path = Path(given).resolve() if given else _PROGRAMS[program].directory() / program
    if os.access(path, os.X_OK):
        return path
    raise Failed(f"{path} cannot be run" if given else f"{program} is not built: run tools/peers build")


def oauth2client_crd():
    """The file with hydra-maester's CustomResourceDefinition."""
    return _MAESTER_PROGRAMS.directory() / "hydra.ory.sh_oauth2clients.yaml"


def flux_crds():
    """The files with the CustomResourceDefinitions of the two Flux controllers."""
    return sorted(_FLUX_PROGRAMS.directory().glob("*.yaml"))


def build(say=print):
    """Builds what is missing. Safe when several run at once: one builds, the others wait for it."""
    return [programs.build(say) for programs in dict.fromkeys(_PROGRAMS.values())]
