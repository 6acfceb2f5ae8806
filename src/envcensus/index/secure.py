"""Which indexes pip would refuse to ask: plain http to a host nobody vouched for."""

from __future__ import annotations

from collections.abc import Sequence

from envcensus.index.config import IndexConfig
from envcensus.index.credentials import Origin, origin_of, split_credentials
from envcensus.model.skipped import Skipped


def is_secure(url: str, trusted_hosts: Sequence[str]) -> bool:
    """Whether pip would ask `url`: https, a file, this machine, or a host named in trusted-host."""
    if not url.startswith("http://"):
        return True
    try:
        origin = origin_of(split_credentials(url)[0])
    except ValueError:
        return False
    if "*" in trusted_hosts or names_host(origin, trusted_hosts):
        return True
    if origin.host in {"127.0.0.1", "::1", "localhost"}:
        return True
    try:
        import ipaddress

        return ipaddress.ip_address(origin.host).is_loopback
    except ValueError:
        return False


def names_host(origin: Origin, trusted_hosts: Sequence[str]) -> bool:
    """Whether trusted-host has the host, with its port or without; addresses of IPv6 in brackets or without."""
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    names = (origin.host, host, f"{host}:{origin.port}")
    return any(trusted.lower() in names for trusted in trusted_hosts)


def refused_indexes(config: IndexConfig) -> list[Skipped]:
    """A row for each index that is not asked: pip passes over it with a warning, we say so in the report."""
    return [
        Skipped("index", str(origin_of(split_credentials(url)[0])), "plain http to a host that is not in trusted-host")
        for url in (*config.index_urls, *config.find_links)
        if url.startswith("http://") and not is_secure(url, config.trusted_hosts)
    ]
