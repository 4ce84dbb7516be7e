"""What one ApiClient does, from `kubectl apply` to the last refused token, against real servers on free ports."""

import base64
import contextlib
import json
import shlex
import shutil
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

from ports import free_ports
from processes import Failed, tail, wait_until
from repository import REPOSITORY
from stack import OPERATOR, REGISTRY, Stack

_EXAMPLE = REPOSITORY / "examples" / "quickstart.yaml"
_CLIENT = "quickstart"
_NEW_NAME = "Quickstart, renamed"


def run(directory):
    """Runs every step; raises Failed naming the step. Leaves nothing behind but the directory when it failed."""
    stack = Stack(directory, die_with_us=True)
    if stack.running():
        raise Failed(f"a demo already runs in {directory}")
    shutil.rmtree(directory, ignore_errors=True)
    public_port, admin_port = free_ports(2)
    try:
        with _step("Start etcd, kube-apiserver, the registry and the operator"):
            begin = time.monotonic()
            stack.start(public_port, admin_port)
            print(f"all ready after {time.monotonic() - begin:.1f} s")
        _Demo(stack, public_port, admin_port).run()
    except Failed as error:
        ends = "".join(f"\n{name}.log ends:\n{tail(stack.log(name), 15)}" for name in (OPERATOR, REGISTRY)
                       if stack.log(name).exists() and f"{name}.log ends" not in str(error))
        raise Failed(f"{error}{ends}\nlogs: {directory}") from None
    finally:
        stack.stop()
    shutil.rmtree(directory)


class _Demo:
    """The steps after everything runs. `kubectl` of this class prints the command; nothing here prints a secret."""

    def __init__(self, stack, public_port, admin_port):
        self._stack = stack
        self._public_port, self._admin_port = public_port, admin_port
        self._admin = f"http://127.0.0.1:{admin_port}/admin/v1"

    def run(self):
        with _step("Apply examples/quickstart.yaml"):
            begin = time.monotonic()
            self._kubectl("apply", "-f", self._example_with_our_ports())
        with _step("The ApiClient becomes Ready"):
            self._kubectl("wait", f"apiclient/{_CLIENT}", "--for=condition=Ready", "--timeout=60s")
            print(f"Ready {time.monotonic() - begin:.1f} s after apply began")
            self._kubectl("get", "apic")
        with _step("The published Secret gets an access token"):
            credentials = self._credentials()
            self._expect_token(credentials)
        with _step("A changed spec reaches the registry"):
            client_id = credentials["client-id"]
            self._kubectl("patch", "apic", _CLIENT, "--type=merge",
                          "-p", json.dumps({"spec": {"displayName": _NEW_NAME}}))
            wait_until(lambda: self._registered_name(client_id) == _NEW_NAME, 30,
                       f"the registry calls client {client_id} {_NEW_NAME!r}")
            print(f"update seen in the registry: client_name of {client_id} is {_NEW_NAME!r}")
        with _step("An annotation rotates the secret; old and new one work side by side"):
            self._annotate("rotate", "demo-1")
            self._kubectl("wait", f"apiclient/{_CLIENT}", "--for=jsonpath={.status.rotation.lastHandledToken}=demo-1",
                          "--timeout=60s")
            rotated = self._credentials()
            if rotated["client-secret"] == credentials["client-secret"]:
                raise Failed("the published secret is the same as before")
            print(f"in the overlap: old secret {self._token(credentials)[0]}, new secret {self._token(rotated)[0]}")
            self._expect_both(credentials, rotated)
            self._kubectl("get", "apic")
        with _step("revoke-previous ends the old secret"):
            self._annotate("revoke-previous", "demo-1")
            wait_until(lambda: self._token(credentials)[0] == 401, 30, "the old secret answers 401")
            self._expect_token(rotated)
            print("old secret 401, new secret 200")
            credentials = rotated
        with _step("Deleting the object ends access"):
            self._kubectl("delete", "apic", _CLIENT, "--timeout=60s")
            wait_until(lambda: self._token(credentials)[0] == 401, 30, "a token request answers 401")
            print("deleted: token request with the old credentials answers 401")
            wait_until(self._secret_is_gone, 30, f"Secret {_CLIENT} is gone")
            print(f"deleted: Secret {_CLIENT} is gone")
        with _step("Memory of the operator at rest"):
            print(f"idle RSS of {OPERATOR}: {self._resident_megabytes():.1f} MB")

    def _kubectl(self, *arguments):
        shown = (str(argument).removeprefix(f"{REPOSITORY}/") for argument in arguments)
        print(f"$ kubectl {shlex.join(shown)}", flush=True)
        print(self._stack.plane.kubectl("-n", "default", *arguments, seconds=90).rstrip(), flush=True)

    def _annotate(self, name, value):
        self._kubectl("annotate", "--overwrite", f"apiclient/{_CLIENT}", f"apiclient.dev/{name}={value}")

    def _expect_both(self, *all_credentials):
        for credentials in all_credentials:
            status, body = self._token(credentials)
            if status != 200:
                raise Failed(f"a secret that has to work answers {status}, error {body.get('error')!r}")

    def _example_with_our_ports(self):
        if not _EXAMPLE.exists():
            raise Failed(f"there is no {_EXAMPLE}")
        text = _EXAMPLE.read_text()
        for port, ours in ((9080, self._public_port), (9081, self._admin_port)):
            if f"127.0.0.1:{port}" not in text:
                raise Failed(f"{_EXAMPLE.name} does not name 127.0.0.1:{port}")
            text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{ours}")
        path = self._stack.directory / _EXAMPLE.name
        path.write_text(text)
        return path

    def _credentials(self):
        secret = json.loads(self._stack.plane.kubectl("-n", "default", "get", "secret", _CLIENT, "-o", "json"))
        return {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}

    def _expect_token(self, credentials):
        status, body = self._token(credentials)
        if status != 200:
            raise Failed(f"the token request answers {status}, error {body.get('error')!r}")
        if not body.get("access_token"):
            raise Failed("the token response has no access_token")
        print(f"token {status} with the published Secret: token_type {body.get('token_type')},"
              f" expires_in {body.get('expires_in')}")

    def _token(self, credentials):
        identity = f"{credentials['client-id']}:{credentials['client-secret']}"
        return _curl(credentials["token-uri"], f"user = {json.dumps(identity)}", "-d", "grant_type=client_credentials")

    def _registered_name(self, client_id):
        authorization = f"header = {json.dumps(f'Authorization: Bearer {self._stack.admin_token}')}"
        return _curl(f"{self._admin}/clients/{quote(client_id, safe='')}", authorization)[1].get("client_name")

    def _secret_is_gone(self):
        found = self._stack.plane.kubectl("-n", "default", "get", "secret", _CLIENT, "--ignore-not-found", "-o", "name")
        return found.strip() == ""

    def _resident_megabytes(self):
        status = Path(f"/proc/{self._stack.processes.pid(OPERATOR)}/status").read_text()
        kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(kilobytes) / 1024


@contextlib.contextmanager
def _step(title):
    print(f"\n== {title}", flush=True)
    try:
        yield
    except Failed as error:
        raise Failed(f"step \"{title}\": {error}") from None


def _curl(url, secret_option, *arguments):
    """(HTTP status, JSON object). The secret goes through stdin: an argument list is readable by everybody."""
    done = subprocess.run(["curl", "-q", "-sS", "--noproxy", "*", "--max-time", "10", "-w", "\n%{http_code}", "-K", "-",
                           *arguments, url], input=secret_option, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"curl {url}: {done.stderr.strip()}")
    body, _, status = done.stdout.rpartition("\n")
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = {}
    return int(status), parsed if isinstance(parsed, dict) else {}
