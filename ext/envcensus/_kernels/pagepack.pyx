"""Read project pages (PEP 503, 691) and pack them into the records that page.pyx reads.

This is the one place where file names become versions and tags (binary distribution format, PEP 625, and the sdist
names of old that pip takes). Common names are read here; `packaging` reads the rest.
"""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, qsort, realloc
from libc.string cimport memchr, memcmp, memcpy, memset

from envcensus._kernels.characters cimport is_alnum, is_digit, is_separator, lower
from envcensus._kernels.pagefmt cimport *
from envcensus._kernels.version cimport full_key_of, pack_key, version_or_none

import os

from envcensus._kernels.names import canonicalize_name
from envcensus._kernels.page import PageError
from envcensus._kernels.version import KEY_FORMAT

__all__ = ["PageError", "epoch_of", "pack", "pack_any_json", "pack_html", "pack_json", "scans"]

cdef enum:
    # Bounds on what a page may hold. Whatever is beyond the first group makes the page unusable, beyond the second
    # the file, which is then counted as left out.
    MAX_BODY = 256 << 20
    MAX_DEPTH = 32
    MAX_FILES = 400_000
    MAX_VERSIONS = 100_000
    MAX_IDS = 65_534          # tags, Requires-Python texts, reasons, shapes: numbered in 16 bits
    MAX_VARIANTS = 64         # rows of one version

    MAX_NAME = 512
    MAX_URL = 16_384
    MAX_PYTHON = 1_024
    MAX_OTHER = 8_192

    MAX_REASON = 1_000        # longer ones are cut
    MAX_PLACES = 100

cdef uint16_t FORMAT_OF_KEYS = KEY_FORMAT
cdef uint64_t SEED = int.from_bytes(os.urandom(8), "little")


cdef struct Slice:
    const char *p
    Py_ssize_t n


# Parts of this module, in files of their own.
include "pagetable.pxi"
include "pagename.pxi"
include "pagebuilder.pxi"
include "pagewrite.pxi"
include "pagejson.pxi"
include "pagetokens.pxi"
include "pagefields.pxi"
include "pagescan.pxi"
include "pagehtml.pxi"
