"""How large the step from the installed to the latest version is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envcensus._kernels.version import Version
    from envcensus.model.finding import Severity


def severity(installed: Version, latest: Version) -> Severity:
    """Name the first part in which the versions differ (PEP 440).

    A changed epoch counts as "major"; "pre" is a step to a pre-release or, within one release, from one; "other" is
    what remains: a development release or a local version.
    """
    if installed.epoch != latest.epoch:
        return "major"
    if latest.is_prerelease:
        return "pre"
    before, after = installed.release, latest.release  # (made anew each time they are asked for)
    width = max(len(before), len(after))
    before += (0,) * (width - len(before))
    after += (0,) * (width - len(after))
    for position, (old, new) in enumerate(zip(before, after, strict=True)):
        if old != new:
            return ("major", "minor")[position] if position < 2 else "patch"
    if installed.pre != latest.pre:
        return "pre"
    if installed.post != latest.post:
        return "post"
    return "other"
