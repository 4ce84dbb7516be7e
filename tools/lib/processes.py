"""Server processes that outlive the call which started them, and are stopped by that same identity.

A pid alone may have been given to somebody else meanwhile, so each one is recorded with the start time that the
kernel keeps for it, and signalled through a pidfd after both were compared.
"""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path


class Failed(RuntimeError):
    """A step did not work. The message names the step and what to look at; it is meant to be printed as it is."""


class Interrupted(BaseException):
    """A signal asked us to end. Derived from BaseException so that no `except Exception` swallows it."""

    def __init__(self, signum):
        super().__init__(f"signal {signum}")
        self.signum = signum


_held = 0
_pending = None


def _on_signal(signum, _frame):
    global _pending
    if _held:
        _pending = signum
    else:
        raise Interrupted(signum)


def raise_on_signals():
    """Turns SIGTERM, SIGHUP and SIGINT into `Interrupted`, so that `finally` blocks run."""
    for signum in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(signum, _on_signal)


@contextlib.contextmanager
def uninterrupted():
    """Delays `Interrupted` to the end of the block: a process is started and recorded, or neither."""
    global _held, _pending
    _held += 1
    try:
        yield
    finally:
        _held -= 1
    if not _held and _pending is not None:
        signum, _pending = _pending, None
        raise Interrupted(signum)


def wait_until(condition, seconds, what, interval=0.05):
    """Returns the first true value of `condition()`; raises Failed with `what` when the deadline has passed."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed(f"gave up after {seconds:g} s waiting until {what}")
        time.sleep(interval)


def answers(url, seconds=2.0):
    """True when a plain HTTP GET of `url` answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


def tail(path, lines=20):
    """The end of a log file, indented for a message."""
    try:
        text = Path(path).read_text(errors="replace").splitlines()[-lines:]
    except OSError as error:
        text = [str(error)]
    return "\n".join("    " + line for line in text)


def _stat(pid):
    """(state, start time) of a process, or None when there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, IndexError):
        return None
    return fields[0], int(fields[19])


def _ends_within(pidfd, seconds):
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(max(seconds, 0) * 1000))


class ProcessTable:
    """The processes of one directory, recorded in its file `pids` as lines of `name pid start-time`.

    Not thread-safe. Another ProcessTable on the same file may read it and stop the processes.
    """

    def __init__(self, directory, die_with_us=False):
        self._file = Path(directory) / "pids"
        self._die_with_us = die_with_us
        self._children = {}

    def spawn(self, name, argv, log, env=None):
        """Starts argv in a session of its own, with both outputs appended to `log`."""
        if self._die_with_us:
            argv = [shutil.which("setpriv"), "--pdeathsig", "KILL", "--", *argv]
        with uninterrupted(), open(log, "ab") as output:
            child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env,
                                     cwd="/", start_new_session=True)
            self._children[child.pid] = child
            start = _stat(child.pid)[1]
            self._write({**self._read(), name: (child.pid, start)})
        return child.pid

    def pid(self, name):
        """Its pid while it runs (or is paused), else None."""
        pid, start = self._read().get(name, (None, None))
        if pid in self._children:
            self._children[pid].poll()
        found = _stat(pid) if pid else None
        return pid if found and found[1] == start and found[0] not in "ZX" else None

    def state(self, name):
        """"running", "paused" or "stopped"."""
        pid = self.pid(name)
        if pid is None:
            return "stopped"
        return "paused" if _stat(pid)[0] in "Tt" else "running"

    def exit_code(self, name):
        """How one that this object started has ended: its exit code, -N for signal N; None while it runs."""
        pid, _ = self._read().get(name, (None, None))
        return self._children[pid].poll() if pid in self._children else None

    def names(self):
        return list(self._read())

    def signal(self, name, signum):
        """Sends a signal; False when the process does not run."""
        with contextlib.ExitStack() as stack:
            return self._signal(stack, name, signum) is not None

    def stop(self, name, grace=15.0):
        """SIGTERM, then SIGKILL once `grace` seconds have passed. Does nothing for a process that does not run."""
        with uninterrupted(), contextlib.ExitStack() as stack:
            first = signal.SIGTERM if grace > 0 else signal.SIGKILL
            pidfd = self._signal(stack, name, first)
            if pidfd is not None:
                self._signal(stack, name, signal.SIGCONT)
                if not _ends_within(pidfd, grace):
                    self._signal(stack, name, signal.SIGKILL)
                    _ends_within(pidfd, 10)
            if self.pid(name) is not None:
                raise Failed(f"{name} (pid {self.pid(name)}) does not end")
            self._write({key: value for key, value in self._read().items() if key != name})

    def _signal(self, stack, name, signum):
        pid = self.pid(name)
        if pid is None:
            return None
        try:
            pidfd = os.pidfd_open(pid)
            stack.callback(os.close, pidfd)
            if self.pid(name) is None:
                return None
            signal.pidfd_send_signal(pidfd, signum)
            return pidfd
        except ProcessLookupError:
            return None

    def _read(self):
        try:
            lines = self._file.read_text().splitlines()
        except FileNotFoundError:
            return {}
        return {name: (int(pid), int(start)) for name, pid, start in (line.split() for line in lines)}

    def _write(self, table):
        fresh = self._file.with_suffix(".new")
        fresh.write_text("".join(f"{name} {pid} {start}\n" for name, (pid, start) in table.items()))
        fresh.replace(self._file)
