"""The real app in a process of its own, for browser tests and benchmarks."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent
DEADLINE = 120.0


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class AppServer:
    """`with AppServer() as server`: the app answers at `server.url` until the block ends."""

    def __init__(
        self,
        command: tuple[str, ...] = (sys.executable, "-m", "seqviz"),
        flags: tuple[str, ...] = (),
        cwd: Path = ROOT,
        env: dict[str, str] | None = None,
    ) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        own = ("--server.port", str(self.port), "--server.headless", "true")
        self.command = (*command, *own, *flags)
        self.cwd = cwd
        self.env = {**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})}
        self.process: subprocess.Popen[bytes] | None = None
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        self._text = b""

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            self.command,
            cwd=self.cwd,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        try:
            self._wait()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def log(self) -> str:
        """What the server has printed so far."""
        if not self._log.closed:
            self._text = os.pread(self._log.fileno(), os.fstat(self._log.fileno()).st_size, 0)
        return self._text.decode("utf-8", "replace")

    def _wait(self) -> None:
        assert self.process is not None
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"the app ended with {self.process.returncode}:\n{self.log()}")
            if healthy(self.url):
                return
            time.sleep(0.02)
        raise RuntimeError(f"the app did not answer within {DEADLINE} s:\n{self.log()}")

    def _stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log()
        self._log.close()


def healthy(url: str) -> bool:
    """Whether the server at `url` lets visitors in."""
    try:
        with urlopen(f"{url}/_stcore/health", timeout=5) as answer:
            return answer.read() == b"ok"
    except (URLError, ConnectionError, TimeoutError):
        return False
