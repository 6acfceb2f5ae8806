"""Imported by the fork server alone, before all else: it and the workers it forks keep their last words to themselves.

A worker that starts while its parent ends finds semaphores gone and pipes closed, and would print a traceback. Errors
of the work itself reach the parent as results.
"""

from __future__ import annotations

import sys
from types import TracebackType


def _say_nothing(_kind: type[BaseException], _error: BaseException, _trace: TracebackType | None) -> None:
    """Stand in for `sys.excepthook`."""


sys.excepthook = _say_nothing
