"""Results that come one at a time, with what could not be looked at beside them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

from envcensus.model.skipped import Skipped

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType

T = TypeVar("T")


class Results(Iterator[T], Generic[T]):
    """An iterator over what is found, as it is found; memory does not grow with it.

    What could not be looked at collects in `skipped` on the way: it is complete when the iterator has ended. To stop
    early, leave the loop and `close()` it, or use it in a `with` block.
    """

    def __init__(self, items: Generator[T | Skipped, None, None]) -> None:
        self._items = items
        self.skipped: list[Skipped] = []
        self.ended = False  # whether everything was given out

    @property
    def complete(self) -> bool:
        """Whether the iterator has ended and everything could be looked at."""
        return self.ended and not self.skipped

    def __iter__(self) -> Results[T]:
        return self

    def __next__(self) -> T:
        for item in self._items:
            if not isinstance(item, Skipped):
                return item
            self.skipped.append(item)
        self.ended = True
        raise StopIteration

    def close(self) -> None:
        """Stop looking, and let go of the cache. May be called more than once."""
        self._items.close()

    def __enter__(self) -> Results[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "ended" if self.ended else "under way"
        return f"<Results {state}, {len(self.skipped)} skipped>"
