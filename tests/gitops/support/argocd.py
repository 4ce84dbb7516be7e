"""Argo CD's own command line, which evaluates a ConfigMap argocd-cm for a manifest without a cluster."""

import os
import re
import subprocess

import peer_binaries
import yaml
from repository import REPOSITORY

CUSTOMIZATIONS = REPOSITORY / "examples" / "gitops" / "argocd-cm.yaml"
# It shows what an action has changed by a program that is given both versions; this one prints the later as it is.
_PRINT_RESULT = """sh -c 'cat "$1"'"""


class ArgoCd:
    """Writes manifests below `directory`."""

    def __init__(self, directory, customizations=CUSTOMIZATIONS):
        self._program = peer_binaries.find("argocd")
        self._manifest, self._customizations = directory / "manifest.yaml", customizations

    def health(self, manifest):
        """(status, message)"""
        said = self._ask("health", manifest)
        found = re.fullmatch(r"STATUS: (\w+)\nMESSAGE: (.*)\n", said, re.DOTALL)
        assert found, said
        return found[1], found[2]

    def actions(self, manifest):
        """{name: whether it can be chosen}"""
        _, *lines = self._ask("list-actions", manifest).splitlines()
        return {name: disabled == "false" for name, disabled in (line.split() for line in lines)}

    def act(self, manifest, action):
        """What the action makes of it."""
        said = self._ask("run-action", manifest, action)
        assert said.startswith("Following fields have been changed:\n"), said
        return yaml.safe_load(said.partition("\n")[2])

    def _ask(self, question, manifest, *arguments):
        """Its exit code is 0 whatever the health is."""
        self._manifest.write_text(yaml.safe_dump(manifest))
        done = subprocess.run(
            [self._program, "admin", "settings", "resource-overrides", question, self._manifest, *arguments,
             "--argocd-cm-path", self._customizations], capture_output=True, text=True, timeout=60,
            env={**os.environ, "KUBECONFIG": os.devnull, "KUBECTL_EXTERNAL_DIFF": _PRINT_RESULT})
        assert done.returncode == 0, done.stderr
        return done.stdout
