"""Whose credentials go where: always decided for one origin, never carried along."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote, urlsplit, urlunsplit

from msgspec import Struct

from envcensus.model.redact import MASK

KEYRING_SECONDS = 15.0  # for one question: a keyring that waits for somebody at a screen must not hold up a cron job
_PORTS = {"http": 80, "https": 443}


class Origin(Struct, frozen=True, gc=False):
    """Scheme, host and port: what a credential belongs to (RFC 6454)."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _PORTS.get(self.scheme) else f":{self.port}")


class Credentials(Struct, frozen=True):
    """A user name and a password; neither is ever shown."""

    username: str
    password: str
    whole: bool = True  # False: a user name alone, whose password netrc or the keyring may know

    def __repr__(self) -> str:
        return f"Credentials({MASK})"

    __str__ = __repr__

    def header(self) -> str:
        """The value of an `Authorization: Basic` header (RFC 7617)."""
        import base64

        pair = f"{self.username}:{self.password}".encode("utf-8", "surrogateescape")
        return "Basic " + base64.b64encode(pair).decode("ascii")


def origin_of(url: str) -> Origin:
    """The origin of an http or https URL. Raises ValueError where it has none."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("not an http or https URL")
    return Origin(parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme])


def has_origin(url: str) -> bool:
    """Whether a URL, with credentials or without, is http or https and names a host that can be asked."""
    try:
        return bool(origin_of(split_credentials(url)[0]))
    except ValueError:
        return False


def split_credentials(url: str) -> tuple[str, Credentials | None]:
    """Take the userinfo out of a URL. A user name alone comes with an empty password."""
    if "@" not in url:
        return url, None
    parts = urlsplit(url)
    userinfo, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None
    user, colon, password = userinfo.partition(":")
    clean = urlunsplit(parts._replace(netloc=host))
    return clean, (Credentials(unquote(user), unquote(password), bool(colon)) if userinfo else None)


class Keychain:
    """Finds the credentials for an origin: index URLs first, then netrc, and keyring once the server says 401."""

    def __init__(self, index_urls: Iterable[str], netrc: str, keyring_provider: str) -> None:
        self._indexes: dict[Origin, list[tuple[str, Credentials | None]]] = {}
        self._embedded: set[Origin] = set()  # those with credentials in an index's address
        for url in index_urls:
            clean, credentials = split_credentials(url)
            if clean.startswith(("http://", "https://")):
                origin = origin_of(clean)
                self._indexes.setdefault(origin, []).append((clean.rstrip("/") + "/", credentials))
                if credentials is not None:
                    self._embedded.add(origin)
        self._netrc_path = netrc
        self._netrc: dict[str, Credentials | None] = {}
        self._keyring_provider = keyring_provider
        self._from_keyring: dict[Origin, Credentials | None] = {}

    def for_url(self, url: str, origin: Origin) -> Credentials | None:
        """What to send with the first request to `url`, which belongs to `origin`, or None."""
        if (kept := self._from_keyring.get(origin)) is not None:
            return kept
        found = self._index_of(origin, url)[1] if origin in self._embedded else None
        if found is not None and found.whole:
            return found
        return self._from_netrc(origin.host) or found

    def _index_of(self, origin: Origin, url: str) -> tuple[str, Credentials | None]:
        """The index that `url` belongs to, empty if none, and the credentials in its address.

        Two indexes on one origin may have different users: the longest common path wins, as in pip.
        """
        best: tuple[str, Credentials | None] = ("", None)
        length = -1
        for index in self._indexes.get(origin, ()):
            common = _common_length(index[0], url)
            if common > length:
                best, length = index, common
        return best

    def _from_netrc(self, host: str) -> Credentials | None:
        if not self._netrc_path:
            return None
        if host not in self._netrc:
            self._netrc[host] = read_netrc(self._netrc_path, host)
        return self._netrc[host]

    def knows(self, origin: Origin) -> bool:
        """Whether the keyring need not be asked for `origin`: it was, or it is not to be used."""
        return self._keyring_provider == "disabled" or origin in self._from_keyring

    def keep(self, origin: Origin, found: Credentials | None) -> None:
        """Note what the keyring has for `origin`: it is asked once."""
        self._from_keyring[origin] = found

    def kept(self, origin: Origin) -> Credentials | None:
        """What the keyring had for `origin`."""
        return self._from_keyring.get(origin)

    def ask_keyring(self, origin: Origin, url: str) -> Credentials | None:
        """Look in the keyring for `url`, which belongs to `origin`. Two questions, each of which may block for
        KEYRING_SECONDS, and a module for ever: call it in a thread that nobody has to wait for."""
        index, embedded = self._index_of(origin, url)
        user = embedded.username if embedded else None
        # As pip does: the address of the index, with its last slash, and then the host.
        found = self._keyring(index, user) if index else None
        return found or self._keyring(urlsplit(str(origin)).netloc, user)

    def _keyring(self, service: str, user: str | None) -> Credentials | None:
        if self._keyring_provider in ("auto", "import"):
            try:
                import keyring  # type: ignore[import-not-found,unused-ignore]  # an extra
            except Exception:  # a broken backend raises anything; as in pip, the run goes on without it
                pass
            else:
                return _ask_module(keyring, service, user)
        if self._keyring_provider in ("auto", "subprocess"):
            return _ask_program(service, user)
        return None


def _common_length(left: str, right: str) -> int:
    """Length of the common prefix that ends with a whole path segment."""
    end = 0
    for index, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            break
        if a == "/":
            end = index
    return end


def read_netrc(path: str, host: str) -> Credentials | None:
    """The entry for `host` (or `default`) in a netrc file; None where there is none or the file cannot be used."""
    import netrc
    import os

    try:
        entry = netrc.netrc(os.path.expanduser(path)).authenticators(host)
    except (netrc.NetrcParseError, OSError, UnicodeDecodeError):
        return None
    if entry is None or not any(entry):
        return None
    login, account, password = entry
    return Credentials(login or account or "", password or "")


def _ask_module(keyring: object, service: str, user: str | None) -> Credentials | None:
    try:
        found = keyring.get_credential(service, user)  # type: ignore[attr-defined]
    except Exception:  # backends raise their own errors
        return None
    return Credentials(found.username or "", found.password or "") if found is not None else None


def _ask_program(service: str, user: str | None) -> Credentials | None:
    """Ask the `keyring` program on PATH for a pair in JSON (keyring 25.2 and later), as pip does."""
    import shutil
    import subprocess

    import msgspec

    from envcensus.runtime import child

    program = shutil.which("keyring")
    if program is None:
        return None
    command = [program, "--mode=creds", "--output=json", "get", service, *([user] if user else [])]
    try:
        done = child.run(command, seconds=KEYRING_SECONDS)  # at the user's terminal: it may ask for a password there
        if done.returncode:
            return None
        return msgspec.json.decode(done.stdout, type=Credentials)
    except (OSError, subprocess.TimeoutExpired, msgspec.DecodeError):
        return None
