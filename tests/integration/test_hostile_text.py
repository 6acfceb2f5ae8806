"""Text from elsewhere in every place of a report: whatever the command and the format, none of it is more than text."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Command

EVIL = "\x1b[31m\x07\u202e\u009b<script>&|=cmd`*_[l](http://example.com)\u2028"
# Control characters but line ends and tabs, separators of lines, and marks that reorder text.
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
SECRETS = ("secret-password", "secret-token")


def distribution(name: str, **more: Any) -> dict[str, Any]:
    plain = {"name": name, "normalized": name, "version": "1.0", "path": f"/srv/{EVIL}/{name}-1.0.dist-info"}
    return plain | {"installer": EVIL, "build": EVIL, "requires": ["numpy" + EVIL, "absent>1"]} | more


RECORDS: list[dict[str, Any]] = [
    {"record": "header", "format": "envcensus-snapshot", "version": "1.0", "writer": EVIL, "written": 1.7e9},
    {"record": "host", "name": EVIL, "id": EVIL, "scanned": 1.7e9, "roots": [EVIL], "requires": True, "details": True},
    {
        "record": "environment",
        "environment": {
            **dict.fromkeys(("implementation", "base", "prompt"), EVIL),
            "path": "/srv/" + EVIL, "kind": "venv", "python": "3.12.1" + EVIL, "site_dirs": [EVIL],
            "owner": {"uid": 1, "name": EVIL},
        },
        "distributions": [
            distribution("alpha"),
            distribution("beta", version="1" + EVIL),
            distribution("gamma" + EVIL),
            distribution("delta", editable=True, location="/srv/" + EVIL),
            distribution("epsilon", direct_url=f"https://me:{SECRETS[0]}@example.com/{EVIL}?token={SECRETS[1]}"),
        ],
        "problems": [{"code": "duplicate" + EVIL, "where": EVIL, "detail": EVIL}],
    },
    {"record": "skipped", "skipped": {"what": EVIL, "where": EVIL, "reason": EVIL}},
    {"record": "trailer", "hosts": 1, "environments": 1, "distributions": 5, "skipped": 1},
]  # fmt: skip
PACKAGE = {"name": "zeta" + EVIL, "version": EVIL, "state": "outdated", "latest_version": EVIL}
EARLIER = {
    "version": "1",
    "generated": "2024-01-01T00:00:00Z",
    "environments": [{"path": "/srv/" + EVIL, "host": EVIL, "packages": [PACKAGE]}],
}
FORMATS = [
    "columns",
    "json",
    "jsonl",
    "html",
    "csv",
    "markdown",
    "freeze",
    "requirements",
    "prometheus",
    "junit",
    "sarif",
]
LINES = [
    *(f"check {{snapshot}} --format {name}" for name in FORMATS),
    *(f"outdated {{snapshot}} --offline --since {{earlier}} --format {name}" for name in FORMATS),
    *(f"envs {{snapshot}} --format {name}" for name in ("columns", "json", "jsonl")),
    *(f"where alpha {{snapshot}} --format {name}" for name in ("columns", "json", "jsonl", "csv")),
    *(f"diff {{snapshot}} {{empty}} --format {name}" for name in ("columns", "json", "jsonl", "csv")),
    *(f"outdated {{snapshot}} --offline --by owner --format {name}" for name in ("columns", "json", "jsonl", "csv")),
    "list {snapshot} --verbose",
    "merge {snapshot} -o {merged}",
    "config -i http://127.0.0.1/{evil}",
    "config -i http://127.0.0.1/{evil} --format json",
    "list {empty} --cache-dir /dev/null/{evil}",
    "tree /srv/{evil}",
]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "host.jsonl").write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    (folder / "earlier.json").write_text(json.dumps(EARLIER))
    (folder / "empty").mkdir()
    names = {"snapshot": "host.jsonl", "earlier": "earlier.json", "empty": "empty", "merged": "merged.jsonl"}
    return {key: str(folder / name) for key, name in names.items()} | {"evil": "a\x1b[31m\u202eb"}


@pytest.mark.parametrize("line", LINES)
def test_it_stays_text(line: str, places: dict[str, str], tmp_path: Path) -> None:
    done = Command(tmp_path).run(*(word.format(**places) for word in line.split()), check=None)
    assert "internal error" not in done.stderr
    for text in (done.stdout.replace("\r\n", "\n"), done.stderr):
        found = STEERING.search(text)
        assert found is None, repr(text[max(found.start() - 80, 0) : found.end() + 20])
        assert not [secret for secret in SECRETS if secret in text]
    assert done.stdout or done.stderr or "requirements" in line
