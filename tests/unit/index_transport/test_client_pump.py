"""Questions submitted and answers collected, bit by bit."""

from __future__ import annotations

import asyncio

import pytest

from envcensus.index.client import Fetched, IndexClient, Want
from envcensus.index.config import IndexConfig
from envcensus.runtime import signals


@pytest.mark.parametrize("later", range(8))
def test_no_answer_is_awaited_that_was_given_out(later: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In whatever step of the loop the last answer comes, its task is not taken for one that is under way."""

    async def fetch(want: Want) -> Fetched:
        for _ in range(later if want.name == "last" else 0):
            await asyncio.sleep(0)
        return Fetched(name=want.name, outcome="not-found")

    with IndexClient(IndexConfig(index_urls=(), no_index=True)) as client, signals.out_of_time_after(30):
        monkeypatch.setattr(client._projects, "fetch", fetch)
        client.submit([Want("first"), Want("second"), Want("last")])
        answers: list[str] = []
        while found := client.collect():
            answers.extend(answer.name for answer in found)
    assert sorted(answers) == ["first", "last", "second"]
