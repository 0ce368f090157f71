"""What the benches share, and how a case is measured."""

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from load import Sample
from postgres import Cluster
from servers import Server
from visitors import Organization

# Our contender in every case.
SERVICE = "identity-hmac-server"
BEFORE = "identity-hmac-server before"


class Scale(NamedTuple):
    """How much is measured."""

    seconds: int
    rounds: int
    connections: Sequence[int]
    organizations: Sequence[int]
    identities: Sequence[int]
    processes: Sequence[int]


class Programs(NamedTuple):
    """What `make build` has built."""

    service: Path
    # The one of an earlier commit, which the Makefile names.
    before: Path
    command: Path
    sqlite_loop: Path


class Bench(NamedTuple):
    """Where and with what the benches are run."""

    scale: Scale
    programs: Programs
    cluster: Cluster
    folder: Path
    # The one of the database `organization`, which others are made from.
    organization: Organization
    # What the names of the cases hold that are measured.
    only: str = ""

    def wants(self, *cases: str) -> bool:
        """Whether one of these cases is to be measured."""
        return any(self.only in case for case in cases)


class Contender(NamedTuple):
    """One way to do the work of a case."""

    name: str
    sample: Callable[[], Sample]
    # Those whose memory is told.
    servers: Sequence[Server] = ()


def measure(bench: Bench, section: str, case: str, contenders: list[Contender]) -> None:
    """Sample all contenders in every round, and print what they have shown."""
    if not bench.wants(case):
        return
    samples = {contender.name: [] for contender in contenders}
    peaks = {contender.name: [] for contender in contenders}
    for _ in range(bench.scale.rounds):
        for contender in random.sample(contenders, len(contenders)):
            for server in contender.servers:
                server.forget_peak()
            samples[contender.name].append(contender.sample())
            peaks[contender.name] += [server.peak_mib() for server in contender.servers]
    for name, shown in samples.items():
        line = {"section": section, "case": case, "contender": name}
        for figure in ("rate", "p50_ms", "p99_ms"):
            line[figure] = [round(getattr(sample, figure), 3) for sample in shown]
        if peaks[name]:
            line["peak_mib"] = round(max(peaks[name]), 1)
        print(json.dumps(line), flush=True)
