"""What a test has done all the time, beside what it does itself."""

import threading


class Background:
    """`look` again and again, in a thread of its own, from enter to exit."""

    def __init__(self, every):
        self._every = every  # seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def look(self):
        raise NotImplementedError

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        self._thread.join(10)

    def _run(self):
        while not self._stopping.wait(self._every):
            self.look()
