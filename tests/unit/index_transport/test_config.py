"""Ours on top of pip's configuration, and what is shown of it."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import msgspec
import pytest

from envcensus.errors import IndexConfigError
from envcensus.index.config import IndexConfig, IndexOptions, load_index_config
from envcensus.index.secure import refused_indexes

SECRET = "s3cr3t"


def load(tmp_path: Path, options: IndexOptions | None = None, **environ: str) -> IndexConfig:
    environ.setdefault("PIP_CONFIG_FILE", os.devnull)
    environ.setdefault("PIP_INDEX_URL", "https://pip.example.com/simple")
    return load_index_config(options, environ, cwd=str(tmp_path), home=str(tmp_path), prefix=str(tmp_path))


def source(config: IndexConfig, name: str) -> str:
    (row,) = [row for row in config.settings if row.name == name]
    return row.source


def test_without_any_setting_pips_own_index_is_asked(tmp_path: Path) -> None:
    from pip._internal.models.index import PyPI

    config = load(tmp_path, PIP_INDEX_URL="")
    assert config.index_urls == (PyPI.simple_url,)
    assert (config.timeout, config.retries, config.proxy, config.cert) == (15.0, 5, None, "")
    assert source(config, "index-url") == "pip's default"


def test_ours_beats_pips_and_the_command_line_beats_all(tmp_path: Path) -> None:
    assert load(tmp_path).index_urls == ("https://pip.example.com/simple",)
    (tmp_path / "pyproject.toml").write_text('[tool.envcensus.index]\nindex-url = "https://py.example.com"\n')
    assert load(tmp_path).index_urls == ("https://py.example.com",)
    (tmp_path / "envcensus.toml").write_text(
        '[index]\nindex-url = "https://toml.example.com"\ntimeout = 3\nno-index = false\n'
        'extra-index-url = ["https://a.example.com", "https://b.example.com"]\n'
    )
    config = load(tmp_path)
    assert config.index_urls == ("https://toml.example.com", "https://a.example.com", "https://b.example.com")
    assert config.timeout == 3.0
    assert source(config, "timeout") == f"{tmp_path}/envcensus.toml [index]"
    config = load(tmp_path, ENVCENSUS_INDEX_URL="https://env.example.com", ENVCENSUS_TIMEOUT="4")
    assert (config.index_urls[0], config.timeout) == ("https://env.example.com", 4.0)
    assert source(config, "index-url") == "ENVCENSUS_INDEX_URL"
    options = IndexOptions(index_url="https://cli.example.com", timeout=5, extra_index_url=("https://c.example.com",))
    config = load(tmp_path, options, ENVCENSUS_INDEX_URL="https://env.example.com")
    assert config.index_urls[0] == "https://cli.example.com"
    assert config.index_urls[-1] == "https://c.example.com", "lists are added to, as pip does"
    assert len(config.index_urls) == 4
    assert source(config, "timeout") == "command line"


@pytest.mark.parametrize(
    ("environ", "what"),
    [
        ({"PIP_TIMEOUT": "soon"}, "timeout"),
        ({"PIP_TIMEOUT": "-1"}, "timeout"),
        ({"ENVCENSUS_TIMEOUT": "nan"}, "timeout"),
        ({"ENVCENSUS_RETRIES": "inf"}, "retries"),
        ({"ENVCENSUS_CONCURRENCY": "0"}, "concurrency"),
        ({"PIP_NO_INDEX": "perhaps"}, "no-index"),
        ({"ENVCENSUS_INDEX_STRATEGY": "best"}, "index-strategy"),
        ({"PIP_KEYRING_PROVIDER": "mine"}, "keyring-provider"),
        ({"PIP_INDEX_URL": "example.com/simple"}, "example.com/simple"),
        ({"PIP_EXTRA_INDEX_URL": "ftp://example.com"}, "ftp://example.com"),
        ({"PIP_INDEX_URL": "https://[::1/simple"}, "names no host"),
        ({"PIP_INDEX_URL": "http://:8080/simple"}, "names no host"),
        ({"PIP_EXTRA_INDEX_URL": "https://a.example.com:99999/simple"}, "names no host"),
        ({"PIP_FIND_LINKS": "https://a.example.com:port/links"}, "names no host"),
        ({"PIP_PROXY": "socks5://proxy.example.com:1080"}, "proxy in PIP_PROXY"),
        ({"PIP_PROXY": "http://[::1"}, "proxy in PIP_PROXY"),
    ],
)
def test_unusable_values_name_the_setting(tmp_path: Path, environ: dict[str, str], what: str) -> None:
    with pytest.raises(IndexConfigError, match=what):
        load(tmp_path, None, **environ)


def test_unknown_keys_in_our_own_file_are_errors(tmp_path: Path) -> None:
    (tmp_path / "envcensus.toml").write_text('[index]\nindex_url = "https://a.example.com"\n')
    with pytest.raises(IndexConfigError, match="index_url"):
        load(tmp_path)
    (tmp_path / "envcensus.toml").write_text("[index\n")
    with pytest.raises(IndexConfigError, match="TOML"):
        load(tmp_path)


def test_somebody_elses_broken_pyproject_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool\n")
    assert load(tmp_path).index_urls == ("https://pip.example.com/simple",)


def test_directories_become_file_urls(tmp_path: Path) -> None:
    (tmp_path / "my index").mkdir()
    assert load(tmp_path, PIP_INDEX_URL=str(tmp_path)).index_urls == (f"file://{tmp_path}",)
    options = IndexOptions(index_url=str(tmp_path / "my index"))
    assert load(tmp_path, options).index_urls == (f"file://{tmp_path}/my%20index",)


def test_certificates_from_the_usual_variables(tmp_path: Path) -> None:
    assert load(tmp_path, REQUESTS_CA_BUNDLE="/r.pem", CURL_CA_BUNDLE="/c.pem").cert == "/r.pem"
    assert load(tmp_path, PIP_CERT="~/p.pem", REQUESTS_CA_BUNDLE="/r.pem").cert == f"{tmp_path}/p.pem"
    config = load(tmp_path, SSL_CERT_FILE="/s.pem")
    assert config.cert == "", "OpenSSL reads that variable itself"
    assert source(config, "cert") == "SSL_CERT_FILE or SSL_CERT_DIR"


def test_proxies(tmp_path: Path) -> None:
    config = load(
        tmp_path, HTTPS_PROXY="up:1", https_proxy="low:2", NO_PROXY="x", HTTP_PROXY="h:1", REQUEST_METHOD="GET"
    )
    assert config.environ_proxies == {"https": "low:2", "no": "x"}
    assert config.proxy is None
    assert load(tmp_path, PIP_PROXY="p.example.com:3128").proxy == "http://p.example.com:3128"
    assert load(tmp_path, PIP_NO_PROXY_ENV="yes", https_proxy="low:2").proxy == ""


def test_what_decides_is_shown(tmp_path: Path) -> None:
    """Also what no option of pip's sets: the netrc file, the proxies' exceptions, and that there is no certificate."""
    (tmp_path / ".netrc").touch()
    config = load(tmp_path, https_proxy=f"http://me:{SECRET}@p.example.com:3128", NO_PROXY="a.example.com,10.0.0.0/8")
    rows = {row.name: (row.value, row.source) for row in config.settings}
    assert rows["netrc"] == (f"{tmp_path}/.netrc", "default")
    assert rows["no-proxy"] == ("a.example.com,10.0.0.0/8", "NO_PROXY")
    assert rows["proxy"] == ("https=http://****@p.example.com:3128", "environment variables *_PROXY")
    assert rows["client-cert"] == ("", "default")
    rows = {
        row.name: (row.value, row.source)
        for row in load(tmp_path, NETRC=str(tmp_path / "absent"), no_proxy="b", PIP_CLIENT_CERT="/c.pem").settings
    }
    assert rows["netrc"] == ("", "NETRC")
    assert rows["no-proxy"] == ("b", "no_proxy")
    assert rows["client-cert"] == ("/c.pem", "PIP_CLIENT_CERT")
    rows = {row.name: (row.value, row.source) for row in load(tmp_path, NO_PROXY="b", PIP_PROXY="p:1").settings}
    assert "no-proxy" not in rows, "pip's own option knows no exceptions"


def test_netrc(tmp_path: Path) -> None:
    assert load(tmp_path).netrc == ""
    (tmp_path / ".netrc").touch()
    assert load(tmp_path).netrc == f"{tmp_path}/.netrc"
    assert load(tmp_path, NETRC=str(tmp_path / "missing")).netrc == ""


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        PIP_INDEX_URL=f"https://me:{SECRET}@one.example.com/simple",
        PIP_EXTRA_INDEX_URL=f"https://{SECRET}@two.example.com/simple",
        PIP_FIND_LINKS=f"https://me:{SECRET}@three.example.com/links",
        PIP_PROXY=f"http://me:{SECRET}@proxy.example.com:3128",
    )
    shown = f"{config!r} {config} {config.settings} {list(config.__rich_repr__())} {config.cache_key()}"
    assert SECRET not in shown
    for host in ("one", "two", "three", "proxy"):
        assert f"****@{host}.example.com" in shown


@pytest.mark.parametrize(
    "location",
    [
        f"me:{SECRET}@example.com/simple",
        f"me:{SECRET}@/x",
        f"git+ssh://me:{SECRET}@h/x",
        f"https://me:{SECRET}@[::1/simple",
        f"https://me:{SECRET}@a.example.com:port/simple",
    ],
)
def test_errors_show_no_secret(tmp_path: Path, location: str) -> None:
    for variable in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_PROXY", "PIP_FIND_LINKS"):
        shown = ""
        try:
            shown = str(load(tmp_path, None, **{variable: location}))
        except IndexConfigError as error:
            shown = str(error)
        assert shown
        assert SECRET not in shown or variable == "PIP_FIND_LINKS", "that may be a path"


def test_a_configuration_travels_to_workers(tmp_path: Path) -> None:
    config = load(tmp_path, https_proxy="p:1", PIP_EXTRA_INDEX_URL="https://b.example.com")
    assert pickle.loads(pickle.dumps(config)) == config
    assert msgspec.json.decode(msgspec.json.encode(config), type=IndexConfig) == config


def test_the_cache_key_follows_what_changes_answers(tmp_path: Path) -> None:
    def key(url: str, **environ: str) -> str:
        return load(tmp_path, None, **{"PIP_INDEX_URL": url, **environ}).cache_key()

    plain = key("https://a.example.com")
    assert plain == key("https://a.example.com", PIP_TIMEOUT="3", https_proxy="p")
    assert key("https://me:one@a.example.com") == key("https://me:two@a.example.com"), "passwords change"
    others = [
        key("https://b.example.com"),
        key("https://me:pw@a.example.com"),
        key("https://a.example.com", PIP_EXTRA_INDEX_URL="https://b.example.com"),
        key("https://a.example.com", PIP_FIND_LINKS="/srv"),
        key("https://a.example.com", ENVCENSUS_INDEX_STRATEGY="first-match"),
    ]
    assert len({plain, *others}) == len(others) + 1


def test_a_pyproject_may_escape_our_name(tmp_path: Path) -> None:
    table = '[tool."\\u0065nvcensus".index]\nindex-url = "https://py.example.com"\n'
    (tmp_path / "pyproject.toml").write_text(table)
    assert load(tmp_path).index_urls == ("https://py.example.com",)


def test_a_pip_that_keeps_its_default_elsewhere_is_asked_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    from pip._internal.models.index import PyPI

    from envcensus.index import pip_config

    def moved() -> None:
        raise FileNotFoundError

    monkeypatch.setattr(pip_config, "_models_index", moved)
    assert pip_config.default_index_url() == PyPI.simple_url


def test_schemes_in_capitals(tmp_path: Path) -> None:
    capitals = "HTTP://127.0.0.1/Simple", ("File:///X",), ("HTTPS://x/Y",)
    options = IndexOptions(index_url=capitals[0], extra_index_url=capitals[1], find_links=capitals[2])
    config = load(tmp_path, options)
    assert config.index_urls == ("http://127.0.0.1/Simple", "file:///X")
    assert config.find_links == ("https://x/Y",)
    (refused,) = refused_indexes(load(tmp_path, IndexOptions(index_url="HTTP://example.com/simple")))
    assert "plain http" in refused.reason
