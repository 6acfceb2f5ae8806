"""A signal that arrives while an answer is worked on."""

from __future__ import annotations

import pytest

from envcensus.index.client import Fetched, IndexClient, MetadataFetched, MetadataWant, Want
from envcensus.index.config import IndexConfig


@pytest.mark.parametrize("want", [Want("a"), MetadataWant("a", "1", ())])
def test_an_interrupt_comes_out_where_answers_are_collected(
    want: Want | MetadataWant, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def interrupted(_: object) -> Fetched | MetadataFetched:
        raise KeyboardInterrupt

    with IndexClient(IndexConfig(index_urls=(), no_index=True)) as client:
        monkeypatch.setattr(client._projects, "fetch", interrupted)
        monkeypatch.setattr(client._about_versions(), "fetch", interrupted)
        client.submit([want])
        with pytest.raises(KeyboardInterrupt):
            client.collect()
    assert capfd.readouterr().err == ""
