"""Packed records as model types."""

from __future__ import annotations

from envcensus._kernels import page as kernel
from envcensus.model.page import File, ProjectPage


def unpack(record: bytes, files: bytes) -> ProjectPage:
    """The page that two records were packed from, without the files that were left out. Raises PageError."""
    info = kernel.info(record)
    return ProjectPage(
        name=info.name,
        files=tuple(kernel.files(files, None, File)),
        versions=tuple(reversed(kernel.versions(record))),
        status=info.status,
        status_reason=info.status_reason,
        tracks=info.tracks,
        alternates=info.alternates,
    )
