"""How large a step is."""

from __future__ import annotations

import pytest

from envcensus._kernels.version import Version
from envcensus.analysis.severity import severity


@pytest.mark.parametrize(
    ("installed", "latest", "expected"),
    [
        ("1.0", "2.0", "major"),
        ("1.0", "1!0.5", "major"),
        ("1.0", "1.1", "minor"),
        ("1", "1.0.1", "patch"),
        ("1.0.0", "1.0.0.1", "patch"),
        ("2024.1.5", "2026.10.18", "major"),
        ("1.0", "1.0.post1", "post"),
        ("1.0", "2.0rc1", "pre"),
        ("2.0rc1", "2.0", "pre"),
        ("1.0.dev1", "1.0", "other"),
        ("1.0", "1.0+local", "other"),
    ],
)
def test_the_first_part_that_differs(installed: str, latest: str, expected: str) -> None:
    assert severity(Version(installed), Version(latest)) == expected
