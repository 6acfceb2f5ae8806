"""A look at an installed envcensus, wherever it was installed: nothing but the package and the standard library.

What a wheel is tested with after it was built for a platform (cibuildwheel's test-command).
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import envcensus


def main() -> None:
    """Exit with a traceback at the first thing that is wrong."""
    package = Path(envcensus.__file__).parent
    kernels = [stub.stem for stub in (package / "_kernels").glob("*.pyi")]
    assert kernels
    for name in kernels:
        module = importlib.import_module(f"envcensus._kernels.{name}")
        assert str(module.__file__).endswith((".so", ".pyd")), module.__file__
    assert (package / "py.typed").exists()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", f"{folder}/env"], check=True)
        cache = ["--cache-dir", f"{folder}/cache"]
        command = [sys.executable, "-m", "envcensus", "list", folder, "--format", "json", *cache]
        for _ in range(2):  # read, and from the cache
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            (environment,) = json.loads(done.stdout)["environments"]
            assert environment["packages"], done.stdout
        (found,) = envcensus.scan(folder, no_cache=True, requires=True)
        assert "pip" in [distribution.normalized for distribution in found.distributions]
        assert envcensus.check(folder, no_cache=True).complete
        wheels = Path(folder, "wheels")
        wheels.mkdir()
        resolution = envcensus.resolve((), requirement_files=_empty(folder), no_index=True, find_links=wheels)
        assert resolution.complete
    print(f"envcensus {envcensus.__version__} works on {sys.version.split()[0]}, {sys.platform}")


def _empty(folder: str) -> Path:
    path = Path(folder, "requirements.txt")
    path.write_text("# none\n")
    return path


if __name__ == "__main__":
    main()
