"""Reading the policy file: what is wrong with it is said in one line, and nobody else's is taken."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from envcensus.errors import UsageError
from envcensus.index.config import load_index_config
from envcensus.pipelines.constraints import read_constraints
from envcensus.pipelines.policy import load_policy

GOOD = '[[ignore]]\nproject = "a"\nreason = "because"\nexpires = 2027-01-31\n'


def test_the_directory_offers_one_and_a_named_one_wins(tmp_path: Path) -> None:
    assert load_policy(None, str(tmp_path)).ignore == ()
    (tmp_path / "pyproject.toml").write_text(GOOD.replace("[[ignore]]", "[[tool.envcensus.ignore]]"))
    assert load_policy(None, str(tmp_path)).ignore[0].reason == "because"
    named = tmp_path / "mine.toml"
    named.write_text(GOOD.replace("because", "mine"))
    assert load_policy(str(named), str(tmp_path)).ignore[0].reason == "mine"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nonsense", "no valid TOML"),
        ('[[ignore]]\nproject = "a"\n', "reason"),
        ('[[ignore]]\nproject = "a"\nreason = " "\n', "number 1 has no reason; say why"),
        (
            GOOD + 'version = "<2"\n',
            "number 1 has an unknown key 'version'; known: environment, expires, owner, project, reason, versions",
        ),
        (GOOD + 'versions = "two"\n', "'two' is no specifier"),
        (GOOD.replace("2027-01-31", '"soon"'), "number 1: expires has to be a day such as 2027-01-31"),
        (GOOD.replace("2027-01-31", "2027-01-31T12:00:00"), "expires has to be a day"),
        (GOOD.replace('"because"', "3"), "number 1: reason has to be a text in quotes"),
        (GOOD + GOOD.replace('"a"', '""'), "number 2 has no project; name one"),
        (GOOD.replace("[[ignore]]", "[ignore]"), r"no list of tables; write \[\[ignore\]\] above each entry"),
        ('ignore = ["a"]\n', r"\[\[ignore\]\] number 1 is no table"),
        (GOOD.replace("ignore", "ignores"), "unknown table 'ignores'; known: ignore, index"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "envcensus.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=says) as caught:
        load_policy(None, str(tmp_path))
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_somebody_elses_policy_is_not_taken_unasked(tmp_path: Path) -> None:
    file = tmp_path / "envcensus.toml"
    file.write_text(GOOD)
    os.chown(file, 65534, 65534)
    assert load_policy(None, str(tmp_path)).ignore == ()
    assert load_policy(str(file), "/").ignore


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_nor_are_somebody_elses_indexes(tmp_path: Path) -> None:
    file = tmp_path / "envcensus.toml"
    file.write_text('[index]\nindex-url = "https://example.com/simple"\n')

    def urls() -> tuple[str, ...]:
        return load_index_config(environ={}, cwd=str(tmp_path), home=str(tmp_path)).index_urls

    assert "https://example.com/simple" in urls()
    os.chown(file, 65534, 65534)
    assert "https://example.com/simple" not in urls()


def test_constraints_are_joined_by_project(tmp_path: Path) -> None:
    file = tmp_path / "c.txt"
    file.write_text("A.b<2\na-b>=1 # why\n")
    assert [str(each) for each in read_constraints([str(file)])["a-b"]] == ["<2", ">=1"]
    with pytest.raises(UsageError, match="absent"):
        read_constraints([str(tmp_path / "absent.txt")])
