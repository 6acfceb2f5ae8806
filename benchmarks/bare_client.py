"""The least that so many requests cost with our HTTP client's library: ask, read, drop.

python bare_client.py URL CONNECTIONS REQUESTS
"""

from __future__ import annotations

import asyncio
import sys

import aiohttp
import uvloop

from benchmarks import catalog
from benchmarks.pages import JSON_TYPE


async def fetch_all(url: str, connections: int, names: tuple[str, ...]) -> None:
    """Each page once, all at the same time as far as there are connections."""
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(connector=connector, headers={"Accept": JSON_TYPE}) as session:

        async def fetch(name: str) -> None:
            async with session.get(f"{url}{name}/") as answer:
                answer.raise_for_status()
                await answer.read()

        await asyncio.gather(*map(fetch, names))


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(fetch_all(sys.argv[1], int(sys.argv[2]), catalog.NAMES[: int(sys.argv[3])]))
