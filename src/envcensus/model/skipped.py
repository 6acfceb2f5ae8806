"""Expected trouble is data: it travels with the result, is counted and is shown."""

from __future__ import annotations

from msgspec import Struct


class Skipped(Struct, frozen=True, gc=False):
    """Something that could not be looked at: the run is incomplete (exit code 4)."""

    what: str  # "directory", "environment", "distribution", "project", "snapshot", "host", …
    where: str  # path or name
    reason: str  # one sentence without secrets


class Problem(Struct, frozen=True, gc=False):
    """Something wrong inside an environment that was looked at in full: a finding, not a failure.

    `code` is one of the words of `CODES`.
    """

    code: str
    where: str  # path
    detail: str = ""


class Note(Struct, frozen=True, gc=False):
    """What the user should know about a project's places: nothing failed, and the answer stands.

    `text` is a sentence, its kind up to the first ": ", the particulars after it.
    """

    project: str  # normalized
    text: str


CODES = {
    "duplicate": "the same project is installed more than once",
    "leftover": "left behind by an interrupted pip",
    "no-metadata": "metadata missing or empty",
    "name-mismatch": "directory and metadata disagree about the name",
    "version-mismatch": "directory and metadata disagree about the version",
    "invalid-version": "not a PEP 440 version",
    "invalid-name": "not a valid project name",
    "broken-symlink": "a symbolic link that leads nowhere",
    "unreadable": "not readable",
    "oversized": "metadata larger than the limit; read in part",
    "not-a-file": "metadata that is no regular file",
    "end-of-life": "this Python gets no more security fixes",
    "no-site-packages": "the environment has no site-packages directory",
    "no-base": "the base interpreter is gone",
    "missing": "a requirement is not installed",
    "conflict": "a requirement is installed in a version it does not allow",
    "unsupported-python": "does not support the environment's Python",
    "invalid-requirement": "a requirement that cannot be read",
}

# Of these the detail is what is wrong, and says nothing by itself.
_BARE = frozenset({"name-mismatch", "invalid-name", "invalid-version", "no-base"})


def in_full(problem: Problem) -> str:
    """Its code, where it is, and what is wrong."""
    meaning = in_words(problem)
    return f"{problem.code}: {problem.where}" + (f" ({meaning})" if meaning else "")


def in_words(problem: Problem) -> str:
    """What is wrong, in plain words."""
    meaning = CODES.get(problem.code, "")
    if problem.code in _BARE and problem.detail:
        return f"{meaning}: {problem.detail}"
    return problem.detail or meaning
