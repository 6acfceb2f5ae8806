"""Run the command line: the script `envcensus`, and ``python -m envcensus``."""

from __future__ import annotations

from envcensus.cli import start


def run() -> None:
    """Run the command line as a process of its own, which ends here."""
    start.prepare()
    from envcensus.cli.main import main

    try:
        main()
    except SystemExit as end:
        start.leave(end)


if __name__ == "__main__":
    run()
