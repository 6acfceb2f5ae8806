"""aiohttp, imported without what we never use.

Importing it makes two TLS contexts and has each read the system's certificates: 25 ms apiece, where every request of
ours brings its own context. So for the time of the import, default contexts stay empty.
"""

from __future__ import annotations

import ssl
import sys

__all__ = ["aiohttp"]


def _load_nothing(_context: ssl.SSLContext) -> None:
    """In place of `SSLContext.set_default_verify_paths`."""


if "aiohttp" in sys.modules or "set_default_verify_paths" in vars(ssl.SSLContext):
    import aiohttp
else:
    ssl.SSLContext.set_default_verify_paths = _load_nothing  # type: ignore[method-assign, assignment]
    try:
        import aiohttp
    finally:
        del ssl.SSLContext.set_default_verify_paths  # the inherited one is seen again
