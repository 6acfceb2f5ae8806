"""What a long run tells whoever watches; the command line draws it, a library user may ignore it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called often: an implementation decides how often it draws."""

    def scanned(self, environments: int) -> None:
        """So many environments were found so far."""

    def asked(self, done: int, total: int) -> None:
        """So many of so many projects have an answer."""
