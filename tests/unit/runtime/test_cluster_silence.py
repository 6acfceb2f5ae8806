"""What Dask's loggers may say: nothing, whatever levels it gave them."""

from __future__ import annotations

import logging

from envcensus.runtime.cluster import silence


def test_loggers_with_levels_of_their_own_are_silent_too() -> None:
    logging.getLogger("a_library.part").setLevel(logging.WARNING)
    logging.getLogger("a_library_beside").setLevel(logging.WARNING)
    silence("a_library")
    assert not logging.getLogger("a_library").isEnabledFor(logging.ERROR)
    assert not logging.getLogger("a_library.part").isEnabledFor(logging.ERROR)
    assert logging.getLogger("a_library_beside").isEnabledFor(logging.ERROR)
