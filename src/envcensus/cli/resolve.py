"""`envcensus resolve`: pins for a set of requirements, or the reason why there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from envcensus.cli import options
from envcensus.cli.moments import moment
from envcensus.cli.sizes import Size
from envcensus.cli.solving import plain, solving
from envcensus.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envcensus.model.resolution import Conflict, Resolution
    from envcensus.pipelines.resolve import ResolveRequest
    from envcensus.pipelines.resolve_inputs import Inputs
    from envcensus.pipelines.resolve_target import ResolveTarget

FORMATS = ("requirements", "pylock", "json", "tree", "dot", "mermaid")
_SUFFIXES = {
    ".txt": "requirements",
    ".in": "requirements",
    "pylock.toml": "pylock",
    ".toml": "pylock",
    ".json": "json",
    ".tree": "tree",
    ".dot": "dot",
    ".gv": "dot",
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
}


@click.command("resolve", short_help="Pin a tree of requirements, however large, or say why that cannot be done.")
@click.argument("requirements", nargs=-1, metavar="[REQUIREMENT]...")
@click.option(
    "-r",
    "--requirement",
    "files",
    multiple=True,
    metavar="FILE",
    help="A requirements file, pyproject.toml, or script with inline metadata; or a URL; may be repeated.",
)
@click.option("-c", "--constraint", "constraints", multiple=True, metavar="FILE", help="Bounds that ask for nothing.")
@click.option("--override", "overrides", multiple=True, metavar="FILE", help="Replace what packages require.")
@click.option("--extra", "extras", multiple=True, metavar="NAME", help="An extra of pyproject.toml; :all: for all.")
@click.option(
    "--group", "groups", multiple=True, metavar="NAME", help="A dependency group of pyproject.toml, or PATH:NAME."
)
@click.option(
    "--python-version", metavar="X.Y[.Z]", help="The Python to resolve for; X.Y is X.Y.0.  [default: the running one]"
)
@click.option("--platform", "platforms", multiple=True, metavar="TAG", help="A platform tag, as pip takes it.")
@click.option("--implementation", metavar="NAME", help="cp, pp, or a name like cpython.")
@click.option(
    "--abi", "abis", multiple=True, metavar="TAG", help="An ABI tag in place of the Python's own: cp312, abi3."
)
@click.option("--only-binary", multiple=True, metavar="NAMES", help="Use no sdists of these; :all: for none at all.")
@click.option("--no-binary", multiple=True, metavar="NAMES", help="Use no wheels of these.")
@click.option("--prefer-binary", is_flag=True, help="Prefer older versions that have a wheel to newer ones without.")
@click.option(
    "--allow-build",
    multiple=True,
    metavar="NAMES",
    help="Run the build backends of these where nothing else tells what they require; :all: for all.",
)
@click.option(
    "--resolution",
    "mode",
    type=click.Choice(["highest", "lowest", "lowest-direct"]),
    default="highest",
    show_default=True,
    help="Which of several versions to take.",
)
@click.option("--uploaded-prior-to", metavar="TIME", help="Ignore later uploads (ISO 8601, or days as P30D).")
@click.option("--prefer", metavar="FILE", help="Keep the pins of an earlier answer where possible.")
@click.option("--pre", is_flag=True, help="Accept pre-releases.")
@click.option("--hashes", is_flag=True, help="Write the hashes of all files into a requirements file.")
@click.option("--annotate/--no-annotate", default=True, help="Say who asks for what in a requirements file.")
@click.option("--explain", "explained", multiple=True, metavar="NAME", help="Say why NAME got its version.")
@click.option(
    "--memory-limit", type=Size(), metavar="SIZE", help="Give up when the search needs more: 500M, 4G.  [default: 2G]"
)
@click.option("--format", "format_", type=click.Choice(FORMATS), default="requirements", show_default=True)
@options.index
@options.cache_alone
@options.output
def command(**values: Any) -> ExitCode:
    """Find versions that fit together for REQUIREMENTs and those of the files given, for one Python and platform.

    The answer goes to standard output, or with -o to files whose suffix picks the format: requirements.txt,
    pylock.toml, .json (as pip's installation report), .tree, .dot, .mmd. Nothing is installed, and nothing that was
    found is executed but the build backends of projects named with --allow-build.
    """
    import gc

    from envcensus.model.resolution import Conflict

    # What is made from here on lives to the end: neither on the way nor at the end is there garbage worth looking for.
    gc.disable()
    formats = {values["format_"], *map(_format_of, values["outputs"])}
    answer, explained = _resolve(values, files=values["hashes"] or bool(formats & {"pylock", "json"}))
    gc.freeze()
    for line in explained:
        click.echo(line, err=True)
    if isinstance(answer, Conflict):
        return _refused(answer)
    for warning in answer.warnings:
        click.echo(f"envcensus: {plain(warning)}", err=True)
    for row in answer.skipped:
        click.echo(f"envcensus: {plain(row.where)}: {plain(row.reason)}", err=True)
    _write(answer, values)
    return ExitCode.COMPLETE if not answer.skipped or values["allow_incomplete"] else ExitCode.INCOMPLETE


def _resolve(values: dict[str, Any], *, files: bool) -> tuple[Resolution | Conflict, list[str]]:
    """The answer, and the lines that --explain asks for."""
    import os
    import time

    from envcensus.model.census import Metrics
    from envcensus.model.resolution import Resolution
    from envcensus.pipelines.resolve import resolve
    from envcensus.pipelines.resolve_target import target_for

    inputs = _inputs(values, os.getcwd())
    now, metrics = time.time(), Metrics()
    with options.open_cache(values) as store:
        target = target_for(
            store,
            python=values["python_version"],
            platforms=values["platforms"],
            implementation=values["implementation"],
            abis=values["abis"],
        )
        request = _request(values, inputs, target, now=now, files=files)
        with solving(values) as progress:
            answer, solver = resolve(
                request,
                options.index_config(values, "install", inputs),
                store,
                now=now,
                metrics=metrics,
                progress=progress,
            )
    options.ran(values, store, metrics)
    if not values["explained"] or not isinstance(answer, Resolution):
        return answer, []
    from envcensus.cli.explain import explain

    return answer, [line for name in values["explained"] for line in explain(answer, solver, name)]


def _request(
    values: dict[str, Any], inputs: Inputs, target: ResolveTarget, *, now: float, files: bool
) -> ResolveRequest:
    from envcensus.pipelines.resolve import MEMORY_LIMIT, ResolveRequest
    from envcensus.pipelines.resolve_inputs import check_python
    from envcensus.pipelines.resolve_kinds import limit, listed

    check_python(inputs, target.environment["python_full_version"])
    kinds = {"only_binary": inputs.only_binary, "no_binary": inputs.no_binary}
    for option in [name for name in values if name in kinds]:  # in the order of the command line
        other = kinds["no_binary" if option == "only_binary" else "only_binary"]
        for value in values[option]:
            limit(value, kinds[option], other)
    return ResolveRequest(
        requirements=tuple(inputs.requirements),
        constraints=tuple(inputs.constraints),
        overrides=tuple(inputs.overrides),
        environment=target.environment,
        tags=target.tags,
        only_binary=tuple(inputs.only_binary),
        no_binary=tuple(inputs.no_binary),
        prefer_binary=values["prefer_binary"] or inputs.prefer_binary,
        allow_build=_buildable(tuple(listed(values["allow_build"])), target, values["platforms"]),
        pre=values["pre"] or inputs.pre,
        mode=values["mode"],
        prefer=_earlier(values["prefer"]) if values["prefer"] else {},
        uploaded_prior_to=moment(values["uploaded_prior_to"], now),
        files=files,
        refresh=values["refresh"],
        offline=values["offline"],
        max_age=values["max_age"],
        memory_limit=values["memory_limit"] or MEMORY_LIMIT,
        memory_remedy="bound what keeps failing with -c, or allow more with --memory-limit",
    )


def _earlier(path: str) -> dict[str, str]:
    from envcensus.pipelines.earlier_pins import read_prefer

    return read_prefer(path)


def _buildable(names: tuple[str, ...], target: ResolveTarget, platforms: tuple[str, ...]) -> tuple[str, ...]:
    """Raise UsageError where no build can be made, or would tell what holds for another Python."""
    if names:
        import sys

        from envcensus.pipelines.resolve_build import require_builder

        running = (sys.implementation.name, ".".join(map(str, sys.version_info[:2])))
        if platforms or (target.environment["implementation_name"], target.environment["python_version"]) != running:
            raise UsageError(
                "--allow-build builds with the running Python, for which alone its answer holds",
                remedy="run envcensus with the Python you resolve for",
            )
        require_builder()
    return names


def _inputs(values: dict[str, Any], directory: str) -> Inputs:
    import os

    from envcensus.pipelines.resolve_inputs import Reader

    reader = Reader(os.environ, directory, options.fetch_list(values, "install"))
    for text in values["requirements"]:
        reader.requirement(text)
    extras = values["extras"]
    groups = [name for name in values["groups"] if ":" not in name]
    files = list(values["files"])
    if (extras or groups) and not any(os.path.basename(path).endswith(".toml") for path in files):
        files.append("pyproject.toml")
    for path in files:
        reader.requirements_file(path, extras, groups)
    for path, _, name in [name.rpartition(":") for name in values["groups"] if ":" in name]:
        files.append(path)
        reader.pyproject(path, groups=[name])
    for path in values["constraints"]:
        reader.constraints_file(path)
    for path in values["overrides"]:
        reader.overrides_file(path)
    if not reader.inputs.requirements and not files:
        raise UsageError("nothing to resolve", remedy="name requirements, or files with -r")
    return reader.inputs


def _refused(conflict: Conflict) -> ExitCode:
    for line in conflict.lines:
        click.echo(plain(line), err=True)
    for row in conflict.skipped:
        click.echo(f"envcensus: {plain(row.where)}: {plain(row.reason)}", err=True)
    return ExitCode.INCOMPLETE if conflict.skipped else ExitCode.FAILED


def _write(answer: Resolution, values: dict[str, Any]) -> None:
    from envcensus.cli import deliver

    outputs = values["outputs"]
    with deliver.to_files(outputs, lambda name: _render(name, answer, values), _format_of):
        if not outputs or not values["quiet"]:
            deliver.to_stdout(("".join(_render(values["format_"], answer, values)),))


def _render(name: str, answer: Resolution, values: dict[str, Any]) -> Iterable[str]:
    if name == "pylock":
        from envcensus.report.pylock import render

        return render(answer)
    if name == "json":
        from envcensus.report.resolution_json import render as render_json

        return render_json(answer)
    if name == "requirements":
        from envcensus.report.requirements_txt import render as render_requirements

        return render_requirements(answer, annotate=values["annotate"], hashes=values["hashes"])
    from envcensus.report import resolution_tree

    kinds = {
        "tree": resolution_tree.render,
        "dot": resolution_tree.render_dot,
        "mermaid": resolution_tree.render_mermaid,
    }
    return kinds[name](answer)


def _format_of(path: str) -> str:
    for suffix, name in _SUFFIXES.items():
        if path.lower().endswith(suffix):
            return name
    raise UsageError(f"no format has the suffix of {path}", remedy="use one of " + ", ".join(_SUFFIXES))
