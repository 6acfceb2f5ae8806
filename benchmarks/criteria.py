"""What the project set out to be, and the rows or tests that show how far it is."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.rows import Quantity

SEQUENTIAL = "our own, sequential"  # the name of such a side in the table; rows call it after what it leaves out


@dataclass(frozen=True)
class Figure:
    """A figure of a row: how many times `peer` takes as much as `ours`, or without a peer the quantity of `ours`."""

    row: str
    peer: str = ""
    quantity: Quantity = "wall"
    ours: str = "envcensus"
    called: str = ""  # what the table says in place of the peer's name


@dataclass(frozen=True)
class Proof:
    """A command whose success is the figure; `files` are what it runs, below the checkout's root."""

    command: str
    files: tuple[str, ...]
    what: str


@dataclass(frozen=True)
class Criterion:
    """One thing that was set out for. The first of `figures` has to reach `goal`; the others are told beside it."""

    title: str
    figures: tuple[Figure, ...] = ()
    goal: float = 0  # at least so many times; without a peer, at the most so much
    proofs: tuple[Proof, ...] = ()


def _tests(what: str, *files: str) -> Proof:
    """Proof by the suite."""
    return Proof(f"pytest {' '.join(files)}", files, what)


CRITERIA = (
    Criterion(
        "`list --outdated` 5 to 10 times faster than pip",
        (
            Figure("outdated-1000-cold", "pip"),
            Figure("outdated-1000-cold", "envcensus, one connection", called=SEQUENTIAL),
            Figure("outdated-1000-cold", "uv"),
            Figure("outdated-1000-warm", "uv"),
            Figure("outdated-200-cold", "uv, two at a time"),
            Figure("outdated-200-warm", "uv, two at a time"),
        ),
        5,
    ),
    Criterion(
        "resolution 5 to 8 times faster than pip",
        (
            Figure("resolve-pip-cold", "pip"),
            Figure("resolve-pip-warm", "pip"),
            Figure("resolve-pip-cold", "envcensus, sequential", called=SEQUENTIAL),
            Figure("resolve-pip-cold", "uv"),
            Figure("resolve-airflow-cold", "uv"),
            Figure("resolve-airflow-warm", "uv"),
        ),
        5,
    ),
    Criterion(
        "`list` 3 to 5 times faster than pip",
        (
            Figure("list-one", "pip"),
            Figure("list-one", "pipdeptree"),
            Figure("list-one", "envcensus, one CPU", called=f"{SEQUENTIAL}, nothing cached"),
            Figure("list-one", "uv"),
            Figure("scan-200-fresh", "pip"),
            Figure("scan-200-fresh", "pipdeptree"),
            Figure("scan-200-fresh", "envcensus, one CPU", called=SEQUENTIAL),
            Figure("scan-200-unchanged", "uv"),
        ),
        3,
    ),
    Criterion(
        "less than 100 MB for 1,000 packages",
        (
            Figure("outdated-1000-cold", quantity="memory"),
            Figure("outdated-1000-workers", quantity="memory", ours="envcensus, two workers"),
            Figure("outdated-1000-warm", quantity="memory"),
        ),
        100e6,
    ),
    Criterion(
        "no race, no corruption",
        proofs=(
            Proof(
                "python -m benchmarks.soak --seconds 180",
                ("benchmarks/soak.py",),
                "eight runs at once on one cache, killed at random, on a faulty index: no report differs from that of "
                "a run alone, nothing is left behind, and the cache is sound",
            ),
            _tests(
                "writers, readers and workers killed or stopped at any moment, files damaged, two versions at once",
                "tests/faults/test_cache_crashes.py",
                "tests/faults/test_cache_contention.py",
                "tests/faults/test_pool_deaths.py",
            ),
        ),
    ),
    Criterion(
        "compatible outputs",
        proofs=(
            _tests(
                "`list` and `list --outdated` are pip's, byte for byte; listings agree with `pip list`, `pip inspect` "
                "and `importlib.metadata` in environments of venv, virtualenv and uv",
                "tests/integration/test_cli_outdated.py",
                "tests/integration/test_inventory_pip.py",
            ),
            _tests(
                "the newest and the wanted version are those that pip's finder and pip's resolver choose",
                "tests/property/test_page_against_pip.py",
                "tests/integration/test_wanted_pip.py",
            ),
            _tests(
                "pip and uv install what `resolve` wrote; answers on recorded trees and public scenarios",
                "tests/integration/test_resolve_command.py",
                "tests/conformance",
            ),
        ),
    ),
)
