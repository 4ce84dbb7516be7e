"""Neither program leaves its memory behind as a core file, however it ends."""

import os
import resource
import signal
import subprocess
from pathlib import Path

import pytest
from controller import PROGRAM as CONTROLLER
from controlplane import OPERATOR_NAMESPACE
from ports import free_ports
from processes import answers, wait_until
from registry import PROGRAM as REGISTRY


def controller_command(plane, _folder, port):
    """One that finds the Lease taken, so it has read its credentials and waits."""
    (health,) = free_ports(1)
    return ([CONTROLLER, "--kubeconfig", plane.kubeconfig("operator"), "--namespace", OPERATOR_NAMESPACE,
             "--metrics-address", f"127.0.0.1:{port}", "--health-address", f"127.0.0.1:{health}"], "/metrics")


def registry_command(_plane, folder, port):
    public, admin = free_ports(2)
    return ([REGISTRY, "--data-dir", folder / "data", "--issuer", f"http://127.0.0.1:{public}", "--create-missing-keys",
             "--public-address", f"127.0.0.1:{public}", "--admin-address", f"127.0.0.1:{admin}",
             "--metrics-address", f"127.0.0.1:{port}"], "/readyz")


@pytest.mark.parametrize("command", [controller_command, registry_command])
def test_no_core_file(command, plane, controller, tmp_path):
    (port,) = free_ports(1)
    argv, page = command(plane, tmp_path, port)
    assert leaves_memory_behind(["sleep", "60"], tmp_path), "a program without protection leaves nothing here either"
    url = f"http://127.0.0.1:{port}{page}"
    assert not leaves_memory_behind(argv, tmp_path, ready=lambda: answers(url)), "it left its memory in a core file"


def leaves_memory_behind(argv, folder, ready=lambda: True):
    """Whether a crash does. Who is not root cannot always have core files made; for him the kernel's other sign of the
    same property counts: the environment of such a process belongs to him, that of a protected one to root."""
    process = subprocess.Popen([str(argument) for argument in argv], cwd=folder, preexec_fn=allow_core_files,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: process.poll() is not None or ready(), 30, f"{Path(argv[0]).name} is ready")
        assert process.poll() is None, f"{Path(argv[0]).name} ended with {process.returncode}"
        if os.geteuid() != 0:
            return os.stat(f"/proc/{process.pid}/environ").st_uid == os.geteuid()
        process.send_signal(signal.SIGSEGV)
        status = os.waitpid(process.pid, 0)[1]
        process.returncode = os.waitstatus_to_exitcode(status)
        return os.WCOREDUMP(status)
    finally:
        if process.returncode is None:
            process.kill()
            process.wait()


def allow_core_files():
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    unlimited = resource.RLIM_INFINITY if os.geteuid() == 0 else hard
    resource.setrlimit(resource.RLIMIT_CORE, (unlimited, unlimited))
