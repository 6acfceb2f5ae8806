"""A census of Python environments: what is installed, outdated, broken or held back.

The public functions are `discover`, `scan`, `outdated`, `check` and `resolve`; `envcensus.aio` has the same for callers
that run an event loop. docs/api.md describes them, and what stays as it is from one version to the next. Importing
this package imports nothing else: each name brings what it needs when it is first used.
"""

TYPE_CHECKING = False  # as type checkers understand it: not even `typing` is imported

if TYPE_CHECKING:
    from envcensus import aio as aio
    from envcensus.api.inventory import check, discover, scan
    from envcensus.api.outdated import outdated
    from envcensus.api.resolve import resolve
    from envcensus.api.results import Results
    from envcensus.errors import EnvcensusError, IndexConfigError, OutOfTimeError, UsageError
    from envcensus.model.census import Census, Metrics, Survey
    from envcensus.model.core_metadata import CoreMetadata
    from envcensus.model.distribution import Distribution
    from envcensus.model.environment import Environment, Owner
    from envcensus.model.finding import Finding
    from envcensus.model.listing import Listing
    from envcensus.model.page import File, Latest
    from envcensus.model.platform import Platform
    from envcensus.model.resolution import Conflict, ConflictError, Pin, Resolution, Via
    from envcensus.model.skipped import Note, Problem, Skipped

__version__ = "0.1.0"

# name → the module that has it
_HOMES = {
    "Census": "model.census",
    "Conflict": "model.resolution",
    "ConflictError": "model.resolution",
    "CoreMetadata": "model.core_metadata",
    "Distribution": "model.distribution",
    "EnvcensusError": "errors",
    "Environment": "model.environment",
    "File": "model.page",
    "Finding": "model.finding",
    "IndexConfigError": "errors",
    "Latest": "model.page",
    "Listing": "model.listing",
    "Metrics": "model.census",
    "Note": "model.skipped",
    "OutOfTimeError": "errors",
    "Owner": "model.environment",
    "Pin": "model.resolution",
    "Platform": "model.platform",
    "Problem": "model.skipped",
    "Resolution": "model.resolution",
    "Results": "api.results",
    "Skipped": "model.skipped",
    "Survey": "model.census",
    "UsageError": "errors",
    "Via": "model.resolution",
    "check": "api.inventory",
    "discover": "api.inventory",
    "outdated": "api.outdated",
    "resolve": "api.resolve",
    "scan": "api.inventory",
}

__all__ = [
    "Census",
    "Conflict",
    "ConflictError",
    "CoreMetadata",
    "Distribution",
    "EnvcensusError",
    "Environment",
    "File",
    "Finding",
    "IndexConfigError",
    "Latest",
    "Listing",
    "Metrics",
    "Note",
    "OutOfTimeError",
    "Owner",
    "Pin",
    "Platform",
    "Problem",
    "Resolution",
    "Results",
    "Skipped",
    "Survey",
    "UsageError",
    "Via",
    "__version__",
    "aio",
    "check",
    "discover",
    "outdated",
    "resolve",
    "scan",
]


if not TYPE_CHECKING:  # to them it would mean that any name will do

    def __getattr__(name: str) -> object:
        if name == "aio":
            from importlib import import_module

            return import_module("envcensus.aio")
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value: object = getattr(import_module(f"{__name__}.{home}"), name)
        globals()[name] = value  # from now on without this function
        return value


def __dir__() -> list[str]:
    return __all__
