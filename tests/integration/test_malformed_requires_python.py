"""Requires-Python as old releases have it: ">=3.6.*" is not allowed, excludes nothing, and costs no import."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import json, sys
from envcensus._kernels.page import Target, candidates, pack_json

def usable(*requires_python):
    files = [
        {"filename": f"a-{number}-py3-none-any.whl", "url": f"a-{number}.whl", "hashes": {}, "requires-python": text}
        for number, text in enumerate(requires_python)
    ]
    page = {"meta": {"api-version": "1.0"}, "name": "a", "files": files}
    record = pack_json(json.dumps(page).encode(), "http://127.0.0.1/simple/a/", "a")
    record = record[0] if isinstance(record, tuple) else record
    return candidates(record, Target(python="3.0.5", tags=["py3-none-any"]), "a").usable

found = usable(">=2.7,!=3.0*,!=3.1*", ">=2.7,!=3.0.*", ">=2.7,!=3.1.*", "<3*")
assert found == 0b1101, bin(found)
assert usable(">=3.6.*", ">= '3.7'", '>="3.7"', "!=2.*,<2.8.*", "!=2.*,<2.8", "== 3.0.*") == 0b101111
assert "packaging.specifiers" not in sys.modules
"""


def test_it_excludes_nothing_and_needs_no_packaging() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
