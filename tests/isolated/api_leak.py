"""Run by itself: whether a program that keeps asking stays as it is. Exits with 1 if it does not.

python tests/isolated/api_leak.py [ROUNDS]
"""

from __future__ import annotations

import pathlib
import sys
import tempfile

from flat import rounds_wanted, watch  # type: ignore[import-not-found,unused-ignore]

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

import envcensus
from benchmarks.fleet import make_fleet
from benchmarks.index_server import Universe, running

KEPT: list[object] = []
MARGIN = 8 << 20  # a run takes and gives back some 20 MB, which leaves gaps; keeping its pages would be 3 MB a run


def main() -> None:
    """Scan, look up with and without the cache, and once where no index answers."""
    with tempfile.TemporaryDirectory() as folder, running(Universe(fleet=True)) as index:
        make_fleet(f"{folder}/srv", 4, 30)
        cache, roots = f"{folder}/cache", f"{folder}/srv"

        def scans(i: int) -> None:
            assert sum(len(found.distributions) for found in envcensus.scan(roots, cache_dir=cache)) > 100

        def fetches(i: int) -> None:
            assert envcensus.outdated(roots, index_url=index.url, no_cache=True).complete

        def remembers(i: int) -> None:
            assert envcensus.outdated(roots, index_url=index.url, cache_dir=cache).complete

        def fails(i: int) -> None:
            census = envcensus.outdated(roots, index_url="http://127.0.0.1:9/simple/", retries=0, no_cache=True)
            assert not census.complete

        def keep(i: int) -> None:
            """The deliberate leak: it has to show."""
            KEPT.append(open("/dev/null", encoding="ascii"))  # noqa: SIM115

        rounds = {"scans": scans, "fetches": fetches, "remembers": remembers, "fails": fails}
        sys.exit(
            1 if watch(rounds | ({"keep": keep} if "--leak" in sys.argv else {}), rounds_wanted(40), MARGIN) else 0
        )


main()
