"""Names and versions of the site directories given, one process for all, by importlib.metadata."""

import importlib.metadata
import sys

for site in sys.argv[1:]:
    for one in importlib.metadata.distributions(path=[site]):
        try:
            print(one.name, one.version)
        except (KeyError, TypeError, UnicodeDecodeError):
            pass
