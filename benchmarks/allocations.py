"""Runs envcensus in this process under tracemalloc: `python allocations.py OUTPUT ARGUMENT…`."""

from __future__ import annotations

import os
import re
import sys
import tracemalloc
from collections import Counter


def main() -> None:
    """Write the peak in MB, then a line for each of the files that hold most."""
    output, sys.argv[1:] = sys.argv[1], sys.argv[2:]
    sys.argv[0] = "envcensus"
    tracemalloc.start()
    from envcensus.cli import main as cli

    held: list[tracemalloc.Snapshot] = []
    finish = os._exit
    try:
        os._exit = _stop  # type: ignore[assignment]
        cli.main()
    except SystemExit:
        pass
    finally:
        os._exit = finish
    _, peak = tracemalloc.get_traced_memory()
    held.append(tracemalloc.take_snapshot())
    sizes: Counter[str] = Counter()
    for entry in held[0].statistics("filename"):
        sizes[_short(entry.traceback[0].filename)] += entry.size
    with open(output, "w", encoding="utf-8") as file:
        file.write(f"{peak / 1e6:.2f}\n")
        file.writelines(f"{name}\t{size / 1e6:.1f}\n" for name, size in sizes.most_common(8))


def _stop(code: int) -> None:
    raise SystemExit(code)


def _short(name: str) -> str:
    """The end of a path that says where it belongs."""
    return re.sub(r"^.*/(?=(?:envcensus|site-packages|python3\.\d+)/)", "", name).removeprefix("site-packages/")


main()
