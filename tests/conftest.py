"""What holds for all tests."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

# How hard property tests try, and where their examples come from: ENVCENSUS_EXAMPLES=20000 for a long run. People get
# other examples each time, continuous integration the same ones as long as the test is the same: a new find must not
# fail whoever happens to run then. HYPOTHESIS_PROFILE chooses: "people" or "ci".
settings.register_profile(
    "people",
    settings.get_profile("default"),
    max_examples=int(os.environ.get("ENVCENSUS_EXAMPLES", "300")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("ci", settings.get_profile("people"), derandomize=True, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if "CI" in os.environ else "people"))


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """The jobs that a script runs in the background begin with SIGINT ignored, those under nohup with SIGHUP, and what
    they start inherits that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
