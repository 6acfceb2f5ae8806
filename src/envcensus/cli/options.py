"""Options that several commands share: the decorators that add them, and what is made of their values.

A command takes its arguments as parameters, and its options, shared ones or not, together as `values`: they are
declared once, where click is told of them.
"""

from __future__ import annotations

import functools
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from envcensus.cli import complete
from envcensus.cli.sizes import PATH, Readable, Seconds, Size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envcensus.cache.store import NoStore, Store
    from envcensus.index.config import IndexConfig
    from envcensus.inventory import DiscoverOptions
    from envcensus.model.census import Metrics
    from envcensus.pipelines.ask import AskOptions
    from envcensus.pipelines.resolve_inputs import Inputs

F = TypeVar("F", bound="Callable[..., Any]")
option = click.option


def _group(*decorators: Callable[[Any], Any]) -> Callable[[F], F]:
    def apply(function: F) -> F:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


_roots = (
    click.argument("roots", nargs=-1, type=PATH, shell_complete=complete.directories),
    option(
        "--roots-from",
        type=Readable("rb"),
        metavar="FILE",
        help="Read more roots from FILE (- for standard input), one a line or separated by NUL.",
    ),
    option("--system", is_flag=True, help="Also look where the system and its tools keep environments."),
    option("--max-depth", type=click.IntRange(0), metavar="N", help="Go at most N directories below a root."),
    option("--one-file-system/--all-file-systems", default=True, help="Stay on each root's file system (default)."),
    option("--follow-symlinks", is_flag=True, help="Follow symbolic links to directories."),
)
_exclude: dict[str, Any] = {
    "multiple": True,
    "metavar": "GLOB",
    "help": "Pass over matching directories; may be repeated.",
}

environment: Callable[[F], F] = click.argument("environment", type=PATH, shell_complete=complete.directories)


def format_(help_text: str) -> Callable[[F], F]:
    """The option --format, with what it may be in words."""
    return option(
        "--format", "format_", default="columns", show_default=True, help=help_text, shell_complete=complete.formats
    )


# Where distributions are selected too, --exclude means those, as it does for pip.
discovery: Callable[[F], F] = _group(*_roots, option("--exclude-dir", "exclude_dirs", **_exclude))
discovery_alone: Callable[[F], F] = _group(*_roots, option("--exclude", "--exclude-dir", "exclude_dirs", **_exclude))


def roots(values: Mapping[str, Any]) -> list[str]:
    """The absolute roots among the values of `discovery`. Raises UsageError."""
    from envcensus.cli.roots import resolve_roots

    return resolve_roots(values["roots"], values["roots_from"], system=values["system"])


def discover_options(values: Mapping[str, Any]) -> DiscoverOptions:
    """How the roots are walked, likewise."""
    from envcensus.inventory import DiscoverOptions

    return DiscoverOptions(
        max_depth=values["max_depth"],
        exclude=values["exclude_dirs"],
        one_file_system=values["one_file_system"],
        follow_symlinks=values["follow_symlinks"],
        system=values["system"],
    )


_store = (
    option("--cache-dir", type=PATH, metavar="DIR", help="Keep the cache in DIR."),
    option("--cache-size", type=Size(), metavar="SIZE", help="Let the cache grow to SIZE: 200M, 2G.  [default: 512M]"),
    option("--no-cache", is_flag=True, help="Neither read nor write the cache."),
)
cache: Callable[[F], F] = _group(
    *_store, option("--rescan", is_flag=True, help="Read every environment anew, whatever the cache holds.")
)
cache_alone: Callable[[F], F] = _group(*_store)  # where no environment is scanned

_BESIDE_CACHE = 128 << 20  # bytes of address space: what the rest of a run takes


def open_cache(values: Mapping[str, Any]) -> Store | NoStore:
    """From the values of `cache`. Never fails: without a usable cache the run goes on."""
    from envcensus.cache.store import DEFAULT_SIZE, NoStore, open_store
    from envcensus.runtime import limits

    if values["no_cache"]:
        return NoStore("")
    size = DEFAULT_SIZE if values["cache_size"] is None else values["cache_size"]
    if not limits.has_room(size + _BESIDE_CACHE):
        return NoStore("no cache is used: the limit of memory (`ulimit -v`) leaves no room for one; see --cache-size")
    return open_store(values["cache_dir"], size_limit=size)


def report_cache(store: Store | NoStore) -> None:
    """Say once, on standard error, why the cache was not used, where it was not."""
    for line in (store.note, store.reason):
        if line:
            from envcensus.model.display import neutral

            click.echo(f"envcensus: {neutral(line)}", err=True)


index: Callable[[F], F] = _group(
    option("-i", "--index-url", metavar="URL", help="Base of the index (Simple repository API).  [default: pip's]"),
    option("--extra-index-url", multiple=True, metavar="URL", help="One more index; may be repeated."),
    option("--no-index", is_flag=True, help="Ask no index; look only at --find-links."),
    option("-f", "--find-links", multiple=True, metavar="URL", help="A directory or page with files; may be repeated."),
    option(
        "--index-strategy", type=click.Choice(["version-priority", "first-match"]), help="How several indexes rank."
    ),
    option("--trusted-host", multiple=True, metavar="HOST", help="Accept HOST without a valid certificate."),
    option(
        "--index-timeout",
        type=Seconds(),
        metavar="SECONDS",
        help="Longest silence of an index.",
    ),
    option("--retries", type=click.IntRange(0), metavar="N", help="Try again N times."),
    option("--concurrency", type=click.IntRange(1, 1000), metavar="N", help="Requests in flight for each host."),
    option("--workers", type=click.IntRange(0, 64), metavar="N", help="Processes that fetch.  [default: by need]"),
    option("--refresh", is_flag=True, help="Ask the index again, whatever the cache holds."),
    option("--offline", is_flag=True, help="Answer from the cache alone, however old."),
    option("--max-age", type=click.IntRange(0), metavar="SECONDS", help="Trust cached answers for so long."),
)


def index_config(values: Mapping[str, Any], command: str = "list", inputs: Inputs | None = None) -> IndexConfig:
    """From the values of `index`, then from requirements files (`inputs`), on top of pip's configuration and ours.
    Raises IndexConfigError."""
    from envcensus.index.config import IndexOptions, load_index_config

    names = ("index_url", "index_strategy", "retries", "concurrency")
    options = IndexOptions(
        **{name: values[name] for name in names},
        extra_index_url=values["extra_index_url"],
        find_links=values["find_links"],
        trusted_host=values["trusted_host"],
        no_index=values["no_index"] or None,
        timeout=values["index_timeout"],
    )
    return load_index_config(options if inputs is None else inputs.added_to(options), command=command)


def fetch_list(values: Mapping[str, Any], command: str = "list") -> Callable[[str, int], bytes]:
    """How lists of requirements that lie elsewhere are fetched: under the same settings."""

    def fetch(url: str, largest: int) -> bytes:
        from envcensus.pipelines import remote_lists

        return remote_lists.fetch_list(url, index_config(values, command), largest, offline=values["offline"])

    return fetch


def ask_options(values: Mapping[str, Any]) -> AskOptions:
    """From the values of `index`."""
    from envcensus.pipelines.ask import AskOptions

    return AskOptions(
        refresh=values["refresh"],
        offline=values["offline"],
        max_age=values["max_age"],
        workers=values["workers"],
        shards=values.get("shards"),
    )


def _bounded(function: F) -> F:
    """Run `function` under --lock and --timeout, and under a meter (`meter` among its values, None where nobody asked
    for figures) with --stats and --metrics-file."""

    @functools.wraps(function)
    def run(
        *arguments: Any,
        stats: bool,
        metrics_file: str | None,
        lock: str | None = None,
        timeout: float | None = None,
        **values: Any,
    ) -> Any:
        from contextlib import ExitStack

        from envcensus.cli import usage
        from envcensus.runtime import limits

        usage.check(values, metrics_file)
        limits.be_frugal()
        with ExitStack() as bounds:
            if lock is not None:
                from envcensus.runtime.lock import only_run

                bounds.enter_context(only_run(lock))
            meter = None
            if stats or metrics_file is not None:
                from envcensus.cli.metering import metered

                name = click.get_current_context().info_name or ""
                meter = bounds.enter_context(metered(name, stats=stats, metrics_file=metrics_file))
            if timeout is not None:
                from envcensus.runtime.signals import out_of_time_after

                bounds.enter_context(out_of_time_after(timeout))
            code = function(*arguments, meter=meter, **values)
            if meter is not None:
                meter.exit_code = code
            return code

    return run  # type: ignore[return-value]


_figures = (
    option("--stats", is_flag=True, help="Say on standard error what the run cost: time, memory, requests, cache."),
    option("--metrics-file", type=PATH, metavar="FILE", help="Write what the run cost as Prometheus text to FILE."),
)
figures: Callable[[F], F] = _group(*_figures, _bounded)  # for commands without `output`, which has them too


def ran(values: Mapping[str, Any], store: Store | NoStore | None, metrics: Metrics) -> None:
    """The work of a command is done: say why the cache was not used, where it was not, and note what the work cost."""
    from envcensus.runtime.metrics import peak_of_this_process

    metrics.peak_memory = peak_of_this_process()
    if store is not None:
        report_cache(store)
    if (meter := values["meter"]) is not None:
        meter.saw(metrics, store)


def _clustered(function: F) -> F:
    """With --cluster, scan the cluster's hosts first, and let the command report on the snapshot that they give."""

    @functools.wraps(function)
    def run(
        *arguments: Any,
        cluster: str | None,
        host_timeout: float | None,
        expect_hosts: IO[bytes] | None,
        **values: Any,
    ) -> Any:
        if cluster is None:
            return function(*arguments, **values)
        from envcensus.cli.cluster import scanned

        with scanned(cluster, host_timeout, expect_hosts, values) as changed:
            return function(*arguments, **changed)

    return run  # type: ignore[return-value]


_cluster = (
    option("--cluster", metavar="ADDRESS", help="Scan the hosts of a Dask cluster: tcp://…, tls://… or its file."),
    option(
        "--host-timeout",
        type=Seconds(),
        metavar="SECONDS",
        help="Report a host of the cluster as lost after so long.",
    ),
    option(
        "--expect-hosts",
        type=Readable("rb"),
        metavar="FILE",
        help="Report a host that FILE names, one a line, and the cluster does not have.",
    ),
)
cluster_alone: Callable[[F], F] = _group(*_cluster)
# The decorator nearest to the function, so that --lock and --timeout hold for it too.
cluster: Callable[[F], F] = _group(*_cluster, _clustered)

bounds: Callable[[F], F] = _group(
    option("--lock", type=PATH, metavar="FILE", help="Exit with 5 if another run holds the lock on FILE."),
    option("--timeout", type=Seconds(), metavar="SECONDS", help="Give up after so long."),
    *_figures,
    _bounded,
)

output: Callable[[F], F] = _group(
    option(
        "-o",
        "--output",
        "outputs",
        multiple=True,
        type=PATH,
        metavar="FILE",
        help="Also write a report to FILE, in the format of its suffix; may be repeated.",
    ),
    option("-q", "--quiet", is_flag=True, help="Print only findings and failures; nothing when there are none."),
    option("--progress/--no-progress", default=None, help="Show progress on standard error (default: on a terminal)."),
    option("--allow-incomplete", is_flag=True, help="Exit with 0 although something could not be looked at."),
    bounds,
)

fail_on: Callable[[F], F] = _group(
    option(
        "--fail-on",
        multiple=True,
        metavar="RULES",
        shell_complete=complete.rules,
        help="Exit with 3 if a rule matches: any, outdated, severity>=minor, yanked, eol, problem …",
    )
)
