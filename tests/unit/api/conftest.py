"""The place where the examples live."""

from __future__ import annotations

from tests.support.place import place

__all__ = ["place"]
