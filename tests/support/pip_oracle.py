"""Run by a test in a process of its own: tells what pip itself would take from the configuration.

Reads one JSON object a line ({"environ", "prefix", "command"}) and answers each with one.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys

NAMES = (
    "index_url",
    "extra_index_urls",
    "no_index",
    "find_links",
    "trusted_hosts",
    "cert",
    "client_cert",
    "proxy",
    "timeout",
    "retries",
    "keyring_provider",
)


def answer(case: dict[str, object]) -> dict[str, object]:
    """What pip's own option parser has as its defaults, and the settings `pip config list` would print."""
    from pip._internal.commands import create_command
    from pip._internal.configuration import Configuration

    os.environ.clear()
    os.environ.update(case["environ"])  # type: ignore[call-overload]
    sys.prefix = str(case["prefix"])
    try:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            values = create_command(str(case["command"])).parser.get_default_values()
            configuration = Configuration(isolated=False)
            configuration.load()
    except SystemExit:
        return {"error": True}
    listed = {source: items for source, items in configuration.items() if items}
    return {"values": {name: getattr(values, name) for name in NAMES}, "listed": listed}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
