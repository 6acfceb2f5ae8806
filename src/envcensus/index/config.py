"""Which indexes are asked, and how: pip's configuration, ours on top, the command line last."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from envcensus._kernels.version import KEY_FORMAT
from envcensus.errors import IndexConfigError
from envcensus.index import pip_config
from envcensus.index.credentials import has_origin, split_credentials
from envcensus.index.project_file import check_tables, project_tables
from envcensus.model.redact import redact

STRATEGIES = ("version-priority", "first-match")
KEYRING_PROVIDERS = ("auto", "disabled", "import", "subprocess")
# Connections per host. 1,000 pages at 50 ms are eight rounds instead of ten with 100: 0.86 s as a whole process instead
# of 0.97. With 150 it is 0.85: from there on the CPU is what is waited for.
DEFAULT_CONCURRENCY = 128
_LONGEST_PLAIN_KEY = 200  # longer ones are hashed; loading OpenSSL for that costs a warm run some 5 ms
_SCHEMES = ("http://", "https://", "file:")

# name → (names of pip's option, default). Defaults are pip's where pip has the option.
_TEXT: dict[str, tuple[tuple[str, ...], str]] = {
    "index-url": (("index-url", "pypi-url"), ""),
    "cert": (("cert",), ""),
    "client-cert": (("client-cert",), ""),
    "proxy": (("proxy",), ""),
    "keyring-provider": (("keyring-provider",), "auto"),
    "index-strategy": ((), STRATEGIES[0]),
}
_LISTS = ("extra-index-url", "find-links", "trusted-host")
_NUMBERS: dict[str, tuple[tuple[str, ...], float]] = {
    "timeout": (("timeout", "default-timeout"), 15.0),
    "retries": (("retries",), 5.0),
    "concurrency": ((), float(DEFAULT_CONCURRENCY)),
}
_FLAGS = ("no-index", "no-proxy-env")
_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PATHS = frozenset({"cert", "client-cert"})


class IndexOptions(Struct, frozen=True, kw_only=True):
    """What the command line said; None and empty: nothing. Lists are added to the configured ones, as pip does."""

    index_url: str | None = None
    extra_index_url: tuple[str, ...] = ()
    no_index: bool | None = None
    find_links: tuple[str, ...] = ()
    trusted_host: tuple[str, ...] = ()
    cert: str | None = None
    client_cert: str | None = None
    proxy: str | None = None
    timeout: float | None = None
    retries: int | None = None
    keyring_provider: str | None = None
    index_strategy: str | None = None
    concurrency: int | None = None


class Setting(Struct, frozen=True):
    """One row of `envcensus config`: `value` is fit to be shown."""

    name: str
    value: str
    source: str


class IndexConfig(Struct, frozen=True, kw_only=True):
    """Where to ask and how: plain data that may be sent to a worker. Its repr shows no secret.

    `index_urls` and `proxy` may hold credentials; show them only through `redact` or `settings`.
    """

    index_urls: tuple[str, ...]  # in pip's order: index-url, then the extra ones; empty with no-index
    find_links: tuple[str, ...] = ()
    no_index: bool = False
    trusted_hosts: tuple[str, ...] = ()  # "host" or "host:port"
    cert: str = ""  # PEM bundle or directory; empty: the system's
    client_cert: str = ""  # PEM file with certificate and key
    proxy: str | None = None  # None: the environment's; empty: none
    environ_proxies: dict[str, str] = {}  # "http", "https", "all", "no" → value
    netrc: str = ""  # path, empty where there is none
    timeout: float = 15.0  # seconds without a byte
    retries: int = 5
    keyring_provider: str = "auto"
    index_strategy: str = STRATEGIES[0]
    concurrency: int = DEFAULT_CONCURRENCY  # per host
    choices: pip_config.Choices = pip_config.Choices()
    settings: tuple[Setting, ...] = ()

    def __repr__(self) -> str:
        return f"IndexConfig({', '.join(f'{s.name}={s.value}' for s in self.settings)})"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return [(s.name, s.value) for s in self.settings]

    def cache_key(self) -> str:
        """A short text that differs between configurations whose answers may differ. No password goes into it."""
        urls = []
        for url in self.index_urls:
            clean, credentials = split_credentials(url)
            urls.append(f"{credentials.username if credentials else ''} {clean}")
        text = "\n".join([str(KEY_FORMAT), *urls, "", *self.find_links, "", self.index_strategy])
        if len(text) <= _LONGEST_PLAIN_KEY and "@" not in text:  # user names may be tokens
            return text
        import hashlib

        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def load_index_config(
    options: IndexOptions | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    cwd: str | None = None,
    home: str | None = None,
    prefix: str | None = None,
    command: str = "list",
) -> IndexConfig:
    """Join pip's layers, `envcensus.toml` or `[tool.envcensus]` in `cwd`, `ENVCENSUS_*` and the command line.

    `command` names the pip command whose section of pip.conf counts ("list" for outdated, "install" for resolve).
    Raises IndexConfigError for a value that cannot be used.
    """
    environ = os.environ if environ is None else environ
    home = os.path.expanduser("~") if home is None else home
    if not os.path.isabs(home):  # no HOME, and a user that the system does not know: there is nothing to be read in "~"
        home = os.devnull
    layers = pip_config.read_layers(environ, sys.prefix if prefix is None else prefix, home)
    reader = _Reader(
        pip_config.effective(layers, command),
        _project_settings(os.getcwd() if cwd is None else cwd),
        environ,
        options or IndexOptions(),
        home,
    )
    index_url = reader.text("index-url") or reader.default("index-url", pip_config.default_index_url(), "pip's default")
    extra = reader.sequence("extra-index-url")
    find_links = tuple(_checked(_expand_home(_spelled(link), home)) for link in reader.sequence("find-links"))
    no_index = reader.flag("no-index")
    trusted_hosts = reader.sequence("trusted-host")
    cert = reader.text("cert") or reader.first_variable("cert", _CA_VARIABLES)
    client_cert = reader.text("client-cert") or reader.default("client-cert", "", "default")
    proxy = reader.proxy()
    netrc = reader.default("netrc", _netrc_path(environ, home), "NETRC" if "NETRC" in environ else "default")
    return IndexConfig(
        index_urls=() if no_index else _unique(_as_url(url) for url in (index_url, *extra)),
        find_links=find_links,
        no_index=no_index,
        trusted_hosts=trusted_hosts,
        cert=cert,
        client_cert=client_cert,
        proxy=proxy,
        environ_proxies=_environ_proxies(environ),
        netrc=netrc,
        timeout=reader.number("timeout", minimum=0.001),
        retries=int(reader.number("retries", minimum=0)),
        keyring_provider=reader.choice("keyring-provider", KEYRING_PROVIDERS),
        index_strategy=reader.choice("index-strategy", STRATEGIES),
        concurrency=int(reader.number("concurrency", minimum=1)),
        choices=reader.choices(command),
        settings=tuple(reader.rows),  # last: the calls above add the rows
    )


class _Reader:
    """Looks a setting up in every place, strongest last, and keeps a row for each that was asked for."""

    def __init__(
        self,
        pip: Mapping[str, pip_config.Value],
        project: tuple[Mapping[str, object], str],
        environ: Mapping[str, str],
        options: IndexOptions,
        home: str,
    ) -> None:
        self.pip, (self.project, self.project_source) = pip, project
        self.environ, self.options, self.home = environ, options, home
        self.rows: list[Setting] = []

    def _find(self, name: str, pip_names: Sequence[str]) -> tuple[object, str]:
        """The strongest value below the command line, and its source; (None, "") where there is none."""
        variable = "ENVCENSUS_" + name.upper().replace("-", "_")
        if text := self.environ.get(variable):
            return text, variable
        if name in self.project:
            return self.project[name], self.project_source
        found: pip_config.Value | None = None
        for key, value in self.pip.items():  # in order of application: the last name given wins
            if key in pip_names:
                found = value
        return (found.text, found.source) if found else (None, "")

    def _option(self, name: str) -> object:
        return getattr(self.options, name.replace("-", "_"), None)

    def _row(self, name: str, value: str, source: str) -> None:
        self.rows.append(Setting(name, value, source))

    def default(self, name: str, value: str, source: str) -> str:
        """Note and return a value that comes from elsewhere."""
        self._row(name, redact(value), source)
        return value

    def text(self, name: str) -> str:
        """A text setting; the empty default gets no row (the caller adds one)."""
        pip_names, default = _TEXT[name]
        value, source = self._find(name, pip_names)
        if (option := self._option(name)) is not None:
            value, source = option, "command line"
        if value is None:
            value, source = default, "default"
            if not value:
                return ""
        text = str(value)
        if name in _PATHS:
            text = _expand_home(text, self.home)
        self._row(name, redact(text), source)
        return text

    def choice(self, name: str, allowed: Sequence[str]) -> str:
        """A text setting with a fixed set of values."""
        value = self.text(name)
        if value not in allowed:
            raise IndexConfigError(f"{name} is {value!r} in {self.rows[-1].source}", remedy=f"use {', '.join(allowed)}")
        return value

    def sequence(self, name: str) -> tuple[str, ...]:
        """A list setting: words of a text, or an array; the command line adds to it."""
        value, source = self._find(name, (name,))
        words = [str(v) for v in value] if isinstance(value, list) else str(value or "").split()
        given = self._option(name)
        if isinstance(given, tuple) and given:
            words += given
            source = f"{source}, command line" if source else "command line"
        self._row(name, redact(" ".join(words)), source or "default")
        return tuple(words)

    def flag(self, name: str) -> bool:
        """A yes/no setting."""
        value, source = self._find(name, (name,))
        if (option := self._option(name)) is not None:
            value, source = option, "command line"
        result = value if isinstance(value, bool) else pip_config.parse_bool(str(value or "no"), name, source)
        self._row(name, "yes" if result else "no", source or "default")
        return result

    def number(self, name: str, minimum: float) -> float:
        """A number not below `minimum`."""
        pip_names, default = _NUMBERS[name]
        value, source = self._find(name, pip_names)
        if (option := self._option(name)) is not None:
            value, source = option, "command line"
        try:
            result = default if value is None else float(str(value))
        except ValueError:
            raise IndexConfigError(f"{name} in {source} is no number: {value!r}") from None
        if not minimum <= result < float("inf"):
            raise IndexConfigError(f"{name} in {source} is out of range: {value}")
        self._row(name, f"{result:g}", source or "default")
        return result

    def first_variable(self, name: str, variables: Sequence[str]) -> str:
        """The first of some well-known environment variables that is set."""
        for variable in variables:
            if value := self.environ.get(variable):
                self._row(name, value, variable)
                return value
        value = self.environ.get("SSL_CERT_FILE") or self.environ.get("SSL_CERT_DIR") or ""
        self._row(name, value or "the system's", "SSL_CERT_FILE or SSL_CERT_DIR" if value else "default")
        return ""  # OpenSSL reads those two by itself

    def choices(self, command: str) -> pip_config.Choices:
        """What pip's configuration says about versions, with a row for each that it says."""
        found = pip_config.choices(self.pip, command)
        for name in ("constraint", "only-binary", "no-binary", "prefer-binary", "pre", "uploaded-prior-to"):
            if name in self.pip and (name != "constraint" or found.constraints):
                self._row(name, redact(" ".join(self.pip[name].text.split())), self.pip[name].source)
        return found

    def proxy(self) -> str | None:
        """The proxy: None leaves it to the environment, the empty text means none."""
        without_environment = self.flag("no-proxy-env")
        value, source = self._find("proxy", ("proxy",))
        if self.options.proxy is not None:
            value, source = self.options.proxy, "command line"
        if value is not None:
            url = _with_scheme(str(value)) if value else ""
            self._row("proxy", redact(url) or "none", source)
            if url and not has_origin(url):
                raise IndexConfigError(f"proxy in {source} is no address of an http or https proxy: {redact(url)!r}")
            return url
        proxies = _environ_proxies(self.environ)
        shown = " ".join(f"{scheme}={redact(_with_scheme(url))}" for scheme, url in proxies.items() if scheme != "no")
        if without_environment or not proxies:
            self._row("proxy", "none", "no-proxy-env" if without_environment else "default")
            return "" if without_environment else None
        self._row("proxy", shown or "none", "environment variables *_PROXY" if shown else "default")
        if "no" in proxies:
            self._row("no-proxy", proxies["no"], "no_proxy" if "no_proxy" in self.environ else "NO_PROXY")
        return None


def _with_scheme(url: str) -> str:
    return url if "://" in url else f"http://{url}"


def _unique(urls: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(urls))


def _as_url(location: str) -> str:
    """An index given as a path becomes a file: URL, as pip treats it."""
    location = _spelled(location)
    if location.startswith(_SCHEMES):
        return _checked(location)
    if os.path.isdir(location):
        from urllib.parse import quote

        return "file://" + quote(os.fsencode(os.path.abspath(location)))
    if "://" not in location:
        _look_at(location)
    shown = redact(location) if "://" in location else location.rpartition("@")[2] if "@" in location else location
    raise IndexConfigError(
        f"the index address {shown!r} is neither an http, https or file URL nor a directory",
        remedy="give it a scheme, such as https://",
    )


def _spelled(location: str) -> str:
    """A location with its scheme in small letters (RFC 3986, section 3.1)."""
    scheme, colon, rest = location.partition(":")
    return f"{scheme.lower()}:{rest}" if colon and f"{scheme.lower()}:{rest}".startswith(_SCHEMES) else location


def _look_at(path: str) -> None:
    """Raise IndexConfigError for a directory that may be there, and may not be looked at."""
    try:
        os.stat(path)
    except PermissionError as error:
        from envcensus.runtime.refusals import refusal

        raise IndexConfigError(f"the index {path} cannot be read: {refusal(error)}") from None
    except (OSError, ValueError):
        pass


def _checked(location: str) -> str:
    """`location`, if it is no http address or one that names a host. Raises IndexConfigError."""
    if location.startswith(("http://", "https://")) and not has_origin(location):
        raise IndexConfigError(f"the address {redact(location)!r} names no host, or a port that cannot be")
    return location


def _expand_home(path: str, home: str) -> str:
    if path == "~" or path.startswith("~/"):
        return home + path[1:]
    return os.path.expanduser(path) if path.startswith("~") else path


def _environ_proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """`http_proxy`, `https_proxy`, `all_proxy`, `no_proxy` in both cases; lower case wins, as in curl and pip."""
    found: dict[str, str] = {}
    for scheme in ("http", "https", "all", "no"):
        lower, upper = f"{scheme}_proxy", f"{scheme.upper()}_PROXY"
        # HTTP_PROXY may be a request header in a CGI program ("httpoxy").
        if scheme == "http" and "REQUEST_METHOD" in environ:
            upper = lower
        if value := environ.get(lower, environ.get(upper, "")):
            found[scheme] = value
    return found


def _netrc_path(environ: Mapping[str, str], home: str) -> str:
    named = environ.get("NETRC")
    paths = [named] if named is not None else [os.path.join(home, ".netrc"), os.path.join(home, "_netrc")]
    return next((path for path in paths if os.path.exists(_expand_home(path, home))), "")


def _project_settings(cwd: str) -> tuple[Mapping[str, object], str]:
    """`[index]` of `envcensus.toml`, else `[tool.envcensus.index]` of `pyproject.toml` in the working directory."""
    for tables, path, prefix in project_tables(cwd):
        check_tables(tables, path, prefix)
        table = tables.get("index", {})
        if not isinstance(table, dict):
            raise IndexConfigError(f"index in {path} is no table", remedy=f"write [{prefix}index] above the settings")
        if table:
            return _check_keys(table, path), f"{path} [{prefix}index]"
    return {}, ""


def _check_keys(table: Mapping[str, object], path: str) -> dict[str, object]:
    known = {*_TEXT, *_LISTS, *_NUMBERS, *_FLAGS}
    for key in table:
        if key not in known:
            raise IndexConfigError(
                f"{path} has an unknown index setting {key!r}", remedy=f"known: {', '.join(sorted(known))}"
            )
    return dict(table)
