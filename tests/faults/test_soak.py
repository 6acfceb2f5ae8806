"""Many runs at once on one cache, killed at random, on a faulty index: a little of `python -m benchmarks.soak`."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import soak


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_a_short_soak(tmp_path: Path) -> None:
    found = soak.soak(str(tmp_path), seconds=8, at_once=4, kill=0.4, seed=7, packages=150, tree=60)
    assert found.wrong == []
    killed = sum(count for what, count in found.ended.items() if what.endswith("killed"))
    assert killed
    assert sum(found.ended.values()) > killed + len(found.commands)


def test_a_difference_would_show(tmp_path: Path) -> None:
    """The soak compares: with another truth it complains."""
    found = soak.soak(str(tmp_path), seconds=0, at_once=1, kill=0, seed=7, packages=20, tree=60)
    assert found.wrong == []
    kind = "list"
    found.truth[kind] = dict.fromkeys(found.truth[kind], ("another",))
    run = found.start(kind, alone=True)
    run.process.wait()
    found.judge(run)
    assert found.wrong
