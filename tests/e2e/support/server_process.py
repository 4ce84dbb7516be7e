"""Starting a server that a test needs."""

from processes import Failed, answers, tail, wait_until


def start_server(plane, name, argv, log, url, seconds, interval=0.05, environment=None):
    """Returns when it answers at `url`; Failed, with the end of its log, when it ends before."""
    plane.processes.spawn(name, [str(argument) for argument in argv], log, environment)

    def ready():
        if plane.processes.pid(name) is None:
            raise Failed(f"{name} ended; its log ends:\n{tail(log)}")
        return answers(url)

    wait_until(ready, seconds, f"{name} is ready", interval=interval)
