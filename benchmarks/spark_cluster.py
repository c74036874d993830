"""A real Spark cluster on loopback: a master and two workers, each a process, ended with the block."""

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

N_WORKERS = 2
MEMORY = "2g"
STARTS_WITHIN = 60


@contextmanager
def spark_cluster(python: Path, folder: Path, port: int = 7177) -> Iterator[str]:
    """Start a standalone cluster with the PySpark of an environment; give its master's address.

    `folder` holds the workers' scratch files. Each worker has one core and 2 GB.
    """
    home = _spark_home(python)
    environment = {**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"}
    environment |= {"SPARK_DAEMON_MEMORY": "512m", "PYSPARK_PYTHON": str(python)}
    environment |= {"SPARK_LOCAL_DIRS": str(folder), "SPARK_WORKER_DIR": str(folder)}
    master = f"spark://127.0.0.1:{port}"
    deploy = [str(home / "bin" / "spark-class"), "org.apache.spark.deploy."]
    at_master = ["--host", "127.0.0.1", "--port", str(port), "--webui-port", str(port + 1)]
    at_worker = ["--host", "127.0.0.1", "--cores", "1", "--memory", MEMORY, master]
    with ExitStack() as stack:
        log = stack.enter_context((folder / "cluster.log").open("wb"))

        def start(kind: str, arguments: list[str]) -> None:
            command = [deploy[0], deploy[1] + kind, *arguments]
            stack.enter_context(_ending(subprocess.Popen(command, env=environment, stdout=log, stderr=log)))

        start("master.Master", at_master)
        for worker in range(N_WORKERS):
            start("worker.Worker", ["--webui-port", str(port + 2 + worker), *at_worker])
        _wait_for_workers(port + 1)
        yield master


def _spark_home(python: Path) -> Path:
    code = "import pyspark, pathlib; print(pathlib.Path(pyspark.__file__).parent)"
    run = subprocess.run([str(python), "-c", code], capture_output=True, check=True, text=True)
    return Path(run.stdout.strip())


@contextmanager
def _ending(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for_workers(web_port: int) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{web_port}/json/", timeout=2) as answer:
                state = json.load(answer)
        except OSError:
            state = {"aliveworkers": 0}
        if state["aliveworkers"] == N_WORKERS:
            return
        time.sleep(0.25)
    raise RuntimeError(f"the cluster has not come up within {STARTS_WITHIN} s")
