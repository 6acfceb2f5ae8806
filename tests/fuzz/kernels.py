"""Coverage-guided fuzzing of the kernels against packaging: ``tox -e fuzz``.

Every input is read by every kernel. What one side accepts and the other refuses, or reads differently, is a crash,
and so is any exception but the one that is promised. The compiled code is not instrumented: packaging's Python is,
and the inputs that it tells apart are those that matter.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable

import atheris

with atheris.instrument_imports(include=["packaging"]):
    import packaging.markers
    import packaging.requirements
    import packaging.specifiers
    import packaging.utils
    import packaging.version

from envcensus._kernels import names, requirement, specifier, version

TABLE = specifier.VersionTable(["0.dev0", "0.9", "1.0a1", "1.0", "1.0+l", "1.0.post1", "1.1", "2.0rc1", "2.0", "1!0"])


def answer(read: Callable[[str], object], text: str, *errors: type[Exception]) -> object:
    """What a side makes of a text, None where it refuses it with the error it promises."""
    try:
        return read(text)
    except errors:
        return None


def ours_of_set(text: str) -> object:
    found = specifier.SpecifierSet(text)
    mask = found.mask(TABLE)
    return str(found), [bool(mask >> i & 1) for i in range(len(TABLE))]


def theirs_of_set(text: str) -> object:
    found = packaging.specifiers.SpecifierSet(text)
    return str(found), [found.contains(item, prereleases=True) for item in TABLE.versions]


def theirs_of_requirement(text: str) -> str:
    found = packaging.requirements.Requirement(text)
    found.specifier.contains("1.0")  # reads its versions
    return str(found)


def theirs_of_wheel(text: str) -> object:
    name, found, build, _ = packaging.utils.parse_wheel_filename(text)
    return name, str(found), build


def ours_of_wheel(text: str) -> object:
    name, found, build, _ = names.parse_wheel_filename(text)
    return name, str(found), build


def compare(what: str, text: str, ours: object, theirs: object) -> None:
    if ours != theirs:
        raise AssertionError(f"{what}: {text!r}: {ours!r}, packaging: {theirs!r}")


def one_input(data: bytes) -> None:
    """Read one text with everything. Numbers beyond int()'s limit are refused here and fail late in packaging."""
    text = data.decode("utf-8", "surrogateescape")
    invalid = packaging.version.InvalidVersion
    theirs = answer(lambda t: str(packaging.version.Version(t)), text, invalid)
    compare("version", text, answer(lambda t: str(version.Version(t)), text, invalid), theirs)
    compare("name", text, names.canonicalize_name(text), packaging.utils.canonicalize_name(text))
    wrong_set = packaging.specifiers.InvalidSpecifier
    compare("set", text, answer(ours_of_set, text, wrong_set), answer(theirs_of_set, text, wrong_set, AssertionError))
    wrong = packaging.requirements.InvalidRequirement
    ours = answer(lambda t: str(requirement.Requirement(t)), text, wrong)
    compare("requirement", text, ours, answer(theirs_of_requirement, text, wrong, AssertionError))
    broken = packaging.markers.InvalidMarker
    ours = answer(lambda t: str(requirement.Marker(t)), text, broken)
    compare("marker", text, ours, answer(lambda t: str(packaging.markers.Marker(t)), text, broken))
    bad = packaging.utils.InvalidWheelFilename
    for name in (text, f"a-1-{text}.whl"):
        compare("wheel", name, answer(ours_of_wheel, name, bad), answer(theirs_of_wheel, name, bad))
    sdist = packaging.utils.InvalidSdistFilename
    theirs = answer(lambda t: tuple(map(str, packaging.utils.parse_sdist_filename(t))), f"{text}.zip", sdist)
    ours = answer(lambda t: tuple(map(str, names.parse_sdist_filename(t))), f"{text}.zip", sdist)
    compare("sdist", text, ours, theirs)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # of escapes in literals
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
