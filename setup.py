"""Build the Cython kernels; everything else about the project is in pyproject.toml.

ENVCENSUS_DEBUG=1 builds with assertions and line tracing; ENVCENSUS_SANITIZE=address adds AddressSanitizer.
"""

import os
import sys

from Cython.Build import cythonize
from setuptools import Extension, setup

KERNELS = [
    "listing",
    "names",
    "page",
    "pagepack",
    "requirement",
    "scan",
    "solver",
    "specifier",
    "table",
    "version",
]

debug = bool(os.environ.get("ENVCENSUS_DEBUG"))
sanitize = os.environ.get("ENVCENSUS_SANITIZE")
compile_args = ["-O1", "-g"] if debug or sanitize else ["-O2", "-g0"]
link_args = []
if sanitize:
    compile_args += [f"-fsanitize={sanitize}", "-fno-omit-frame-pointer"]
    link_args += [f"-fsanitize={sanitize}"]

extensions = [
    Extension(
        f"envcensus._kernels.{name}",
        [f"ext/envcensus/_kernels/{name}.pyx"],
        extra_compile_args=compile_args,
        extra_link_args=link_args,
        define_macros=[("CYTHON_TRACE_NOGIL", "1")] if debug else [],
    )
    for name in KERNELS
]

directives = {"language_level": 3, "embedsignature": True, "freethreading_compatible": True, "linetrace": debug}
if sys.argv[1:2] not in (["sdist"], ["egg_info"], ["dist_info"]):  # what compiles nothing needs no C sources
    extensions = cythonize(
        extensions, include_path=["ext"], build_dir="build/cython", nthreads=0, compiler_directives=directives
    )

setup(ext_modules=extensions, options={"build_ext": {"parallel": os.cpu_count() or 1}})
