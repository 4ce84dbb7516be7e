"""What a FaultProxy may do with a request: functions of the Exchange that return the Reply for its sender, None to hang
up on the sender, or RESET. Each runs on the connection's own thread, so it may wait.

    lose_reply, answer(429, Retry_After="1"), delay(2), reset, stall     a network, or a server, that has a bad day
    Pause(), Delay(), Hold("sent"), Hold("received")                     the test says when it goes on
"""

import json
import threading
import time
from dataclasses import dataclass

_LONGEST_WAIT = 60


@dataclass(frozen=True)
class Reply:
    status: int
    headers: tuple = ()
    body: bytes = b""


RESET = Reply(0)  # the connection ends by RST


def lose_reply(exchange):
    """The server does it, and nobody learns of that."""
    exchange.forward()


def answer(status, **headers):
    """The server never sees it."""
    problem = json.dumps({"title": "made by the test", "status": status}).encode()
    fields = (("Content-Type", "application/problem+json"), *((k.replace("_", "-"), v) for k, v in headers.items()))
    return lambda _exchange: Reply(status, fields, problem)


def reset(_exchange):
    """The server never sees it, and its sender's connection is reset."""
    return RESET


def stall(exchange):
    """The server never sees it; its sender waits until it has enough of that."""
    exchange.wait_until_sender_leaves(_LONGEST_WAIT)


def delay(seconds):
    """It takes so much longer."""
    def fault(exchange):
        threading.Event().wait(seconds)
        return exchange.forward()
    return fault


class Pause:
    """A fault that lets a request pass once it is told to."""

    def __init__(self):
        self.arrived = threading.Event()
        self._go_on = threading.Event()

    def __call__(self, exchange):
        self.arrived.set()
        self._go_on.wait(_LONGEST_WAIT)
        return exchange.forward()

    def end(self):
        self._go_on.set()


class Hold:
    """A fault that keeps what is under way until `end`: the request, which then never arrives ("sent"), or the reply to
    what the server has done, which then does ("received"). `since`: the moment at which it came, by time.time()."""

    def __init__(self, side):
        self._side = side
        self.since = None
        self.arrived = threading.Event()
        self._go_on = threading.Event()

    def __call__(self, exchange):
        self.since = time.time()
        reply = exchange.forward() if self._side == "received" else None
        self.arrived.set()
        self._go_on.wait(_LONGEST_WAIT)
        return reply

    def end(self):
        self._go_on.set()


class Delay:
    """A fault that hangs up on the sender and keeps the request. `deliver` sends it, much later."""

    def __init__(self):
        self._exchange = None
        self._arrived = threading.Event()

    def __call__(self, exchange):
        self._exchange = exchange
        self._arrived.set()

    def deliver(self):
        """The server's late Reply."""
        assert self._arrived.is_set(), "no request was held back"
        return self._exchange.forward()
