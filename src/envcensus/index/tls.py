"""TLS contexts: made when the first https address is asked, once per process."""

from __future__ import annotations

import os
import ssl

from envcensus.errors import IndexConfigError
from envcensus.runtime.refusals import refusal


def verifying_context(cert: str, client_cert: str) -> ssl.SSLContext:
    """A context that checks the server's certificate.

    `cert`: PEM bundle or directory of CAs that replaces the system's. `client_cert`: PEM file with certificate and
    key. Raises IndexConfigError where one of them cannot be used.
    """
    try:
        if not cert:
            context = ssl.create_default_context()
            if not context.cert_store_stats()["x509_ca"] and not _has_directory():
                _add_bundled(context)
        elif os.path.isdir(cert):
            context = ssl.create_default_context(capath=cert)
        else:
            context = ssl.create_default_context(cafile=cert)
    except (OSError, ssl.SSLError) as error:
        raise IndexConfigError(f"the certificate bundle {cert} cannot be used: {_why(error)}") from None
    _add_client(context, client_cert)
    return context


def trusting_context(client_cert: str) -> ssl.SSLContext:
    """A context for hosts the user named in trusted-host: nothing is checked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    _add_client(context, client_cert)
    return context


def _add_client(context: ssl.SSLContext, client_cert: str) -> None:
    context.set_alpn_protocols(["http/1.1"])
    if not client_cert:
        return
    try:
        # An empty password makes an encrypted key an error instead of a prompt nobody sees.
        context.load_cert_chain(client_cert, password=lambda: "")
    except (OSError, ssl.SSLError) as error:
        raise IndexConfigError(f"the client certificate {client_cert} cannot be used: {_why(error)}") from None


def _has_directory() -> bool:
    """Certificates in a directory are loaded on demand and not counted in the store."""
    directory = os.environ.get("SSL_CERT_DIR") or ssl.get_default_verify_paths().capath
    try:
        return bool(directory) and any(os.scandir(directory))
    except OSError:
        return False


def _add_bundled(context: ssl.SSLContext) -> None:
    """A Python without a system store (a minimal image): pip's own bundle."""
    try:
        from pip._vendor import certifi
    except ImportError:
        return
    context.load_verify_locations(certifi.where())


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "not a PEM file").replace("_", " ").lower()
    return refusal(error)
