"""docs/configuration.md says what the files of settings may hold, and its example is taken."""

from __future__ import annotations

import datetime
import pathlib
import re

import msgspec
import pytest

from envcensus.errors import IndexConfigError
from envcensus.index.config import load_index_config
from envcensus.model.policy import Ignore
from envcensus.pipelines.policy import load_policy

TEXT = (pathlib.Path(__file__).parents[3] / "docs" / "configuration.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, str]:
    """The table below a heading: keys and defaults."""
    body = TEXT.split(f"\n## `{heading}`", 1)[1].split("\n## ", 1)[0]
    found = re.findall(r"^\| `([\w-]+)` \| .* \| (.*) \|$", body, re.MULTILINE)
    return {key: default.strip("`") for key, default in found}


def test_every_key_of_an_ignore() -> None:
    fields = {field.name: field for field in msgspec.structs.fields(Ignore)}
    assert rows("[[ignore]]").keys() == fields.keys()
    assert {key for key, default in rows("[[ignore]]").items() if default == "must be given"} == {
        name for name, field in fields.items() if field.required
    }


def test_every_key_of_the_index(tmp_path: pathlib.Path) -> None:
    (tmp_path / "envcensus.toml").write_text("[index]\nnonsense = 1\n")
    with pytest.raises(IndexConfigError) as error:
        load_index_config(cwd=str(tmp_path))
    assert error.value.remedy is not None
    documented = rows("[index]")
    assert set(documented) == set(error.value.remedy.removeprefix("known: ").split(", "))
    config = load_index_config(environ={}, cwd=str(tmp_path / "elsewhere"), home=str(tmp_path), prefix=str(tmp_path))
    in_force = {setting.name: setting.value for setting in config.settings}
    for name in ("index-strategy", "keyring-provider", "timeout", "retries", "concurrency", "no-index"):
        assert documented[name] == in_force[name]


def test_the_example_is_taken(tmp_path: pathlib.Path) -> None:
    (example,) = re.findall(r"<!-- envcensus.toml -->\n```toml\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "envcensus.toml").write_text(example)
    config = load_index_config(environ={}, cwd=str(tmp_path), home=str(tmp_path), prefix=str(tmp_path))
    assert config.index_urls == ("https://packages.example.com/simple",)
    assert config.concurrency == 32
    first, second = load_policy(None, str(tmp_path)).ignore
    assert (first.versions, first.expires) == (">=5", datetime.date(2027, 3, 31))
    assert second.environment == "/srv/archive/*"
