"""What went wrong with a request, in one sentence that quotes nothing the server or the URL said."""

from __future__ import annotations

import os
import socket

from envcensus.index.credentials import Origin
from envcensus.index.http_library import aiohttp
from envcensus.index.inflate import BodyError, LargeBody, TruncatedBody


class RequestFailed(Exception):
    """No usable answer. `host_trouble`: it speaks against the host, not only against this one URL."""

    def __init__(
        self,
        reason: str,
        *,
        retryable: bool = False,
        host_trouble: bool = False,
        retry_after: str = "",
        too_large: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retryable = retryable
        self.host_trouble = host_trouble
        self.retry_after = retry_after
        self.too_large = too_large


def explain(error: Exception, origin: Origin, *, overdue: bool = False) -> RequestFailed:
    """Translate an exception of a request to `origin`. `overdue`: its deadline has passed, so nothing is retried."""
    again = not overdue
    if isinstance(error, TruncatedBody):
        return RequestFailed(f"{origin}: {error}", retryable=again)
    if isinstance(error, BodyError):
        return RequestFailed(f"{origin}: {error}", too_large=isinstance(error, LargeBody))
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return RequestFailed(f"{origin}: {_certificate(error.certificate_error)}", host_trouble=True)
    if isinstance(error, aiohttp.ClientSSLError):
        return RequestFailed(f"{origin}: the TLS handshake failed", host_trouble=True)
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return RequestFailed(
            f"{origin}: the proxy cannot be reached: {_errno(error.os_error)}", retryable=again, host_trouble=True
        )
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return RequestFailed(f"{origin}: the proxy answered {error.status}", host_trouble=True)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        passing = getattr(error.os_error, "errno", None) == socket.EAI_AGAIN
        said = "cannot be looked up: no name server answers" if passing else "is not known"
        return RequestFailed(f"{origin}: the host's name {said}", retryable=again and passing, host_trouble=True)
    if isinstance(error, aiohttp.ClientConnectorError):
        return RequestFailed(
            f"{origin} cannot be reached: {_errno(error.os_error)}", retryable=again, host_trouble=True
        )
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return RequestFailed(f"{origin} cannot be reached: timed out", retryable=again, host_trouble=True)
    if isinstance(error, TimeoutError):
        return RequestFailed(f"{origin} took too long to answer", retryable=again, host_trouble=True)
    if isinstance(error, aiohttp.ClientPayloadError):
        return RequestFailed(f"{origin}: the answer ended too early", retryable=again)
    if isinstance(error, aiohttp.ClientResponseError):
        return RequestFailed(f"{origin}: the answer is not valid HTTP", retryable=again)
    if isinstance(error, aiohttp.InvalidURL):
        return RequestFailed(f"{origin}: the address is not valid")
    if isinstance(error, aiohttp.ClientError | OSError):
        return RequestFailed(f"{origin} closed the connection", retryable=again, host_trouble=True)
    return RequestFailed(f"{origin}: the request is not possible ({type(error).__name__})")


def _errno(error: OSError | None) -> str:
    number = getattr(error, "errno", None)
    return os.strerror(number).lower() if isinstance(number, int) and number > 0 else "no connection"


def _certificate(error: object) -> str:
    message = getattr(error, "verify_message", "")
    return f"the certificate is not accepted: {message}" if message else "the certificate is not accepted"
