"""Try the packages and the service where users have them and `make test` does not.

    run.py [--write] [--only WORD ...]
    run.py --prepare

Prints a table of what passed, what failed and what could not be run, and why. With --write, puts it
into docs/platforms.md; rows that --only leaves out stay there as they are. Ends with 1 if something
that ran has failed. What is made for the trials is kept in target/platforms, for the next run.
With --prepare, only makes that: the Debians, and the interpreters that are built from source. It
needs no package, so it can run beside the builds.
"""

import argparse
import signal
import sys
import time

import arm64
import database
import interpreters
import packages
import report
import sources
import suites


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="put the table into docs/platforms.md")
    parser.add_argument("--only", nargs="+", default=[], help="cases whose row has all these words")
    parser.add_argument("--prepare", action="store_true", help="make the Debians, and run nothing")
    given = parser.parse_args()
    # So that what was started is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if given.prepare:
        try:
            prepare()
        except (report.NotRunError, report.FailedError) as failure:
            sys.exit(str(failure))
        return
    start = time.monotonic()
    modules = (packages, interpreters, arm64, database)
    cases = [case for module in modules for case in module.cases()]
    chosen = [case for case in cases if all(word in str(case) for word in given.only)]
    if not chosen:
        sys.exit(f"no row has {' and '.join(given.only)}")
    rows = [report.try_case(case) for case in chosen]
    print(report.table(rows))
    minutes = (time.monotonic() - start) / 60
    print(f"platforms: {report.summary(rows)} {minutes:.0f} minutes")
    if given.write:
        report.write(cases, rows)
    sys.exit(1 if report.count(rows, report.FAILED) else 0)


def prepare() -> None:
    for suite in (suites.BOOKWORM, suites.TRIXIE, suites.SID, suites.BULLSEYE):
        suites.make(suite)
    sources.python(suites.BULLSEYE)
    sources.ruby(suites.BULLSEYE)
    arm64.qemu()


if __name__ == "__main__":
    main()
