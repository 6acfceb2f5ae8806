from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t


cdef struct FileText:
    # One file as its page spells it: slices of memory that somebody else keeps alive.
    const char *name
    Py_ssize_t name_n
    const char *url
    Py_ssize_t url_n
    const char *python
    Py_ssize_t python_n
    const char *reason
    Py_ssize_t reason_n
    const char *sha         # 64 hexadecimal digits, or NULL
    const char *meta_sha    # the same of the core metadata file
    const char *other       # further hashes: "name=value" lines, those of the metadata prefixed with "metadata:"
    Py_ssize_t other_n
    double time             # seconds since the epoch; negative: unknown
    int64_t size            # negative: unknown
    bint yanked
    bint meta


cdef struct Slot:
    uint64_t hash
    const char *text
    uint32_t length
    int32_t value           # -1: free


cdef struct Table:
    Slot *slots
    uint32_t mask
    uint32_t used


cdef struct Taken:
    FileText text
    uint32_t version
    int32_t next            # the next file of the same version, in page order; -1: none
    uint16_t tag
    uint16_t python
    uint16_t reason
    bint named              # the URL ends with the name
    bint local


cdef struct Version:
    uint64_t key
    const char *text
    uint32_t length
    int32_t first
    int32_t last
    uint32_t rank
    bint packed
    bint pre


cdef struct Buffer:
    char *data
    Py_ssize_t used
    Py_ssize_t room


cdef class Builder:
    cdef const char *project
    cdef Py_ssize_t project_n
    cdef bytes project_bytes
    cdef bytes base
    cdef bint local
    cdef list keep
    cdef Table raw_versions, tags, pythons, reasons, shapes
    cdef Taken *taken
    cdef Version *versions
    cdef uint32_t n_taken, room_taken, n_versions, room_versions, last_version
    cdef uint32_t skipped, foreign
    cdef bint unpacked
    cdef const char *prefix
    cdef Py_ssize_t prefix_n
    cdef const char *own_name      # a wheel's spelling of the project that was found to be right
    cdef Py_ssize_t own_name_n
    cdef const char *last_raw      # the version text of the file before
    cdef Py_ssize_t last_raw_n

    cdef Buffer rows, shape_ids, shape_starts, deltas, starts, hashes, pool

    cdef int add(self, FileText *f) except -1
    cdef int skip(self) except -1
    cdef int rebase(self, bytes base) except -1
    cdef tuple finish(self, str status, str status_reason, list tracks, list alternates, int api_minor)
    cdef int grow_taken(self) except -1
    cdef bint own_wheel(self, const char *p, Py_ssize_t n) except -1
    cdef const char *odd_tags(self, const char *p, Py_ssize_t *n) except? NULL
    cdef Py_ssize_t odd_sdist(self, const char *p, Py_ssize_t n) except? -2
    cdef int shorten(self, Taken *t) except -1
    cdef int look_at_url(self, Taken *t) except -1
    cdef int without_credentials(self, Taken *t) except -1
    cdef int32_t version_of(self, const char *p, Py_ssize_t n) except -2
    cdef int32_t version_slow(self, bytes text) except -2
    cdef int32_t new_version(self, const char *p, Py_ssize_t n) except -2
    cdef int order(self) except -1
    cdef bint same_version(self, uint32_t i) except -1
    cdef int write_version(self, uint32_t i, bint same) except -1
    cdef int write_row(self, uint32_t i, Taken *like, uint16_t flags) except -1
    cdef bytes finish_record(self, list texts, int tracks, int alternates, int api_minor)
    cdef bytes finish_files(self)


cdef int take(Builder b, str name, str url, dict hashes, str python, str reason, object meta, object size,
              object time) except -1
cdef const char *sha256_of(dict hashes, list keep) except? NULL
cdef str other_hashes(dict hashes, bint has_sha, str prefix)
