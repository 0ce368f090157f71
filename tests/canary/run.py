"""Send secrets that are new in every run through everything, and search all that comes of it.

    run.py --installed FOLDER --built FOLDER --memory PROGRAM

FOLDER with the packages is as tests/docs/run.py leaves it; the one of what was built holds the
command and the service. Prints a line `proved: …` for each claim that holds.
"""

import argparse
import base64
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import command
import service
from search import Search, new_secret, new_token_key

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("installed", "built", "memory"):
        parser.add_argument(f"--{name}", required=True, type=lambda path: Path(path).absolute())
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        languages = {
            "Python": ([given.installed / "python/bin/python"], "python.py", {}, folder),
            "Ruby": (["ruby"], "ruby.rb", {"GEM_HOME": str(given.installed / "ruby")}, folder),
            "Node": (["node", "--expose-gc"], "node.mjs", {}, given.installed / "node"),
        }
        file = folder / "secret"
        for language, (words, script, environment, cwd) in languages.items():
            check_binding(language, [*words, HERE / script], environment, cwd, file)
        check_memory("the core", [given.memory], {}, folder, None)
        for language, (words, script, environment, cwd) in languages.items():
            check_memory(language, [*words, HERE / "memory" / script, file], environment, cwd, file)
    command.check(given.built / "identity-hmac")
    service.check(given.built)


def check_binding(
    language: str, words: list, environment: dict[str, str], cwd: Path, file: Path
) -> None:
    search = Search(secret=new_secret(), token_key=new_token_key())
    write(search, file)
    environment = os.environ | environment

    def probe(*arguments: str, fails: bool = False) -> subprocess.CompletedProcess:
        done = subprocess.run(
            [*words, file, *arguments], cwd=cwd, env=environment, capture_output=True
        )
        if (done.returncode != 0) != fails:
            sys.exit(f"{language} {arguments}: {done.stderr.decode()}")
        return done

    counts = Counter()
    shown = probe()
    search.none(f"{language}'s standard error", shown.stderr)
    for line in map(json.loads, shown.stdout.splitlines()):
        data = base64.b64decode(line["shown"])
        place = f"{language}: {line['what']}, {line['way']}"
        if line["kind"] == "planted":
            search.found(place, data)
        else:
            search.none(place, data)
        counts[line["kind"]] += 1
    errors = int(probe("uncaught").stdout)
    for number in range(errors):
        done = probe("uncaught", str(number), fails=True)
        search.none(f"{language}: uncaught error {number}", done.stdout + done.stderr)
    search.found(f"{language}: uncaught", probe("uncaught", "planted", fails=True).stderr)
    prove(
        f"{language} shows no secret in any inspection, copy, serialization, error or traceback",
        f"{counts['inspection']} inspections, {errors} errors provoked and shown in"
        f" {counts['error'] // errors + 1} ways, {search.bytes:,} bytes;"
        f" {counts['planted'] + 1} of {counts['planted'] + 1} planted leaks found",
    )


def write(search: Search, file: Path) -> None:
    """The secret into the file, and the token key into the one beside it."""
    file.write_text(search.secrets["secret"], encoding="utf-8")
    Path(f"{file}.token-key").write_text(search.secrets["token_key"], encoding="utf-8")


def check_memory(
    what: str, words: list, environment: dict[str, str], cwd: Path, file: Path | None
) -> None:
    """Search a whole process for what a prepared key holds, before and after it is dropped."""
    # 64 characters, which the core's program reads first.
    search = Search(secret=f"{new_secret():*<64}", token_key=new_token_key())
    if file:
        write(search, file)
    process = subprocess.Popen(
        words, cwd=cwd, env=os.environ | environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    if not file:
        process.stdin.write("".join(search.secrets.values()).encode())
    # How often each key's state is where, by step.
    seen: dict[str, dict[str, Counter[str]]] = {}
    while True:
        process.stdin.flush()
        step = process.stdout.readline().decode().strip()
        memory = memory_of(process.pid)
        seen[step] = {
            # The secret itself is the host's to hold: it read the file.
            place: Counter(
                {name: sum(map(data.count, states)) for name, states in search.key_states.items()}
            )
            for place, data in memory.items()
        }
        if step == "dropped":
            if not file:
                search.none(f"the heap of {what}", memory["heap"])
            break
        process.stdin.write(b"\n")
    process.stdin.write(b"\n")
    process.communicate()
    if not all(seen["held"]["heap"].values()) or seen["dropped"]["heap"].total():
        sys.exit(f"{what}: key states in memory: {seen}")
    prove(
        f"a dropped key of {what} leaves no key state in the memory of its process outside of the"
        " stack",
        f"{seen['held']['heap'].total()} states found before and {seen['dropped']['heap'].total()}"
        f" after in {len(memory['heap']) / 2**20:.0f} MiB; copies that moves left on the stack"
        f" {seen['dropped']['stack'].total()}",
    )


def memory_of(process: int) -> dict[str, bytes]:
    """All that a process can write to, its main stack apart."""
    memory = {"heap": b"", "stack": b""}
    maps = Path(f"/proc/{process}/maps").read_text(encoding="utf-8")
    with Path(f"/proc/{process}/mem").open("rb", buffering=0) as all_of_it:
        for start, end, name in re.findall(r"^(\w+)-(\w+) rw\S+ \S+ \S+ \S+ *(.*)$", maps, re.M):
            all_of_it.seek(int(start, 16))
            place = "stack" if name == "[stack]" else "heap"
            memory[place] += all_of_it.read(int(end, 16) - int(start, 16))
    return memory


def prove(claim: str, figure: str) -> None:
    print(f"proved: {claim}: {figure}", flush=True)


if __name__ == "__main__":
    main()
