"""docs/cli.md and the manual pages say what the commands say."""

from __future__ import annotations

import importlib.util
import pathlib
import shutil
import subprocess
from types import ModuleType

import pytest

from envcensus.cli.main import COMMANDS
from envcensus.errors import ExitCode

DOCS = pathlib.Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", DOCS / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_files_are_what_the_program_says(reference: ModuleType) -> None:
    stale = [path.name for path, text in reference.files().items() if path.read_text(encoding="utf-8") != text]
    assert not stale, "run: python docs/reference.py"
    assert {path.name for path in DOCS.joinpath("man").iterdir()} == set(reference.pages())


def test_every_command_and_exit_code_is_there(reference: ModuleType) -> None:
    assert {path.split()[1] for path, *_ in reference.commands()} == set(COMMANDS)
    assert set(reference.EXITS) == set(ExitCode)
    text = DOCS.joinpath("cli.md").read_text(encoding="utf-8")
    assert all(f"### envcensus {name}\n" in text for name in COMMANDS)
    assert "`--fail-on RULES`" in text


def test_text_cannot_become_a_request(reference: ModuleType) -> None:
    assert reference._roff(".so /etc/passwd") == r"\&.so /etc/passwd"
    assert reference._roff(r"a\b-c … é") == r"a\eb\-c ... \[u00E9]"


@pytest.mark.parametrize("checker", [["mandoc", "-Tlint", "-Wwarning"], ["groff", "-man", "-Tutf8", "-ww", "-z"]])
def test_the_pages_are_sound_roff(checker: list[str]) -> None:
    if shutil.which(checker[0]) is None:
        pytest.skip(f"no {checker[0]}")
    for page in sorted(DOCS.joinpath("man").glob("*.1")):
        done = subprocess.run([*checker, str(page)], capture_output=True, text=True, check=False)
        said = [line for line in (done.stdout + done.stderr).splitlines() if "missing date" not in line]
        assert not said, page
