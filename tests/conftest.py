"""What holds for all tests."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

from tests.support.command import is_personal

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


# Settings of the suite itself. All others are those of whoever runs it, and no test may depend on them: neither in this
# process nor in those it starts.
OURS = ("ENVCENSUS_CONFORMANCE", "ENVCENSUS_CHROMIUM", "ENVCENSUS_REQUIRE_", "ENVCENSUS_FAULT_", "ENVCENSUS_EXAMPLES",
        "ENVCENSUS_UPDATE_")  # fmt: skip
for name in [name for name in os.environ if is_personal(name) and not name.startswith(OURS)]:
    del os.environ[name]
os.environ["PIP_CONFIG_FILE"] = os.devnull
os.environ["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """The jobs that a script runs in the background begin with SIGINT ignored, those under nohup with SIGHUP, and what
    they start inherits that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
