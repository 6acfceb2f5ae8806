"""Which proxy is asked, and who gets which credentials: decisions without sockets."""

from __future__ import annotations

from pathlib import Path

import pytest

from envcensus.index.credentials import Keychain, Origin, origin_of, read_netrc, split_credentials
from envcensus.index.proxies import choose_proxy
from envcensus.index.secure import is_secure
from envcensus.model.redact import redact

# -- proxies


@pytest.mark.parametrize(
    ("host", "no_proxy", "direct"),
    [
        ("a.example.com", "", False),
        ("a.example.com", "*", True),
        ("a.example.com", "example.com", True),
        ("a.example.com", ".example.com", True),
        ("badexample.com", "example.com", False),
        ("a.example.com", "other.org,A.EXAMPLE.COM", True),
        ("a.example.com", "a.example.com:443", True),
        ("a.example.com", "a.example.com:8443", False),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "2.3", False),
        ("::1", "::1", True),
        ("a.example.com", "10.0.0.0/99", False),
    ],
)
def test_no_proxy(host: str, no_proxy: str, direct: bool) -> None:
    environ = {"https": "proxy.example.com:3128", "no": no_proxy}
    expected = "" if direct else "http://proxy.example.com:3128"
    assert choose_proxy(Origin("https", host, 443), None, environ) == expected


@pytest.mark.parametrize(
    ("url", "trusted", "asked"),
    [
        ("https://a.example.com", [], True),
        ("http://a.example.com", [], False),
        ("http://a.example.com", ["A.example.com"], True),
        ("http://a.example.com:80", ["a.example.com:80"], True),
        ("http://a.example.com", ["a.example.com:81"], False),
        ("http://a.example.com", ["example.com"], False),
        ("http://a.example.com", ["*"], True),
        ("http://localhost:3141", [], True),
        ("http://127.8.9.10", [], True),
        ("http://[::1]:80", [], True),
        ("http://10.1.2.3", ["10.1.2.3"], True),
        ("http://10.1.2.3", ["10.0.0.0/8"], False),
        ("http://[fd00::1]:8080", ["[fd00::1]:8080"], True),
        ("http://[fd00::1]:8080", ["[fd00::1]"], True),
        ("http://[fd00::1]:8080", ["fd00::1"], True),
        ("file:///srv/simple", [], True),
    ],
)
def test_which_indexes_are_asked_is_pips(url: str, trusted: list[str], asked: bool) -> None:
    from pip._internal.models.link import Link
    from pip._internal.network.session import PipSession

    with PipSession() as session:
        # pip takes an address of IPv6 in brackets as a name to give to TLS, and then refuses it over plain http.
        for host in trusted:
            session.add_trusted_host(host.strip("[]") if host == "[fd00::1]" else host, suppress_logging=True)
        pips = session.is_secure_origin(Link(url))
    assert is_secure(url, trusted) == asked
    assert pips == asked


def test_the_setting_rules_over_the_environment() -> None:
    origin = Origin("http", "a.example.com", 80)
    environ = {"http": "http://p.example.com", "no": "*"}
    assert choose_proxy(origin, "http://q.example.com", environ) == "http://q.example.com"
    assert choose_proxy(origin, "", {"http": "http://p.example.com"}) == ""
    assert choose_proxy(origin, None, {"all": "http://p.example.com"}) == "http://p.example.com"


# -- credentials and redaction


def test_userinfo_is_decoded_and_taken_out() -> None:
    url, credentials = split_credentials("https://me:p%40ss@a.example.com:8443/simple/?x=1")
    assert url == "https://a.example.com:8443/simple/?x=1"
    assert credentials is not None
    assert (credentials.username, credentials.password) == ("me", "p@ss")
    assert "p@ss" not in f"{credentials} {credentials!r}"
    assert split_credentials("https://a.example.com/@x") == ("https://a.example.com/@x", None)


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("https://token@a.example.com", False),
        ("https://token:@a.example.com", True),
        ("https://:pw@a.example.com", True),
        ("https://me:pw@a.example.com", True),
    ],
)
def test_an_empty_password_is_one(url: str, whole: bool, tmp_path: Path) -> None:
    """As in pip: only where none was given does netrc know better."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login other password other\n")
    keychain = Keychain([url], str(netrc), "disabled")
    found = keychain.for_url("https://a.example.com/spam/", origin_of("https://a.example.com"))
    assert found is not None
    assert (found.username == "other") is not whole


@pytest.mark.parametrize(
    "text",
    [
        "default login me password pw",
        "machine a.example.com login me",
        "machine a.example.com password pw",
        "machine a.example.com login me password pw\nmachine b.example.com login you password no",
        "machine a.example.com account acct password pw",
        "machine b.example.com login me password pw",
        "machine a.example.com login me account x password pw\ndefault login d password d",
        'machine a.example.com login "m e" password "p\\"w"',
        "# a comment\nmachine a.example.com\n\tlogin me\n\tpassword p#w",
        "macdef init\nls\n\nmachine a.example.com login me password pw",
        "nonsense",
        "",
    ],
)
def test_netrc_is_read_as_pip_reads_it(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pip._vendor.requests.utils import get_netrc_auth

    netrc = tmp_path / "netrc"
    netrc.write_text(text + "\n")
    monkeypatch.setenv("NETRC", str(netrc))
    found = read_netrc(str(netrc), "a.example.com")
    pips = get_netrc_auth("https://a.example.com/simple/")
    assert (found and (found.username, found.password)) == (pips and (pips[0] or "", pips[1] or ""))


def test_origins_have_their_default_ports() -> None:
    assert origin_of("https://A.example.com/x") == Origin("https", "a.example.com", 443)
    assert str(origin_of("http://[::1]:8080/")) == "http://[::1]:8080"
    with pytest.raises(ValueError, match="http"):
        origin_of("ftp://a.example.com")


SECRET = "s3cr3t"


@pytest.mark.parametrize(
    "text",
    [
        f"https://me:{SECRET}@example.com/simple/",
        f"https://{SECRET}@example.com/simple/",
        f"cannot reach https://me:{SECRET}@example.com, nor http://x:{SECRET}@h:1/",
        f"https://me:a/{SECRET}@example.com/",
        f"https://me:a#{SECRET}@example.com/",
        f"https://me:a@{SECRET}@example.com/",
        f"https://example.com/x?token={SECRET}&y={SECRET}",
    ],
)
def test_no_secret_survives_redaction(text: str) -> None:
    assert SECRET not in redact(text)
    assert "//" in redact(text)


@pytest.mark.parametrize("text", ["https://example.com/pkg@1.0", "https://h:8080/a@b", "me@example.com", "https://h"])
def test_harmless_text_is_left_alone(text: str) -> None:
    assert redact(text) == text
