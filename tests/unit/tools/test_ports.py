import subprocess
import sys
from pathlib import Path

LIBRARY = Path(__file__).resolve().parents[3] / "tools" / "lib"
sys.path.insert(0, str(LIBRARY))

from ports import free_ports  # noqa: E402

# Draws the ports that are its arguments, in this order.
ANOTHER = """
import random, sys
import ports
random.sample = lambda *_: [int(one) for one in sys.argv[1:]]
print(*ports.free_ports(1))
"""


def drawn_by_another_process(*ports):
    done = subprocess.run([sys.executable, "-B", "-c", ANOTHER, *map(str, ports)], cwd=LIBRARY, capture_output=True, text=True,
                          check=True)
    return int(done.stdout)


def test_another_process_gets_none_that_this_one_has():
    first, second = free_ports(2)
    assert drawn_by_another_process(first, second, 0) not in (first, second)


def test_what_a_process_had_can_be_had_again_when_it_has_ended():
    port = drawn_by_another_process(0)
    assert drawn_by_another_process(port, 0) == port
