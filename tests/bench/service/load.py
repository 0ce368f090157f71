"""One sample of a contender under load: its rate, and the percentiles of its times."""

import json
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from postgres import Cluster
from visitors import FIRST

HERE = Path(__file__).parent


class Sample(NamedTuple):
    """What one round has shown of a contender."""

    done: int
    rate: float
    p50_ms: float
    p99_ms: float


def run(*command: object) -> subprocess.CompletedProcess:
    command = [str(word) for word in command]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def wrk(url: str, connections: int, seconds: int, calls: Path, once: bool = False) -> Sample:
    """Let visitors call a server, `once` for none of them to call again."""
    command = ["wrk", "--threads=1", f"--connections={connections}", "--timeout=10s"]
    command += [f"--script={HERE / 'identify.lua'}", url]
    done = run(*command, f"--duration={seconds}s", "--", calls, *(["once"] if once else []))
    if done.returncode:
        sys.exit(f"wrk failed: {done.stderr}")
    seen = json.loads(done.stderr)
    if seen["refused"] or seen["broken"]:
        again = run(*command, "--duration=1s", "--", calls, "explain")
        sys.exit(f"{url} did not answer every call with 200: {done.stderr}{again.stderr}")
    return Sample(
        seen["requests"], seen["requests"] / seen["seconds"], seen["p50_ms"], seen["p99_ms"]
    )


def pgbench(
    cluster: Cluster, database: str, script: Path, clients: int, seconds: int, visitors: int
) -> Sample:
    """Run a script with prepared statements, by as many clients."""
    with tempfile.TemporaryDirectory() as folder:
        done = run(
            *(cluster.bin / "pgbench", "--no-vacuum", "--protocol=prepared", f"--file={script}"),
            *(f"--client={clients}", f"--jobs={min(clients, 2)}", f"--time={seconds}"),
            *("-D", f"clients={clients}", "-D", "called=-1"),
            *("-D", f"first={FIRST}", "-D", f"last={FIRST + visitors - 1}"),
            *("--log", f"--log-prefix={folder}/times", cluster.url(database)),
        )
        times = [
            int(line.split()[2])
            for file in Path(folder).iterdir()
            for line in file.read_text(encoding="ascii").splitlines()
        ]
    if done.returncode or not times:
        sys.exit(f"pgbench failed: {done.stdout}{done.stderr}")
    rate = re.search(r"tps = ([\d.]+)", done.stdout)
    return Sample(len(times), float(rate[1]), *milliseconds(times))


def milliseconds(microseconds: list[int]) -> tuple[float, float]:
    """Their median and 99th percentile."""
    percentiles = statistics.quantiles(microseconds, n=100, method="inclusive")
    return percentiles[49] / 1e3, percentiles[98] / 1e3


def sqlite_loop(program: Path, database: Path, script: Path, seconds: int) -> Sample:
    done = run(program, database, script, seconds)
    if done.returncode:
        sys.exit(f"sqlite-loop failed: {done.stderr}")
    seen = json.loads(done.stdout)
    rate = seen["transactions"] / seen["seconds"]
    return Sample(seen["transactions"], rate, seen["p50_ms"], seen["p99_ms"])
