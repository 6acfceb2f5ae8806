"""Decisions about a project, read in place from its packed record: see pagefmt.pxd for the layout.

This is the one place for pre-releases, yanked files, Requires-Python, tags and upload-time
limits (PEP 440, 592, 345, 425 and 700), so that `outdated` and `resolve` agree with each other, and with pip.
"""
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Malloc
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport int8_t, int32_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcmp, memcpy, memset

from envcensus._kernels.pagefmt cimport *
from envcensus._kernels.specifier cimport Texts, VersionTable, table_of
from envcensus._kernels.version cimport pack_key, version_or_none

from envcensus._kernels.specifier import specifier_set
from envcensus._kernels.version import KEY_FORMAT

cdef uint16_t FORMAT_OF_KEYS = KEY_FORMAT

__all__ = [
    "Candidates", "Info", "PageError", "Target", "candidates", "files", "info", "latest", "pack", "pack_html",
    "pack_json", "quoted", "status", "version_info", "versions", "why_none",
]


class PageError(ValueError):
    """A page, or a record of one, that cannot be used; the text is one line that says why."""


# Parts of this module, in files of their own.
include "pageview.pxi"
include "pagetarget.pxi"
include "pagefiles.pxi"


# -- questions -------------------------------------------------------------------------------------------------------

def latest(record, Target target not None, str name=""):
    """The newest version that `pip list --outdated` would name: (version, "wheel" or "sdist", upload time, yanked).

    The upload time is that of the version's first file, in whole seconds since the epoch, or None. As in pip's list,
    yanked files never count and pre-releases only with `target.pre`; None when nothing is left, and `why_none` says
    why. `name` is the normalized project, for `only_binary` and `no_binary`. Raises PageError for a damaged record.
    """
    cdef View v
    cdef Judge j
    cdef Row row, best
    cdef uint32_t i, time = 0
    cdef int fits, kind = 0
    cdef int32_t rank, best_rank = NO_RANK
    cdef Hold _hold = open_record(record, &v)
    judge_init(&j, &v, target, name)
    for i in range(v.head.rows):
        row_at(&v, i, &row)
        if kind and not row.flags & ROW_SAME:
            break
        if not row.flags & ROW_SAME:
            time = row.time
        elif row.time and row.time < time:
            time = row.time
        fits = judge_row(&v, &j, target, &row, &rank)
        if row.reason or (row.flags & ROW_PRE and not target.pre) or not fits & (FITS_WHEEL | FITS_SDIST):
            continue
        # of one version, a wheel comes before an sdist, then the best tag; else the page's order
        if fits & FITS_WHEEL and (kind != FITS_WHEEL or rank < best_rank):
            kind = FITS_WHEEL
            best_rank = rank
            best = row
        elif not kind:
            kind = FITS_SDIST
            best = row
    if not kind:
        return None
    return version_of(&v, &best), "wheel" if kind == FITS_WHEEL else "sdist", <double>time if time else None, False


def why_none(record, Target target not None, str name=""):
    """One sentence on why `latest` is None: what the newest versions lack."""
    cdef View v
    cdef Judge j
    cdef Row row
    cdef uint32_t i
    cdef int fits, seen = 0
    cdef int32_t rank
    cdef bint yanked = False, pre = False
    cdef Hold _hold = open_record(record, &v)
    judge_init(&j, &v, target, name)
    if not v.head.rows:
        if text_of(&v, first_said(&v) + SAID_STATUS) == "quarantined":
            return "the project is quarantined"
        if v.head.skipped or v.head.foreign:
            return "the index lists no file that is a release of the project"
        return "the index lists no files"
    for i in range(v.head.rows):
        row_at(&v, i, &row)
        fits = judge_row(&v, &j, target, &row, &rank)
        if not fits & (FITS_WHEEL | FITS_SDIST):
            seen |= fits
        elif row.reason:
            yanked = True
        elif row.flags & ROW_PRE and not target.pre:
            pre = True
        else:
            return ""
    if pre:
        return "there are only pre-releases"
    if yanked:
        return "all files are yanked"
    if seen & NO_TIME:
        return "the index gives no upload times, which the upload-time limit needs"
    if seen & BAD_TIME:
        return "all files were uploaded after the limit"
    if seen & BAD_FORMAT:
        return "no file of a permitted kind"
    if seen & BAD_TAGS:
        return "no wheel fits the platform, and there is no sdist"
    return f"no version supports Python {target.python}"


include "pagecandidates.pxi"


def versions(record):
    """The text of all versions, newest first, whatever they offer. Raises PageError."""
    cdef View v
    cdef Row row
    cdef uint32_t i
    cdef list out = []
    cdef Hold _hold = open_record(record, &v)
    for i in range(v.head.rows):
        row_at(&v, i, &row)
        if not row.flags & ROW_SAME:
            out.append(version_of(&v, &row))
    return out


class Info:
    """What a record says about its project beside its files. `files`, `skipped` and `foreign` count the page's files:
    taken; left out for their names; left out as another project's."""
    __slots__ = ("alternates", "api_minor", "files", "foreign", "name", "skipped", "status", "status_reason", "tracks",
                 "versions")

    def __init__(self, name, status, status_reason, tracks, alternates, versions, files, skipped, foreign, api_minor):
        self.name = name
        self.status = status
        self.status_reason = status_reason
        self.tracks = tracks
        self.alternates = alternates
        self.versions = versions
        self.files = files
        self.skipped = skipped
        self.foreign = foreign
        self.api_minor = api_minor


def info(record):
    """Status (PEP 792), tracks and alternates (PEP 708), and counts, as `Info`. Raises PageError."""
    cdef View v
    cdef Hold _hold = open_record(record, &v)
    cdef uint32_t at = first_said(&v), i
    tracks = tuple([text_of(&v, at + SAID_PLACES + i) for i in range(v.head.tracks)])
    alternates = tuple([text_of(&v, at + SAID_PLACES + v.head.tracks + i) for i in range(v.head.alternates)])
    return Info(
        text_of(&v, at + SAID_NAME), text_of(&v, at + SAID_STATUS), text_of(&v, at + SAID_REASON), tracks, alternates,
        v.head.versions, v.head.files, v.head.skipped, v.head.foreign, v.head.api_minor,
    )


def status(record):
    """The project's status and the reason its index gives (PEP 792), alone. Raises PageError."""
    cdef View v
    cdef Hold _hold = open_record(record, &v)
    cdef uint32_t at = first_said(&v)
    return text_of(&v, at + SAID_STATUS), text_of(&v, at + SAID_REASON)


def version_info(record, str version not None):
    """(upload time of the version's first file or None, yanked reason or None if not every file is yanked).

    None when the page has no such version. Spellings of one version are the same ("1.0" and "1.0.0"). Raises PageError.
    """
    cdef View v
    cdef Row row
    cdef uint32_t i, time = 0
    cdef bint found = False, yanked = True
    cdef uint64_t key = 0
    cdef bytes text = version.encode("utf-8", "replace")
    cdef bint packed
    cdef Hold _hold = open_record(record, &v)
    cdef object reason = None
    packed = pack_key(text, len(text), &key) == 1
    if not packed:
        text = normal_version(version)
        packed = bool(text) and pack_key(text, len(text), &key) == 1
    for i in range(v.head.rows):
        row_at(&v, i, &row)
        if found:
            if not row.flags & ROW_SAME:
                break
        elif packed:
            found = row.key == key and not row.flags & ROW_UNPACKED
        else:
            found = (row.text & 255) == len(text) and not memcmp(v.pool + (row.text >> 8), <char *>text, len(text))
        if found:
            if row.time and (row.time < time or not time):
                time = row.time
            if not row.reason:
                yanked = False
            elif reason is None:
                reason = text_of(&v, v.head.tags + v.head.pythons + row.reason - 1)
    if not found:
        return None
    return <double>time if time else None, reason if yanked else None


# -- packing, in a module that runs off the cache do not load --------------------------------------------------------

def pack(page):
    """See `envcensus._kernels.pagepack.pack`."""
    from envcensus._kernels import pagepack

    return pagepack.pack(page)


def pack_json(bytes body not None, str url not None, str name=""):
    """See `envcensus._kernels.pagepack.pack_json`."""
    from envcensus._kernels import pagepack

    return pagepack.pack_json(body, url, name)


def pack_html(bytes body not None, str url not None, str name="", str charset="utf-8"):
    """See `envcensus._kernels.pagepack.pack_html`."""
    from envcensus._kernels import pagepack

    return pagepack.pack_html(body, url, name, charset)
