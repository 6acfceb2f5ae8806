"""A resolution in the shape of pip's installation report (version 1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from envcensus import __version__
from envcensus.model.page import File
from envcensus.model.redact import redact
from envcensus.model.resolution import Pin, Resolution
from envcensus.report.text import encode


def render(resolution: Resolution) -> Iterable[str]:
    """One JSON document."""
    report = {
        "version": "1",
        "pip_version": "",
        "envcensus_version": __version__,
        "install": [_item(pin) for pin in resolution.pins],
        "environment": resolution.environment,
    }
    yield encode(report, indent=2) + "\n"


def chosen(pin: Pin) -> File | None:
    """The file that would be installed; None where files were not asked for."""
    return next((file for file in pin.files if file.filename == pin.chosen), None)


def _item(pin: Pin) -> dict[str, Any]:
    metadata: dict[str, Any] = {"metadata_version": "2.1", "name": pin.name, "version": pin.version}
    if pin.metadata is not None:
        metadata["metadata_version"] = pin.metadata.metadata_version or "2.1"
        metadata["name"] = pin.metadata.name or pin.name
        if pin.metadata.requires_python:
            metadata["requires_python"] = pin.metadata.requires_python
        if pin.metadata.requires:
            metadata["requires_dist"] = list(pin.metadata.requires)
        if pin.metadata.extras:
            metadata["provides_extra"] = list(pin.metadata.extras)
    direct = any(via.direct for via in pin.via)
    item: dict[str, Any] = {
        "download_info": _download(pin),
        "is_direct": bool(pin.url),
        "is_yanked": pin.yanked is not None,
        "requested": direct,
        "metadata": metadata,
    }
    if direct and pin.extras:
        item["requested_extras"] = list(pin.extras)
    return item


def _download(pin: Pin) -> dict[str, Any]:
    if pin.url:
        url = pin.url.partition("#")[0]
        hashes = pin.files[0].hashes if pin.files else {}
        return {"url": redact(url), "archive_info": {"hashes": hashes} if hashes else {}}
    file = chosen(pin)
    if file is None:
        return {"url": ""}
    info: dict[str, Any] = {"hashes": file.hashes} if file.hashes else {}
    if "sha256" in file.hashes:
        info["hash"] = f"sha256={file.hashes['sha256']}"
    return {"url": redact(file.url), "archive_info": info}
