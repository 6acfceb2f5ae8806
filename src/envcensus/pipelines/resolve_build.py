"""Metadata that only a build tells: for the projects the user named with --allow-build, and for no others.

A build runs foreign code as the user who asked for it. The `build` library makes an environment of its own for it, with
what the project's build system requires (PEP 517, 518); only the metadata is asked for where the backend can tell it.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

from envcensus.errors import UsageError
from envcensus.runtime import child

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from envcensus.index.config import IndexConfig

NEEDS_BUILD = "would have to be built"
_LONGEST = 900.0  # seconds of one call into a build backend
_LARGEST = 4 << 20  # bytes of metadata


class BuildFailed(Exception):
    """The text is the end of a sentence about the project."""


def allowed(name: str, names: Sequence[str]) -> bool:
    """Whether --allow-build speaks of a project; `name` is normalized."""
    return ":all:" in names or name in names


def needs_build(name: str) -> str:
    """Why a version that nobody may build has no metadata: the end of a sentence about it."""
    return f"{NEEDS_BUILD}, which --allow-build {name} allows"


def built_key(name: str, version: str) -> str:
    """What built metadata is kept under: what a backend tells may depend on the Python and the host that ran it."""
    return f"{name}/{version}/built/{sys.implementation.cache_tag}/{sys.platform}/{os.uname().machine}"


def require_builder() -> None:
    """Raise UsageError where the extra that brings the `build` library is not installed."""
    try:
        import build.env  # noqa: F401
    except ImportError as error:
        raise UsageError("--allow-build needs the build library", remedy="pip install 'envcensus[build]'") from error


def build_archive(archive: bytes, filename: str, config: IndexConfig) -> bytes:
    """The METADATA that the sdist's backend tells. Raises BuildFailed."""
    with tempfile.TemporaryDirectory(prefix="envcensus-build-") as folder:
        return build_directory(_unpacked(archive, filename, folder), config)


def build_directory(source: str, config: IndexConfig) -> bytes:
    """The METADATA that a project directory's backend tells. Raises BuildFailed."""
    import build.env

    try:
        with tempfile.TemporaryDirectory(prefix="envcensus-metadata-") as out, build.env.DefaultIsolatedEnv() as env:
            builder = build.ProjectBuilder.from_isolated_env(env, source, runner=_run)
            with _indexes(config):
                env.install(builder.build_system_requires)
                env.install(builder.get_requires_for_build("wheel"))
            with open(os.path.join(builder.metadata_path(out), "METADATA"), "rb") as file:
                return file.read(_LARGEST)
    except subprocess.TimeoutExpired:
        raise BuildFailed("could not be built: its backend takes too long") from None
    except (build.BuildException, build.BuildBackendException, build.FailedProcessError, OSError) as error:
        raise BuildFailed(f"could not be built: {_said(error)}") from None
    except subprocess.CalledProcessError as error:
        raise BuildFailed(f"could not be built: its build requirements cannot be installed: {_said(error)}") from None


def _unpacked(archive: bytes, filename: str, folder: str) -> str:
    """Unpack an sdist below `folder`; its top directory. Raises BuildFailed."""
    import tarfile
    import zipfile

    from envcensus.index.metadata_text import is_damage

    try:
        if filename.endswith(".zip"):
            with zipfile.ZipFile(io.BytesIO(archive)) as packed:
                packed.extractall(folder)  # noqa: S202 (drops what leads out of the folder)
        else:
            with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
                tar.extractall(folder, filter="data")
    except Exception as error:
        if not is_damage(error):
            raise
        raise BuildFailed(f"could not be unpacked: {_said(error)}") from None
    entries = os.listdir(folder)
    top = os.path.join(folder, entries[0]) if len(entries) == 1 else folder
    return top if os.path.isdir(top) else folder


def _run(cmd: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None) -> None:
    """Call a backend in silence: standard output is for the answer. It ends when the run does, with all it started."""
    environ = {**os.environ, **(extra_environ or {})}
    child.run(cmd, seconds=_LONGEST, stderr=subprocess.STDOUT, cwd=cwd, env=environ, apart=True).check_returncode()


@contextlib.contextmanager
def _indexes(config: IndexConfig) -> Iterator[None]:
    """Let pip ask the same indexes for build requirements; through the environment, as they may be secret."""
    wanted = {
        "PIP_INDEX_URL": config.index_urls[0] if config.index_urls else "",
        "PIP_EXTRA_INDEX_URL": " ".join(config.index_urls[1:]),
        "PIP_FIND_LINKS": " ".join(config.find_links),
        "PIP_TRUSTED_HOST": " ".join(config.trusted_hosts),
        "PIP_NO_INDEX": "1" if config.no_index else "",
        "PIP_CERT": config.cert,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    before = {name: os.environ.get(name) for name in wanted}
    try:
        for name, value in wanted.items():
            _set(name, value or None)
        yield
    finally:
        for name, old in before.items():
            _set(name, old)


def _set(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def _said(error: BaseException) -> str:
    """The last line that a failed tool wrote, else what the exception says."""
    inner = getattr(error, "exception", error)
    output = getattr(inner, "output", None) or getattr(inner, "stderr", None) or b""
    text = output.decode("utf-8", "replace") if isinstance(output, bytes) else str(output)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines[-1] if lines else str(inner))[:300]
