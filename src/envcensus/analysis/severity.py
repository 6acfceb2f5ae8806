"""How large the step from the installed to the latest version is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envcensus._kernels.version import first_difference

if TYPE_CHECKING:
    from envcensus._kernels.version import Version
    from envcensus.model.finding import Severity


def severity(installed: Version, latest: Version) -> Severity:
    """Name the first part in which the versions differ (PEP 440).

    A changed epoch counts as "major"; "pre" is a step to a pre-release or, within one release, from one; "other" is
    what remains: a development release or a local version.
    """
    place = first_difference(installed, latest)
    if place == -2:  # the epoch
        return "major"
    if latest.is_prerelease:
        return "pre"
    if place >= 0:
        return ("major", "minor", "patch")[min(place, 2)]
    if installed.pre != latest.pre:
        return "pre"
    if installed.post != latest.post:
        return "post"
    return "other"
