"""How hard the property tests try: ENVCENSUS_EXAMPLES=20000 for a long run."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "envcensus",
    max_examples=int(os.environ.get("ENVCENSUS_EXAMPLES", "300")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("envcensus")
