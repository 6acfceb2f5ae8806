"""Run the command line: ``python -m envcensus``."""

from envcensus.cli.main import main

if __name__ == "__main__":
    main()
