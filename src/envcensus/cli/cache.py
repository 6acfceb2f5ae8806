"""`envcensus cache`: what the cache holds; clear, prune and verify it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from envcensus.cli.sizes import PATH, Size
from envcensus.errors import ExitCode
from envcensus.model.display import binary_size
from envcensus.pipelines import cache_admin

if TYPE_CHECKING:
    from envcensus.pipelines.cache_admin import StoreInfo

directory_option = click.option(
    "--cache-dir", metavar="DIR", type=PATH, help="Where the cache lies, instead of the user's cache directory."
)
size_option = click.option(
    "--cache-size",
    metavar="SIZE",
    type=Size(),
    default=cache_admin.DEFAULT_SIZE,
    help="Let the cache grow to SIZE: 200M, 2G.  [default: 512M]",
)


@click.group("cache")
def command() -> None:
    """What the cache holds; clear, prune and verify it."""


@command.command()
@directory_option
@size_option
@click.option("--format", "form", type=click.Choice(["columns", "json"]), default="columns", help="Output format.")
def info(cache_dir: str | None, cache_size: int, form: str) -> None:
    """Show where the cache lies and what it holds. Damage is said as far as that is quickly seen; `verify` sees all."""
    found = cache_admin.info(cache_dir, size_limit=cache_size)
    if found.note:
        click.echo(f"envcensus: {found.note}", err=True)
    if form == "json":
        import msgspec

        click.echo(msgspec.json.encode(found))
    else:
        click.echo("\n".join(_lines(found)))


@command.command()
@directory_option
def clear(cache_dir: str | None) -> None:
    """Remove the cache, of all versions of envcensus."""
    click.echo(f"{binary_size(cache_admin.clear(cache_dir))} freed", err=True)


@command.command()
@directory_option
@size_option
@click.option(
    "--unused-for", metavar="DAYS", type=click.FloatRange(min=0), help="Also remove what was not used for so long."
)
def prune(cache_dir: str | None, cache_size: int, unused_for: float | None) -> None:
    """Remove what has expired and what other versions left, and keep the rest under the size limit."""
    if unused_for is not None and unused_for != unused_for:  # noqa: PLR0124 - NaN
        raise click.BadParameter("not a number of days", param_hint="--unused-for")
    seconds = None if unused_for is None else unused_for * 86400
    removed, freed = cache_admin.prune(cache_dir, size_limit=cache_size, unused_for=seconds)
    click.echo(f"{removed} {'record' if removed == 1 else 'records'} removed, {binary_size(freed)} freed", err=True)


@command.command()
@directory_option
@size_option
def verify(cache_dir: str | None, cache_size: int) -> int:
    """Look at every page and record of the cache; replace it by an empty one when it is damaged (exit code 1)."""
    if not cache_admin.exists(cache_dir):
        click.echo("there is no cache yet", err=True)
        return ExitCode.COMPLETE
    problem = cache_admin.verify(cache_dir, size_limit=cache_size)
    if problem:
        click.echo(f"envcensus: the cache was damaged and has been replaced by an empty one: {problem}", err=True)
        return ExitCode.FAILED
    click.echo("the cache is sound", err=True)
    return ExitCode.COMPLETE


def _lines(found: StoreInfo) -> list[str]:
    lines = [f"Directory  {found.directory}", f"Schema     {found.schema}"]
    if not found.exists:
        lines.append("Nothing is cached yet.")
    else:
        lines += [f"Limit      {binary_size(found.size_limit)}", f"On disk    {binary_size(found.file_size)}"]
        lines.append(f"In use     {binary_size(found.used)}")
        if found.oldest_use is not None:
            lines.append(f"Least used {time.strftime('%Y-%m-%d', time.gmtime(found.oldest_use))}")
        if found.open_runs > 0:
            lines.append(f"Open in    {found.open_runs} other {'run' if found.open_runs == 1 else 'runs'}")
        lines += ["", f"{'Bucket':10} {'Records':>9} {'Expired':>9} {'Size':>10}"]
        lines += [
            f"{name:10} {bucket.records:>9} {bucket.expired:>9} {binary_size(bucket.bytes):>10}"
            for name, bucket in found.buckets.items()
        ]
        records = sum(bucket.records for bucket in found.buckets.values())
        if found.damage:
            lines += ["", f"Damaged: {found.damage}. `envcensus cache verify` sets that right."]
        elif found.checked < records:
            lines += [
                "",
                f"{found.checked} of {records} records were looked at; `envcensus cache verify` looks at all.",
            ]
    if found.other_sizes:
        lines += ["", "Also there, until the next `envcensus cache prune`:"]
        lines += [f"{name:10} {binary_size(size):>10}" for name, size in found.other_sizes.items()]
    return lines
