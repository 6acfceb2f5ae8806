"""A planned upgrade as a table, as requirements that pip installs, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable

from envcensus.errors import UsageError
from envcensus.model.display import neutral
from envcensus.model.upgrade import UpgradePlan
from envcensus.report.text import encode, table

FORMATS = ("columns", "requirements", "json")
_SUFFIXES = {".txt": "requirements", ".in": "requirements", ".json": "json"}


def known(name: str) -> str:
    """The format itself. Raises UsageError for one that plans do not have."""
    if name not in FORMATS:
        raise UsageError(f"an upgrade plan has no format {name}", remedy="use one of " + ", ".join(FORMATS))
    return name


def for_file(path: str) -> str:
    """The format of a file by its suffix. Raises UsageError."""
    for suffix, name in _SUFFIXES.items():
        if path.lower().endswith(suffix):
            return name
    raise UsageError(f"an upgrade plan has no format for {path}", remedy="use one of " + ", ".join(_SUFFIXES))


def render(name: str, plan: UpgradePlan, *, show_all: bool = False) -> Iterable[str]:
    """The plan in a format of `FORMATS`; the table leaves out what does not change, but for `show_all`."""
    if name == "json":
        return _json(plan)
    return _requirements(plan) if name == "requirements" else _columns(plan, show_all=show_all)


def _columns(plan: UpgradePlan, *, show_all: bool) -> Iterable[str]:
    shown = [row for row in plan.rows if show_all or row.change not in ("same", "kept")]
    if not shown:
        yield "Nothing to upgrade.\n"
        return
    cells = [
        (neutral(row.name), neutral(row.installed) or "-", neutral(row.planned) or "-", row.change) for row in shown
    ]
    for line in table(("Package", "Installed", "Planned", "Change"), cells):
        yield line + "\n"


def _requirements(plan: UpgradePlan) -> Iterable[str]:
    """Everything that the environment is to hold, exactly; what pip cannot get from an index as a comment."""
    for row in plan.rows:
        name, before, after = neutral(row.name), neutral(row.installed), neutral(row.planned)
        if row.change == "unneeded":
            yield f"# {name} {before} is required by nothing of this plan\n"
        elif row.change == "kept":
            yield f"# {name} stays at {before}: it comes from no index\n"
        elif row.change == "same":
            yield f"{name}=={after}\n"
        else:
            yield f"{name}=={after}  # {f'from {before}' if before else 'new'}\n"


def _json(plan: UpgradePlan) -> Iterable[str]:
    document = {
        "environment": plan.environment,
        "packages": [
            {"name": row.name, "installed": row.installed or None, "planned": row.planned or None, "change": row.change}
            for row in plan.rows
        ],
        "warnings": plan.warnings,
        "skipped": plan.skipped,
    }
    yield encode(document, indent=2) + "\n"
