"""The two records of a project's page, as bytes. Little endian, unaligned: read with the helpers below.

`record` (what decides):
    Header | rows, newest first | shape starts | shape ids | hashes | text starts | upload time deltas | pool of texts
`files` (what is fetched):
    FilesHeader | version table | file rows | digests | pool of texts

A *row* is one version's files that agree in spelling, Requires-Python, yanked state and origin; a version whose files
disagree has several rows in sequence, all but the first flagged SAME. A *shape* is the list of the tag texts of a
row's files, in page order; 0 stands for an sdist. Versions share shapes, shapes share tag texts.
"""
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int64_t
from libc.string cimport memcpy

cdef enum:
    RECORD_MAGIC = 0x31504345   # "ECP1"
    FILES_MAGIC = 0x31464345    # "ECF1"

    # flags of a row
    ROW_PRE = 1          # pre-release or development release
    ROW_SAME = 2         # the same version as the row before
    ROW_UNPACKED = 4     # the version has no 64-bit key: compare its text
    ROW_LOCAL = 8        # a file of this machine: exempt from upload-time limits
    ROW_META = 16        # every wheel of the row has a core metadata file
    ROW_WHEEL = 32       # holds a wheel
    ROW_SDIST = 64       # holds an sdist
    ROW_TIMES = 128      # upload times differ: one 32-bit delta for each file
    ROW_NOTIME = 256     # some file has no upload time: none of the row's count

    # flags of a file row
    FILE_SHA = 1         # a 32-byte sha256
    FILE_META_SHA = 2    # a 32-byte sha256 of the core metadata file
    FILE_META = 4        # has a core metadata file
    FILE_URL_NAME = 8    # the URL ends with the file name, which is not repeated
    FILE_YANKED = 16
    FILE_TIME = 32       # has an upload time
    FILE_WHEEL = 64

ctypedef packed struct Header:
    uint32_t magic
    uint32_t total
    uint32_t rows
    uint32_t versions
    uint32_t shape_starts     # offsets from the start of the record
    uint32_t shape_ids
    uint32_t hashes           # of the tags, then of the Requires-Python texts
    uint32_t starts
    uint32_t deltas
    uint32_t pool
    uint32_t files            # counts of the page's files: taken,
    uint32_t skipped          # left out (no sdist or wheel name, no PEP 440 version, malformed entry),
    uint32_t foreign          # left out (another project's)
    uint16_t shapes
    uint16_t tags
    uint16_t pythons
    uint16_t reasons
    uint16_t tracks
    uint16_t alternates
    uint16_t api_minor
    uint16_t key_format

ctypedef packed struct Row:
    uint64_t key
    uint32_t text             # offset in the pool << 8 | length
    uint32_t time             # earliest upload, seconds since the epoch; 0 unknown
    uint16_t shape
    uint16_t python
    uint16_t reason           # 0 not yanked, else 1 + number of the reason
    uint16_t flags

ctypedef packed struct FilesHeader:
    uint32_t magic
    uint32_t total
    uint32_t versions
    uint32_t files
    uint32_t rows             # offsets
    uint32_t digests
    uint32_t pool
    uint32_t base             # length of the page's URL, the first text of the pool
    uint32_t prefix           # length of what all URLs begin with, the second

ctypedef packed struct FilesVersion:
    uint32_t text             # offset in the pool
    uint32_t length
    uint32_t first            # number of its first file row

ctypedef packed struct FileRow:
    double time
    int64_t size              # -1 unknown
    uint32_t text             # offset in the pool: name, rest of the URL, Requires-Python, reason, other hashes
    uint32_t digest           # number of the first digest
    uint16_t name
    uint16_t url
    uint16_t python
    uint16_t reason
    uint16_t other
    uint16_t flags


cdef inline uint16_t ld16(const char *p) noexcept nogil:
    cdef uint16_t v
    memcpy(&v, p, 2)
    return v


cdef inline uint32_t ld32(const char *p) noexcept nogil:
    cdef uint32_t v
    memcpy(&v, p, 4)
    return v


cdef inline uint64_t mix(uint64_t h) noexcept nogil:
    h ^= h >> 32
    h *= <uint64_t>0x9E3779B97F4A7C15
    return h ^ (h >> 29)


cdef inline uint64_t hash_text(const char *p, Py_ssize_t n, uint64_t seed) noexcept nogil:
    """A quick hash, eight bytes at a time; `seed` keeps untrusted input from choosing collisions."""
    cdef uint64_t h = seed ^ <uint64_t>n * <uint64_t>0xFF51AFD7ED558CCD
    cdef uint64_t w
    while n >= 8:
        memcpy(&w, p, 8)
        h = mix(h ^ w)
        p += 8
        n -= 8
    w = 0
    memcpy(&w, p, n)
    return mix(mix(h ^ w))
