"""The event loop that requests are made in."""

from __future__ import annotations

import socket
from typing import Any

import uvloop


class Loop(uvloop.Loop):
    """uvloop's, which connects to an address without asking a thread what the address is.

    It knows an address when it sees one only where the kind of socket is said, and `sock_connect` does not say it. The
    four threads that libuv starts then cannot be had under a limit of memory or processes: libuv aborts the process.
    """

    async def getaddrinfo(self, host: Any, port: Any, *, type: int = 0, **more: int) -> list[Any]:
        """Addresses of streams, where no other kind is asked for. Raises OSError."""
        return await super().getaddrinfo(host, port, type=type or socket.SOCK_STREAM, **more)
