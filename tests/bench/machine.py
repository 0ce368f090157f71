"""What a reader has to know of the machine: nothing that names it."""

import os
import platform
from pathlib import Path


def describe() -> dict[str, str]:
    cpu = fields("/proc/cpuinfo")
    memory_kib = int(fields("/proc/meminfo")["MemTotal"].split()[0])
    # Under the names that x86 and Arm have for them.
    flags = (cpu.get("flags") or cpu.get("Features", "")).split()
    sha = "with" if {"sha_ni", "sha2"}.intersection(flags) else "without"
    kernel = platform.release().partition("-")[0]
    model = cpu.get("model name", platform.machine())
    return {
        "CPU": f"{model}, {os.cpu_count()} cores, {sha} SHA instructions",
        "memory": f"{memory_kib / 2**20:.1f} GiB",
        "system": f"{platform.freedesktop_os_release()['PRETTY_NAME']}, Linux {kernel}",
        "load average before": f"{os.getloadavg()[0]:.2f}",
    }


def fields(path: str) -> dict[str, str]:
    """The lines of a file of `name : value`; where a name comes again, its last value."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    pairs = (line.partition(":") for line in lines)
    return {name.strip(): value.strip() for name, _, value in pairs}
