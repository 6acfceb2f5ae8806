"""Which proxy a request goes through."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from envcensus.index.credentials import Origin


def choose_proxy(origin: Origin, configured: str | None, environ: Mapping[str, str]) -> str:
    """The proxy's URL for a request to `origin`, empty for none.

    `configured`: the proxy setting, which rules alone; None leaves it to `environ` with the keys "http", "https",
    "all" and "no".
    """
    if configured is not None:
        return configured
    proxy = environ.get(origin.scheme) or environ.get("all") or ""
    if not proxy or bypasses(origin, environ.get("no", "")):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def bypasses(origin: Origin, no_proxy: str) -> bool:
    """Whether `no_proxy` names the host: "*", a host or domain suffix with or without port, an address or network."""
    host = origin.host.lower()
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    for entry in no_proxy.lower().replace(",", " ").split():
        if entry == "*":
            return True
        if address is not None and _in_network(address, entry):
            return True
        name = entry
        if entry.count(":") == 1:
            name, _, port = entry.partition(":")
            if port != str(origin.port):
                continue
        name = name.strip("[]").lstrip(".")
        if name and (host == name or (address is None and host.endswith("." + name))):
            return True
    return False


def _in_network(address: ipaddress.IPv4Address | ipaddress.IPv6Address, entry: str) -> bool:
    if "/" not in entry:
        return False
    try:
        return address in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False
