"""Start the product's web server and a Flask "hello" the same way, and account for what they use."""

import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from survey_app.cli.serve import web_command
from survey_app.config import read_settings

PRODUCT = "survey_app:create_app()"
ROOT = Path(__file__).parents[1]
HELLO = "from flask import Flask\napp = Flask(__name__)\n@app.get('/')\ndef hello(): return 'hello'\n"


@dataclass(frozen=True)
class Server:
    """A running gunicorn: its port and its master process."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def cpu_seconds(self) -> float:
        times = [worker.cpu_times() for worker in self.workers]
        return sum(t.user + t.system for t in times)

    def worker_megabytes(self) -> float:
        """Give the proportional set size of the one worker."""
        (worker,) = self.workers
        return worker.memory_full_info().pss / 2**20


@contextmanager
def running(application: str, port: int, folder: Path, environment: Mapping[str, str]) -> Iterator[Server]:
    """Serve a WSGI application as `serve` does, by the same command."""
    settings = replace(read_settings(environment), host="127.0.0.1", port=port)
    command = [application if word == PRODUCT else word for word in web_command(settings)]
    command += ["--pythonpath", f"{ROOT},{folder}"]
    process = subprocess.Popen(command, env=dict(environment), cwd=folder)
    try:
        _wait_until_ready(port)
        yield Server(port, process)
    finally:
        process.terminate()
        process.wait()


def _wait_until_ready(port: int) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"nothing answers on port {port}")
