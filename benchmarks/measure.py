"""One measurement: commands in a neutral environment, with wall and CPU time, memory and requests."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from benchmarks import launcher

# Settings of the machine's owner that would decide a comparison: certificate directories, configured indexes, proxies.
FOREIGN = ("PIP_", "UV_", "SSL_", "REQUESTS_", "CURL_", "GIT_", "NODE_", "AWS_", "GRPC_", "NIX_", "CLOUDSDK_")
PERSONAL = ("HTTPLIB2_", "PYTHON", "ENVCENSUS_", "VIRTUAL_ENV", "CONDA", "XDG_", "COLUMNS")
DISTURBED = 0.25  # share of a CPU that others may use during a run before it is repeated


def neutral_environment(home: str, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment every side runs in: nothing configured, an empty home, no colours."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN + PERSONAL)}
    kept = {key: value for key, value in kept.items() if not key.lower().endswith("_proxy")}
    fixed = {
        "HOME": home,
        "NO_COLOR": "1",
        "LC_ALL": "C.UTF-8",
        "UV_NO_CONFIG": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    return {**kept, **fixed, **(extra or {})}


@dataclass
class Sample:
    """What one run of one side took. Seconds and bytes."""

    wall: float
    user: float
    system: float
    largest: int  # resident size of the largest single process
    pss: int | None  # peak of all processes together, where it was sampled
    processes: int | None
    codes: dict[str, int]  # exit code → how many commands
    others: float  # share of one CPU that the rest of the machine used meanwhile
    requests: int | None = None
    until_last: float = 0

    @property
    def cpu(self) -> float:
        """User and system time of every process that was started."""
        return self.user + self.system


class CommandFailed(Exception):
    """A side ended with an exit code that its row does not allow."""


def run(
    commands: Sequence[Sequence[str]],
    *,
    room: str,
    env: Mapping[str, str],
    jobs: int = 1,
    stdin: str = os.devnull,
    allowed: Iterable[int] = (0,),
    sample_memory: bool = False,
    beside: Iterable[int] = (),
) -> Sample:
    """Run commands to the end. `room` takes their output; the processes `beside` (a server) are not "others"."""
    resolved = [[shutil.which(command[0]) or command[0], *command[1:]] for command in commands]
    stderr = os.path.join(room, "stderr")
    order = {
        "commands": resolved,
        "jobs": jobs,
        "env": dict(env),
        "stdin": stdin,
        "stdout": os.path.join(room, "stdout"),
        "stderr": stderr,
        "interval": 0.004 if sample_memory else 0,
    }
    spent = sum(map(cpu_of, beside))
    done = subprocess.run(
        [sys.executable, "-I", "-S", launcher.__file__],
        input=json.dumps(order).encode(),
        stdout=subprocess.PIPE,
        check=True,
        cwd=room,  # a checkout of ours has a pyproject.toml that would be read
    )
    account = json.loads(done.stdout)
    bad = {code: count for code, count in account["codes"].items() if int(code) not in set(allowed)}
    if bad:
        with open(stderr, encoding="utf-8", errors="replace") as file:
            raise CommandFailed(f"{' '.join(resolved[0][:4])} … ended with {bad}: {file.read()[-800:]}")
    own = account["user"] + account["system"] + sum(map(cpu_of, beside)) - spent
    return Sample(
        wall=account["wall"],
        user=account["user"],
        system=account["system"],
        largest=account["largest"],
        pss=account["pss"],
        processes=account["processes"],
        codes=account["codes"],
        others=max(0.0, account["machine_busy"] - own) / max(account["until_last"], 0.05),
        until_last=account["until_last"],
    )


def cpu_of(pid: int) -> float:
    """CPU seconds a live process has used."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        fields = file.read().rpartition(b") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_for_quiet(limit: float) -> None:
    """Wait until the machine has been idle for a moment, at most `limit` seconds."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        before = launcher.busy()
        time.sleep(0.25)
        if launcher.busy() - before < 0.25 * DISTURBED:
            return


def median(values: Iterable[float]) -> float:
    """The median; of nothing, nan."""
    found = list(values)
    return statistics.median(found) if found else float("nan")


def as_json(sample: Sample) -> dict[str, object]:
    """Plain data, times rounded to what can be measured."""
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in asdict(sample).items()}
