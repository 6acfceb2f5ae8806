"""Results on disk: the samples as JSON, and the page that is made of them."""

from __future__ import annotations

import json
import os
from typing import Any


def load(path: str) -> dict[str, Any]:
    """What was measured before; empty where nothing was."""
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        found: dict[str, Any] = json.load(file)
        return found


def save(path: str, results: dict[str, Any], page: str, text: str) -> None:
    """Keep `results` at `path` and `text`, which shows them, at `page`."""
    with open(path, "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
        file.write("\n")
    with open(page, "w", encoding="utf-8") as file:
        file.write(text)
