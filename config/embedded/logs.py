"""One process's output: all of it into a bounded file, what a person should see to the console."""

import re
from collections.abc import Callable
from pathlib import Path

KEEP_BYTES = 20 * 1024**2  # then the file becomes `<name>.log.1` and a new one begins
ALARMING = re.compile(rb"\b(WARNING|ERROR|CRITICAL|FATAL)\b|^Traceback ")
EXPECTED = re.compile(
    rb"WARNING overcommit_memory|Worker exiting|Connection to broker lost|consumer: Cannot connect"
)


class Log:
    def __init__(
        self, path: Path, *, name: str, say: Callable[[str], None] | None = None, echo: bool = False
    ) -> None:
        """`say` gets alarming lines, behind the process's name; with `echo` it gets all of them, as they are."""
        self.path, self.name, self.say, self.echo = path, name, say, echo
        self._rest = b""
        self._in_traceback = False
        path.touch()

    def write(self, chunk: bytes) -> None:
        """Take output in pieces of any size; lines are judged once whole."""
        with self.path.open("ab") as file:
            file.write(chunk)
            full = file.tell() > KEEP_BYTES
        if full:
            self.path.replace(self.path.with_suffix(".log.1"))
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._judge(line)

    def finish(self) -> None:
        if self._rest:
            self._judge(self._rest)
        self._rest = b""

    def _judge(self, line: bytes) -> None:
        if self.say and self.echo:
            self.say(f"  {line.decode(errors='replace')}")
            return
        belongs_to_traceback = self._in_traceback
        if line.startswith(b"Traceback "):
            self._in_traceback = True
        elif self._in_traceback and not line.startswith((b" ", b"\t")):
            self._in_traceback = False  # this line names the exception
        alarming = belongs_to_traceback or ALARMING.search(line)
        if self.say and alarming and not EXPECTED.search(line):
            self.say(f"{self.name:7}| {line.decode(errors='replace')}")


def tail(path: Path, lines: int = 15) -> str:
    if not path.exists():
        return ""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
