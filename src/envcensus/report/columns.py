"""The report on a terminal: per environment a heading and aligned rows, then what was skipped, then the totals.

Everything reads the same without colour. Nothing is cut unless the width of a terminal is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from envcensus._kernels.table import gather, lay_out
from envcensus.model.census import Census, Stream, Survey
from envcensus.model.changes import Changes
from envcensus.model.display import hours, neutral, plural
from envcensus.model.environment import Environment
from envcensus.model.finding import Finding, Unchecked
from envcensus.model.skipped import Problem, Skipped, in_full
from envcensus.report import remarks, totals
from envcensus.report.options import RenderOptions
from envcensus.report.text import SEVERITY_STYLES, WIDEST, aligned, cut_left, style, table
from envcensus.report.totals import SEVERITIES, Totals

IMPLEMENTATIONS = {"cpython": "Python", "pypy": "PyPy", "graalpy": "GraalPy"}
ELASTIC = ("Package", "Version", "Latest", "Notes", "Editable project location", "Environment")


def render(census: Census | Stream, options: RenderOptions) -> Iterator[str]:
    """One piece per environment, then the skipped and the summary."""
    sums = Totals()
    projects: set[str] = set()
    stale = remarks.Staleness()
    for survey in census.surveys:
        counts = totals.of_survey(survey)
        sums.add(counts)
        projects.update(gather(survey.distributions, "normalized"))
        if counts.unchecked < counts.packages:
            stale.add(survey.findings)
        yield "\n".join(_environment(survey, counts, options)) + "\n\n"
    if census.skipped:
        yield "\n".join(_skipped(census.skipped, options)) + "\n\n"
    if isinstance(census, Census) and census.changes is not None:
        yield "\n".join(_changes(census.changes, options)) + "\n\n"
    lines = list(summary(sums, len(projects), options))
    said = [*stale.line(), *remarks.notes(census.notes, verbose=options.verbose)]
    lines += [style(line, "yellow", options.color) for line in said]
    yield "\n".join([*lines, *_incomplete(sums, len(census.skipped), options)]) + "\n"


def _changes(changes: Changes, options: RenderOptions) -> Iterator[str]:
    """What is new and what is resolved, each as a table."""
    from envcensus.report.document import timestamp

    counts = f"{len(changes.new):,} new, {len(changes.resolved):,} resolved, {changes.still:,} still outdated"
    unknown = f", {changes.unknown:,} could not be looked up" if changes.unknown else ""
    yield style(f"Since {timestamp(changes.since)}: {counts}{unknown}", "bold", options.color)
    for title, rows in (("New", changes.new), ("Resolved", changes.resolved)):
        if rows:
            cells = [
                [neutral(row.environment), neutral(row.name), neutral(row.version), neutral(row.latest)] for row in rows
            ]
            header = ["Environment", title, "Version", "Latest"]
            yield from table(header, cells, width=options.width, elastic=ELASTIC, color=options.color)


def render_envs(census: Census | Stream, options: RenderOptions) -> Iterator[str]:
    """A table of the environments, one a row."""
    found = [survey.environment for survey in census.surveys]
    columns = {
        "Environment": [neutral(e.path) for e in found],
        "Kind": [neutral(e.kind) for e in found],
        "Python": [neutral(python(e)) for e in found],
        "Owner": [neutral(owner_of(e)) for e in found],
        "Host": [neutral(e.host) for e in found],
    }
    kept = {title: cells for title, cells in columns.items() if any(cells)}
    if kept:
        cells = list(kept.values())
        yield aligned(list(kept), cells, width=options.width, elastic=ELASTIC, color=options.color) + "\n\n"
    if census.skipped:
        yield "\n".join(_skipped(census.skipped, options)) + "\n\n"
    yield f"{plural(len(found), 'environment')}{_not_looked_at(len(census.skipped), options)}.\n"


def _environment(survey: Survey, counts: Totals, options: RenderOptions) -> Iterator[str]:
    yield heading(survey.environment, options)
    if options.command == "check":
        yield from _problems(survey.problems, options)
        if not survey.problems:
            yield f"{plural(counts.packages, 'package')}, no problems."
        return
    shown: Sequence[Finding] = survey.findings
    rows = shown
    # What `list` shows is all unchecked; to ask each row would cost more.
    if counts.unchecked < counts.packages or "unchecked" not in options.show:
        show = options.show
        shown = [f for f in survey.findings if f.state in show and (not f.ignored or totals.active(f))]
        rows = [f for f in shown if f.state in ("outdated", "current", "unchecked")]
    if rows:
        yield _rows(rows, options, compared=counts.unchecked < counts.packages)
    if options.verbose:
        yield from _not_rows(shown)
    if counts.failed:
        yield from _failed([f for f in shown if f.state == "failed"], options)
    yield from _problems(survey.problems, options)
    if not rows:
        yield nothing(counts)


def heading(environment: Environment, options: RenderOptions) -> str:
    """ "/srv/app/.venv  (venv, Python 3.11.7, owner deploy)"."""
    described = neutral(about(environment))
    path = neutral(environment.path)
    if options.width is not None:
        path = cut_left(path, max(options.width - len(described) - 4, 20))
    return f"{style(path, 'bold', options.color)}  {style(f'({described})', 'dim', options.color)}"


def about(environment: Environment) -> str:
    """ "venv, Python 3.11.7, owner deploy"."""
    owner = owner_of(environment)
    notes = [environment.kind, python(environment), f"owner {owner}" if owner else ""]
    notes.append(f"host {environment.host}" if environment.host else "")
    return ", ".join(note for note in notes if note)


def python(environment: Environment) -> str:
    """ "Python 3.11.7", "PyPy 3.10"."""
    name = IMPLEMENTATIONS.get(environment.implementation, environment.implementation or "Python")
    threads = " free-threaded" if environment.free_threaded else ""
    return f"{name} {environment.python or '(version unknown)'}{threads}"


def owner_of(environment: Environment) -> str:
    """The owner's name, "uid 1000" where the host has none for it; empty where it is not known."""
    owner = environment.owner
    return "" if owner is None else owner.name or f"uid {owner.uid}"


def _rows(rows: Sequence[Finding], options: RenderOptions, *, compared: bool) -> str:
    distributions = rows.distributions if isinstance(rows, Unchecked) else [f.distribution for f in rows]
    columns: dict[str, list[str]] = {
        "Package": gather(distributions, "name"),
        "Version": gather(distributions, "version"),
    }
    if compared and {f.state for f in rows} != {"unchecked"}:  # (nothing more is known of what was not compared)
        columns |= {
            "Wanted": [f.wanted for f in rows],
            "Latest": [f.latest.version if f.latest else "" for f in rows],
            "Type": [f.latest.filetype if f.latest else "" for f in rows],
            "Severity": [f.severity or "" for f in rows],
            "Age": ["" if f.age_days is None else age(f.age_days) for f in rows],
            "Notes": ["; ".join(notes(f)) for f in rows],
        }
    if any(gather(distributions, "editable")):
        columns["Editable project location"] = [d.location if d.editable else "" for d in distributions]
    kept = {title: cells for title, cells in columns.items() if any(cells) or title in ("Package", "Version")}
    titles, body = list(kept), list(kept.values())
    plain = None if options.color else lay_out(titles, body, -1 if options.width is None else options.width, WIDEST)
    if plain is not None:
        return plain  # most tables: there is nothing in it to be escaped
    body = [cells if "".join(cells).isprintable() else [neutral(cell) for cell in cells] for cells in body]
    styles = []
    if options.color:
        for finding in rows:
            tint = SEVERITY_STYLES.get(finding.severity or "", "") if finding.state == "outdated" else ""
            styles.append([tint if title in ("Latest", "Severity") else "" for title in kept])
    return aligned(titles, body, width=options.width, elastic=ELASTIC, styles=styles, color=options.color)


def age(days: float) -> str:
    """A number of days as people say it: "5 days", "3 months", "2.5 years"."""
    if days < 60:
        return plural(max(int(days), 0), "day")
    if days < 730:
        return plural(int(days / 30.44), "month")
    return f"{days / 365.25:.1f} years"


def notes(finding: Finding) -> list[str]:
    """What else is to be said about a row, in few words."""
    said = []
    if finding.stale is not None:
        said.append(f"answer {hours(finding.stale)} old")
    if finding.yanked is not None:
        said.append(f"installed version yanked: {finding.yanked}" if finding.yanked else "installed version yanked")
    if finding.status != "active":
        said.append(project_status(finding))
    if finding.wanted and finding.held_by and finding.latest and finding.wanted != finding.latest.version:
        said.append("held by " + ", ".join(finding.held_by))
    return said


def project_status(finding: Finding) -> str:
    """The status of a project, and why it has it where its index says so: "project archived: see ham"."""
    return f"project {finding.status}" + (f": {finding.status_reason}" if finding.status_reason else "")


def _not_rows(shown: Sequence[Finding]) -> Iterator[str]:
    for finding in shown:
        if finding.state in ("not-comparable", "not-found"):
            words = "not comparable" if finding.state == "not-comparable" else "not found"
            name, version = neutral(finding.distribution.name), neutral(finding.distribution.version)
            yield f"{name} {version}: {words}" + (f" ({neutral(finding.reason)})" if finding.reason else "")


def _failed(failed: Sequence[Finding], options: RenderOptions) -> Iterator[str]:
    """One line per reason: an index that is down fails every row for the same one."""
    reasons: dict[str, list[str]] = {}
    for finding in failed:
        reasons.setdefault(finding.reason, []).append(neutral(finding.distribution.name))
    for reason, names in reasons.items():
        some = ", ".join(names if options.verbose else names[:5])
        more = "" if options.verbose or len(names) <= 5 else f" and {len(names) - 5:,} more"
        said = f"{plural(len(names), 'package')} could not be looked up: {neutral(reason) or 'no reason given'}"
        yield f"{style('error', 'red', options.color)}: {said} ({some}{more})"


def _problems(problems: Sequence[Problem], options: RenderOptions) -> Iterator[str]:
    for problem in problems:
        yield f"{style('problem', 'yellow', options.color)}: {neutral(in_full(problem))}"


def nothing(counts: Totals) -> str:
    """The line of an environment without rows. It never says "up to date" of what was not looked up."""
    if not counts.packages:
        return "No packages."
    said = [plural(counts.current, "package") + " up to date"] if counts.current else []
    for number, words in (
        (counts.outdated, "outdated"),
        (counts.unchecked, "not looked up"),
        (counts.not_comparable, "not comparable"),
        (counts.not_found, "not found"),
        (counts.ignored, "ignored by policy"),
    ):
        if number:
            said.append(f"{number:,} {words}")
    return ", ".join(said) + "." if said else "Nothing could be looked up."


def _skipped(skipped: Sequence[Skipped], options: RenderOptions) -> Iterator[str]:
    yield style("Not looked at", "bold", options.color)
    for row in skipped:
        yield f"  {neutral(row.what)} {neutral(row.where)}: {neutral(row.reason)}"


def _not_looked_at(number: int, options: RenderOptions) -> str:
    return style(f"; {number:,} could not be looked at", "red", options.color) if number else ""


def summary(sums: Totals, projects: int, options: RenderOptions) -> Iterator[str]:
    """The totals in one or two lines."""
    lead = f"{plural(sums.environments, 'environment')}, {plural(sums.packages, 'package')}"
    yield style(f"{lead} of {plural(projects, 'project')}", "bold", options.color)
    said = []
    if sums.packages > sums.unchecked:
        severities = ", ".join(
            style(f"{sums.severity[s]:,} {s}", SEVERITY_STYLES[s], options.color)
            for s in SEVERITIES
            if s in sums.severity
        )
        behind = f"; {sums.libyears:,.1f} libyears behind" if sums.libyears else ""
        said.append(f"{sums.outdated:,} outdated" + (f" ({severities}{behind})" if sums.outdated else ""))
        said.append(f"{sums.current:,} up to date")
    for number, words in (
        (sums.yanked, "yanked"),
        (sums.not_comparable, "not comparable"),
        (sums.not_found, "not found"),
        (sums.ignored, "ignored by policy"),
        (sums.problems, "problem" if sums.problems == 1 else "problems"),
    ):
        if number:
            said.append(f"{number:,} {words}")
    if said:
        yield ", ".join(said)


def _incomplete(sums: Totals, skipped: int, options: RenderOptions) -> Iterator[str]:
    """The last line, where something is missing."""
    if sums.failed or skipped:
        missing = [f"{plural(sums.failed, 'package')} could not be looked up"] if sums.failed else []
        missing += [f"{skipped:,} not looked at"] if skipped else []
        yield style("INCOMPLETE: " + ", ".join(missing), "red", options.color)
