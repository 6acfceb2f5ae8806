"""pip's configuration is read as pip reads it: pip is the oracle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envcensus.errors import IndexConfigError
from envcensus.index import pip_config
from envcensus.index.config import IndexConfig, load_index_config

ORACLE = Path(__file__).parents[2] / "support" / "pip_oracle.py"
Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def pip() -> Iterator[Ask]:
    """Ask pip, running in a process of its own, about one set of layers."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", str(ORACLE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def ask(environ: dict[str, str], prefix: str, command: str) -> dict[str, Any]:
            case = {"environ": environ, "prefix": prefix, "command": command}
            process.stdin.write(json.dumps(case) + "\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
            found: dict[str, Any] = json.loads(process.stdout.readline())  # type: ignore[union-attr]
            return found

        yield ask
        process.stdin.close()


urls = st.sampled_from(
    [
        *("https://one.example.com/simple", "https://me:pw@two.example.com/s/", "http://127.0.0.1:1/x"),
        *(
            "file:///srv/simple",
            "https://${USER}:%(pw)s@three.example.com/$HOME/%41",
        ),  # they stay as they are
    ]
)
hosts = st.sampled_from(["one.example.com", "two.example.com:8080"])
paths = st.sampled_from(["/srv/ca.pem", "~/ca.pem", "ca.pem"])
values: dict[str, st.SearchStrategy[str]] = {
    "index-url": urls,
    "pypi-url": urls,
    "extra-index-url": st.lists(urls, max_size=3).map(" ".join) | st.lists(urls, max_size=3).map("\n  ".join),
    "find-links": st.lists(urls | paths, max_size=3).map(" ".join),
    "no-index": st.sampled_from(["yes", "No", "1", "off", "TRUE", "perhaps"]),
    "trusted-host": st.lists(hosts, max_size=3).map("\n  ".join),
    "cert": paths,
    "client-cert": paths,
    "proxy": st.sampled_from(["http://me:pw@proxy.example.com:3128", "proxy.example.com"]),
    "timeout": st.sampled_from(["3", "60.5", "0.5", "soon"]),
    "default-timeout": st.sampled_from(["5", "7"]),
    "retries": st.sampled_from(["0", "9", "1.5"]),
    "keyring-provider": st.sampled_from(["auto", "disabled", "import"]),
    "no-color": st.just("yes"),
}


@st.composite
def settings_of_layer(draw: st.DrawFn, *, variables: bool = False) -> dict[tuple[str, str], str]:
    """(section, key as spelled) → text."""
    found = {}
    for key in draw(st.lists(st.sampled_from(sorted(values)), max_size=4, unique=True)):
        text = draw(values[key] | st.just(""))
        section = "" if variables else draw(st.sampled_from(["global", "global", "list", "install", "wheel", ":env:"]))
        spelled = key.replace("-", "_") if variables or draw(st.booleans()) else key
        found[section, spelled.upper() if variables or draw(st.booleans()) else spelled] = text
    return found


def write(path: Path, layer: dict[tuple[str, str], str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    sections: dict[str, list[str]] = {}
    for (section, key), text in layer.items():
        sections.setdefault(section, []).append(f"{key} = {text}")
    # Two spellings of one key in a section are an error for pip and for us; test_conflicts has it.
    path.write_text("".join(f"[{section}]\n" + "\n".join(lines) + "\n" for section, lines in sections.items()))


def compare(config: IndexConfig, found: dict[str, Any], home: str) -> None:
    pips = found["values"]
    if pips["no_index"]:
        assert config.index_urls == ()
    else:
        assert config.index_urls == tuple(dict.fromkeys([pips["index_url"], *pips["extra_index_urls"]]))
    assert list(config.find_links) == [p.replace("~", home, 1) if p[:2] == "~/" else p for p in pips["find_links"]]
    assert config.no_index == bool(pips["no_index"])
    assert list(config.trusted_hosts) == pips["trusted_hosts"]
    assert config.cert == (pips["cert"] or "")
    assert config.client_cert == (pips["client_cert"] or "")
    proxy = pips["proxy"]
    assert config.proxy == (proxy if not proxy or "://" in proxy else f"http://{proxy}")
    assert (config.timeout, config.retries) == (pips["timeout"], pips["retries"])
    assert config.keyring_provider == pips["keyring_provider"]


layers = st.fixed_dictionaries(
    {
        "xdg/pip/pip.conf": settings_of_layer(),
        "home/.pip/pip.conf": settings_of_layer(),
        "home/.config/pip/pip.conf": settings_of_layer(),
        "prefix/pip.conf": settings_of_layer(),
        "named.conf": settings_of_layer(),
    }
)


@settings(max_examples=80, deadline=None)
@given(
    layers,
    settings_of_layer(variables=True),
    st.sampled_from(["", "named.conf", "missing.conf", os.devnull]),
    st.sampled_from(["list", "install"]),
)
def test_every_layer_counts_as_for_pip(
    pip: Ask,
    files: dict[str, dict[tuple[str, str], str]],
    variables: dict[tuple[str, str], str],
    named: str,
    command: str,
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        for name, layer in files.items():
            write(Path(directory, name), layer)
        home, prefix = f"{directory}/home", f"{directory}/prefix"
        environ = {"HOME": home, "XDG_CONFIG_DIRS": f"{directory}/xdg"}
        environ |= {f"PIP_{key}": text for (_, key), text in variables.items()}
        if named:
            environ["PIP_CONFIG_FILE"] = named if named == os.devnull else f"{directory}/{named}"
        found = pip(environ, prefix, command)
        if "error" in found:
            with pytest.raises(IndexConfigError):
                load_index_config(None, environ, cwd=directory, home=home, prefix=prefix, command=command)
            return
        ours = load_index_config(None, environ, cwd=directory, home=home, prefix=prefix, command=command)
        compare(ours, found, home)
        read = {layer.source: layer.values for layer in pip_config.read_layers(environ, prefix, home) if layer.values}
        assert read == found["listed"]


def test_the_listing_and_the_debug_view_of_pip(tmp_path: Path) -> None:
    """The commands themselves, once: `pip config list` and `pip config debug`."""
    write(tmp_path / ".config/pip/pip.conf", {("global", "index-url"): "https://one.example.com/simple"})
    write(tmp_path / ".pip/pip.conf", {("global", "timeout"): "7", ("list", "Find_Links"): "/srv/a /srv/b"})
    environ = {
        "HOME": str(tmp_path),
        "XDG_CONFIG_DIRS": str(tmp_path / "xdg"),
        "PIP_RETRIES": "2",
        "PATH": os.environ["PATH"],
    }

    def run(command: str) -> list[str]:
        arguments = [sys.executable, "-m", "pip", "config", command]
        return subprocess.run(arguments, env=environ, capture_output=True, text=True, check=True).stdout.splitlines()

    layers = pip_config.read_layers(environ, sys.prefix, str(tmp_path))
    listed = sorted(f"{key}={text!r}" for layer in layers for key, text in layer.values.items())
    assert sorted(run("list")) == listed
    debug = run("debug")
    shown = [line.strip().removesuffix(", exists: True").removesuffix(", exists: False") for line in debug]
    files = [path for _, path in pip_config.config_files(environ, sys.prefix, str(tmp_path))]
    assert len(files) >= 5
    for path in files:
        assert path in shown
    for layer in layers:
        if layer.kind != "env-var":
            assert f"  {layer.source}, exists: True" in debug


@pytest.mark.parametrize(
    "text",
    ["[global]\ntimeout = 1\nTimeout = 2\n", "index-url = x\n", "[global]\n= 1\n", "[global\n", "[global]\nproxy"],
)
def test_files_pip_stops_at_stop_us(pip: Ask, tmp_path: Path, text: str) -> None:
    (tmp_path / "pip.conf").write_text(text)
    environ = {"HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path / "xdg")}
    assert pip(environ, str(tmp_path), "list") == {"error": True}
    with pytest.raises(IndexConfigError) as caught:
        load_index_config(None, environ, cwd=str(tmp_path), home=str(tmp_path), prefix=str(tmp_path))
    assert str(tmp_path / "pip.conf") in str(caught.value)


def test_undecodable_files_stop_us_too(pip: Ask, tmp_path: Path) -> None:
    (tmp_path / "pip.conf").write_bytes(b"[global]\nproxy = \xff\xfe\n")
    environ = {"HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path / "xdg")}
    assert pip(environ, str(tmp_path), "list") == {"error": True}
    with pytest.raises(IndexConfigError, match="text"):
        load_index_config(None, environ, cwd=str(tmp_path), home=str(tmp_path), prefix=str(tmp_path))


def test_the_last_of_two_names_for_one_option_wins(pip: Ask, tmp_path: Path) -> None:
    (tmp_path / "pip.conf").write_text("[global]\ntimeout = 1\ndefault-timeout = 2\n[list]\ntimeout = 3\n")
    environ = {"HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path / "xdg")}
    ours = load_index_config(None, environ, cwd=str(tmp_path), home=str(tmp_path), prefix=str(tmp_path))
    assert ours.timeout == pip(environ, str(tmp_path), "list")["values"]["timeout"] == 3.0
