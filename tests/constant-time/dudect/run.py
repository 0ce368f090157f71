"""Runs dudect three times and judges how far its two classes of candidates are apart.

dudect gives Welch's t: the largest of 101 tests, each over the samples faster than some limit.
Classes that take the same time reach 5 by chance in fewer than one run of ten thousand. From 5 on
dudect's authors are suspicious, and 10 they call a leak. A shared machine can disturb one run, but
a leak shows in every run: so the median of the three must stay below 5, and none may reach 10.
The control leaks, and has to reach 10 in every run.
"""

import re
import statistics
import subprocess
import sys

RUNS = 3
SUSPICIOUS = 5
LEAK = 10

RESULT = re.compile(r"^bench (\w+?)_(\w+) +\.\.\. (\d+) samples: .*\bmax t = ([+-][\d.]+),", re.M)
CASES = {
    "one_byte": "verify takes the same time whether the first byte is wrong or the last",
    "prefix": "verify takes the same time however many of the first bytes are right",
    "token_one_byte": "a token's verify takes the same time whether the first byte of the "
    "signature is wrong or the last",
    "token_prefix": "a token's verify takes the same time however many of the signature's first "
    "bytes are right",
}


def main(program):
    runs = [measure(program) for _ in range(RUNS)]
    faults = [fault for case in CASES if (fault := judge(case, runs))]
    if faults:
        sys.exit("\n".join(faults))


def measure(program):
    """Returns the samples and abs t of each subject and case."""
    out = subprocess.run([program], check=True, stdout=subprocess.PIPE, text=True).stdout
    print(out, file=sys.stderr)
    return {
        (subject, case): (int(samples), abs(float(t)))
        for subject, case, samples, t in RESULT.findall(out)
    }


def judge(case, runs):
    """Prints what was shown, or returns what was not."""
    samples = min(run["verify", case][0] for run in runs)
    verify = [run["verify", case][1] for run in runs]
    control = [run["control", case][1] for run in runs]
    if statistics.median(verify) >= SUSPICIOUS or max(verify) >= LEAK:
        return f"{case}: verify takes another time for one class than for the other: abs t {verify}"
    if min(control) < LEAK:
        return f"{case}: the control's leak was not seen: abs t {control}"
    ts = ", ".join(f"{t:.1f}" for t in verify)
    print(
        f"proved: {CASES[case]}: abs t {ts} in {RUNS} runs of "
        f"{samples:,} samples; an early exit gives {min(control):.0f} or more"
    )
    return None


if __name__ == "__main__":
    main(*sys.argv[1:])
