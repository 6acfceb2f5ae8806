"""Write a finished census where it was asked for, and turn it into an exit code."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from envcensus.cli.roots import terminal_width, wants_color
from envcensus.errors import EnvcensusError, ExitCode, UsageError
from envcensus.model.display import neutral
from envcensus.report import formats
from envcensus.report.options import RenderOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from envcensus.analysis.rules import Rules
    from envcensus.model.census import Census
    from envcensus.model.changes import TrendPoint
    from envcensus.model.finding import State
    from envcensus.model.skipped import Skipped

_EVERY: frozenset[State] = frozenset({"outdated", "current", "not-comparable", "not-found", "failed", "unchecked"})


def to_stdout(pieces: Iterable[str]) -> None:
    """Write `pieces` as they come. Text that the output's encoding cannot hold is escaped, never an error."""
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    for piece in pieces:
        sys.stdout.write(piece)


def check_outputs(outputs: Sequence[str], *, envs: bool = False) -> None:
    """Raise UsageError for an output whose suffix names no format, before any work is done."""
    for path in outputs:
        formats.known(formats.for_file(path), envs=envs)


def check_snapshot(path: str) -> None:
    """Raise UsageError for an output that is not called as snapshots are, before any work is done."""
    from envcensus.pipelines.collect import SNAPSHOTS

    if not path.endswith(SNAPSHOTS):
        raise UsageError(f"{path} is no name for a snapshot", remedy="let it end in " + " or ".join(SNAPSHOTS))


@contextmanager
def to_files(
    outputs: Sequence[str],
    render: Callable[[str], Iterable[str]],
    for_file: Callable[[str], str] = formats.for_file,
) -> Iterator[None]:
    """Write each of `outputs` whole, in the format that `for_file` has for it, then do what is in the block.

    One that cannot be written takes neither the others nor the block with it: raises its EnvcensusError afterwards.
    """
    failed: list[EnvcensusError] = []
    for path in outputs:
        from envcensus.runtime.atomic import write_whole

        try:
            pieces = render(for_file(path))
            write_whole(path, (piece.encode("utf-8", "backslashreplace") for piece in pieces))
        except EnvcensusError as error:
            failed.append(error)
    yield
    for other in failed[1:]:
        print(f"envcensus: {neutral(str(other))}", file=sys.stderr)
    if failed:
        raise failed[0]


def report(
    census: Census,
    values: Mapping[str, Any],
    shape: RenderOptions,
    other: Callable[[], Iterable[str] | None] = lambda: None,
) -> None:
    """Write a census to the files of --output, and to standard output unless it is a quiet run without news.

    `other` makes what standard output gets in place of the report in --format, where it is not None.
    """
    with to_files(values["outputs"], lambda name: formats.render(name, census, for_files(shape))):
        if not values["quiet"] or newsworthy(census):
            to_stdout(other() or formats.render(values["format_"], census, shape))


def rules(texts: Sequence[str]) -> Rules | None:
    """The rules of --fail-on, None where there are none. Raises UsageError."""
    if not texts:
        return None
    from envcensus.analysis.rules import parse_rules

    return parse_rules(texts)


def exit_code(census: Census, rules: Rules | None = None, *, allow_incomplete: bool) -> ExitCode:
    """INCOMPLETE where something could not be looked at, unless that is allowed; else FINDINGS where `rules` (of
    --fail-on) are broken."""
    if not census.complete and not allow_incomplete:
        return ExitCode.INCOMPLETE
    return ExitCode.FINDINGS if rules is not None and rules.broken(census.surveys) else ExitCode.COMPLETE


def say_skipped(skipped: Iterable[Skipped]) -> None:
    """One line on standard error for each thing that could not be looked at, where the format has no place for it."""
    for row in skipped:
        print(f"envcensus: {neutral(f'{row.what} {row.where}: {row.reason}')}", file=sys.stderr)


def say_if_nothing_is_there(census: Census, roots: Sequence[str], *, system: bool, quiet: bool) -> None:
    """One line on standard error where there is no environment at all: where that was, and what helps.

    None about a root that could not be looked at: nobody knows what is there, and the report says so.
    """
    if census.metrics.environments or quiet or any(row.what in {"root", "snapshot"} for row in census.skipped):
        return
    where = neutral(roots[0]) + (f" and {len(roots) - 1:,} more" if len(roots) > 1 else "") if roots else ""
    looked = " and ".join(filter(None, (where and f"below {where}", "in the well-known places" if system else "")))
    remedy = "name another ROOT" + ("" if system else ", or look in the well-known places with --system")
    print(f"envcensus: no environments {looked or 'anywhere: no ROOT was given'}; {remedy}", file=sys.stderr)


def say_remarks(census: Census) -> None:
    """One line on standard error for each kind of remark, where the format has no place for it."""
    from envcensus.report.remarks import remarks

    for line in remarks(census):
        print(f"envcensus: {line}", file=sys.stderr)


def newsworthy(census: Census) -> bool:
    """Whether a quiet run has something to say: a finding, a problem or a failure; with --since, a change."""
    if not census.complete:
        return True
    if census.changes is not None:
        return bool(census.changes.new or census.changes.resolved)
    return any(
        survey.problems or any(row.state == "outdated" and not row.ignored for row in survey.findings)
        for survey in census.surveys
    )


def render_options(
    command: str, *, show_all: bool = False, verbose: bool = False, trend: tuple[TrendPoint, ...] = ()
) -> RenderOptions:
    """Options for standard output as it is: colour and width only on a terminal."""
    shown: dict[str, Any] = {"show": _EVERY} if show_all else {}
    color, width = wants_color(), terminal_width()
    return RenderOptions(command=command, verbose=verbose, color=color, width=width, trend=trend, **shown)


def for_files(options: RenderOptions) -> RenderOptions:
    """The same for a file: no colour, nothing cut."""
    return msgspec.structs.replace(options, color=False, width=None)
