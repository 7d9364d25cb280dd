"""What a person sees of a start: one line a step with its seconds, and what the processes complain about."""

import contextlib
import time
from collections.abc import Iterator


class Console:
    def __init__(self) -> None:
        self._line_is_open = False

    def say(self, text: str) -> None:
        """A line of its own, also in the middle of a step."""
        print(f"\n{text}" if self._line_is_open else text, flush=True)
        self._line_is_open = False

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[None]:
        """`Loading demo data … 12.3 s`, the seconds once it is done."""
        print(f"{title} … ", end="", flush=True)
        self._line_is_open = True
        started = time.monotonic()
        try:
            yield
        except BaseException:
            self._close_line("")
            raise
        self._close_line(f"{time.monotonic() - started:.1f} s", title)

    def _close_line(self, text: str, title: str = "") -> None:
        print(text if self._line_is_open or not title else f"{title}: {text}", flush=True)
        self._line_is_open = False
