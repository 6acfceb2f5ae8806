"""What is told about this host, and what of it is remembered."""

from __future__ import annotations

import pytest
from packaging import tags

from envcensus.pipelines.targets import this_platform


class Kept(dict[bytes, bytes]):
    """A cache that holds what it is given."""

    def put(self, key: bytes, value: bytes) -> None:
        self[key] = value


def test_the_tags_of_this_host_are_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Kept()
    found = this_platform(cache)
    assert found == this_platform()
    assert found.tags == tuple(tags.platform_tags())
    monkeypatch.setattr(tags, "platform_tags", lambda: pytest.fail("asked again"))
    assert this_platform(cache) == found
