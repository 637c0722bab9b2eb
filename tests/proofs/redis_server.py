"""A Redis server of our own: on a free port, in a temporary directory, gone at the end.

Must not touch a server that it has not started.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

START_SECONDS = 10.0
ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A running server."""

    port: int

    @property
    def url(self) -> str:
        """Its URL, for a broker as well as for a result backend."""
        return f"redis://127.0.0.1:{self.port}/0"

    def clear(self) -> None:
        """Forget all that earlier experiments have left."""
        assert self.ask("FLUSHALL").startswith("+OK")

    def ask(self, command: str) -> str:
        """The answer, in Redis' protocol, to a command. Raises OSError."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(f"{command}\r\n".encode())
            return connection.recv(65536).decode()


def redis_command() -> str | None:
    """Where the server's program is, if there is one."""
    return shutil.which("redis-server")


@contextmanager
def running_redis(command: str) -> Iterator[RedisServer]:
    """A server that keeps nothing on disk, for as long as the context lasts."""
    with tempfile.TemporaryDirectory(prefix="celeryls-redis-") as directory:
        for _ in range(ATTEMPTS):
            server = RedisServer(_free_port())
            process = subprocess.Popen(
                [
                    *(command, "--bind", "127.0.0.1", "--port", str(server.port)),
                    *("--dir", directory, "--save", "", "--appendonly", "no"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                if _is_up(server, process):
                    yield server
                    return
            finally:
                process.kill()
                process.wait()
    raise RuntimeError(f"{command} did not start in {ATTEMPTS} attempts")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _is_up(server: RedisServer, process: subprocess.Popen[bytes]) -> bool:
    """Wait for the server. False when it ended, as when another process took the port meanwhile."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if f"process_id:{process.pid}\r\n" in server.ask("INFO server"):
                return True
        except OSError:
            pass
        time.sleep(0.02)
    return False
