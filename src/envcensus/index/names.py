"""The names of hosts, looked up by the system in threads that nobody waits for.

uvloop has threads of its own for that and waits for them when it is closed: with a name server that never answers, a
run that was to end went on for as long as the system tries, ten seconds and more.
"""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from typing import Any

from envcensus.index.http_library import aiohttp
from envcensus.runtime.aside import acall


class Resolver(aiohttp.ThreadedResolver):
    """aiohttp's own, but for the threads."""

    def __init__(self) -> None:
        super().__init__()
        self._loop = _Loop(asyncio.get_running_loop())  # type: ignore[assignment]  # what it calls of a loop


class _Loop:
    """An event loop as far as a resolver sees it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.getnameinfo = loop.getnameinfo  # of an address: asks nobody

    async def getaddrinfo(self, host: str, port: int, **how: Any) -> list[Any]:
        return await acall(partial(socket.getaddrinfo, host, port, **how), grace=0)
