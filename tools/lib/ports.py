"""Ports for servers on loopback, so that test runs beside each other never get the same one."""

import contextlib
import fcntl
import random
import socket
from pathlib import Path

import cache
from processes import Failed

_kept = None  # the open file whose byte at a port's number is locked while this process may use the port


def free_ports(count):
    """Ports nobody listens on, and that nobody else is given while this process lives. Below the kernel's ephemeral range,
    so that no outgoing connection takes one between now and the server's bind, or while a server is being restarted."""
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    candidates = random.sample(range(max(10000, low - 16000), low), 200) if low > 11000 else [0] * 200
    with contextlib.ExitStack() as held:
        ports = []
        for candidate in candidates:
            probe = held.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", candidate))
                ports.append(_keep(probe.getsockname()[1]))
            if len(ports) == count:
                return ports
    raise Failed(f"found no {count} free ports on 127.0.0.1")


def _keep(port):
    """OSError when another process keeps it."""
    global _kept
    if _kept is None:
        where = cache.directory("ports.lock")
        where.parent.mkdir(parents=True, exist_ok=True)
        _kept = open(where, "a")
    fcntl.lockf(_kept, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    return port
