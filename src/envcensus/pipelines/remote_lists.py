"""Lists of requirements that lie elsewhere, fetched with the credentials, redirects and bounds of the index client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envcensus.errors import UsageError
from envcensus.index.client import IndexClient
from envcensus.index.faults import RequestFailed
from envcensus.index.secure import is_secure
from envcensus.model.redact import redact
from envcensus.pipelines.fetch import within_limits

if TYPE_CHECKING:
    from envcensus.index.config import IndexConfig


def fetch_list(url: str, config: IndexConfig, largest: int, *, offline: bool = False) -> bytes:
    """The body of an http or https `url`, of at most `largest` bytes. Raises UsageError."""
    scheme, _, rest = url.partition("://")
    url = f"{scheme.lower()}://{rest}"
    shown = redact(url)
    if offline:
        raise UsageError(f"{shown} is not fetched with --offline", remedy="name a copy of it")
    if not is_secure(url, config.trusted_hosts):
        raise UsageError(
            f"{shown}: plain http to a host that is not in trusted-host", remedy="use https, or see --trusted-host"
        )
    try:
        with IndexClient(within_limits(config)) as client:
            return client.fetch_file(url, largest)
    except RequestFailed as error:
        raise UsageError(f"{shown} cannot be read: {error.reason}") from None
