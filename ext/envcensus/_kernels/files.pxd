# cython: language_level=3
"""Open files that nobody vouches for, and ask directories for their entries, all without the GIL."""

from libc.stdint cimport int64_t, uint64_t


cdef extern from *:
    """
    #include <dirent.h>
    #include <errno.h>
    #include <fcntl.h>
    #include <stdio.h>
    #include <sys/stat.h>
    #include <unistd.h>

    #ifndef O_PATH
    #define O_PATH 0
    #endif
    #define EC_OPEN_FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

    #ifdef __APPLE__
    #define EC_NS(st, which) ((st)->st_##which##timespec)
    #else
    #define EC_NS(st, which) ((st)->st_##which##tim)
    #endif

    static long long ec_mtime_ns(const struct stat *st) {
        return (long long)EC_NS(st, m).tv_sec * 1000000000LL + EC_NS(st, m).tv_nsec;
    }
    static long long ec_ctime_ns(const struct stat *st) {
        return (long long)EC_NS(st, c).tv_sec * 1000000000LL + EC_NS(st, c).tv_nsec;
    }

    /* The target of a symbolic link, opened only if it is a regular file: O_PATH opens nothing yet, so a device is
       never touched, and what was looked at is what is read. Returns a descriptor, -errno, or -ENXIO. */
    static int ec_open_link(int dirfd, const char *name) {
        struct stat st;
        int fd;
        if (O_PATH) {
            char self[64];
            int held = openat(dirfd, name, O_PATH | O_CLOEXEC);
            if (held < 0) return -errno;
            if (fstat(held, &st) < 0 || !S_ISREG(st.st_mode)) { close(held); return -ENXIO; }
            snprintf(self, sizeof self, "/proc/self/fd/%d", held);
            fd = open(self, EC_OPEN_FLAGS);
            if (fd < 0) { int saved = errno; close(held); return -saved; }
            close(held);
        } else {
            if (fstatat(dirfd, name, &st, 0) < 0) return -errno;
            if (!S_ISREG(st.st_mode)) return -ENXIO;
            fd = openat(dirfd, name, EC_OPEN_FLAGS);
            if (fd < 0) return -errno;
        }
        return fd;
    }

    /* A descriptor of `name`, or -errno. It may be no regular file: what was read from it may be believed only where
       ec_is_regular says so, and only pread may read from it, which takes nothing out of a FIFO and never waits. */
    static int ec_open_entry(int dirfd, const char *name) {
        int fd = openat(dirfd, name, EC_OPEN_FLAGS | O_NOFOLLOW);
        if (fd >= 0) return fd;
        return errno == ELOOP || errno == EMLINK ? ec_open_link(dirfd, name) : -errno;
    }
    static int ec_is_regular(int fd) {
        struct stat st;
        return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    }

    /* A descriptor of the regular file `name`, -errno, or -ENXIO where it is something else. */
    static int ec_open_regular(int dirfd, const char *name) {
        int fd = ec_open_entry(dirfd, name);
        if (fd >= 0 && !ec_is_regular(fd)) { close(fd); return -ENXIO; }
        return fd;
    }

    /* st_size of a directory says nothing about what is in it. */
    static long long ec_file_size(const struct stat *st) {
        return S_ISDIR(st->st_mode) ? 0 : (long long)st->st_size;
    }
    static int ec_open_dir(const char *path) {
        return open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
    }
    static int ec_is_broken_link(int dirfd, const char *name) {
        struct stat st;
        return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode)
            && fstatat(dirfd, name, &st, 0) < 0;
    }
    """
    ctypedef struct DIR:
        pass
    ctypedef struct dirent_t "struct dirent":
        char *d_name
        unsigned char d_type
    ctypedef struct stat_t "struct stat":
        uint64_t st_dev
        uint64_t st_ino
        int64_t st_size
    DIR *fdopendir(int fd) noexcept nogil
    dirent_t *readdir(DIR *directory) noexcept nogil
    int closedir(DIR *directory) noexcept nogil
    ssize_t pread(int fd, void *buffer, size_t count, int64_t offset) noexcept nogil
    int fstat(int fd, stat_t *st) noexcept nogil
    int fstatat(int dirfd, const char *name, stat_t *st, int flags) noexcept nogil
    int faccessat(int dirfd, const char *name, int mode, int flags) noexcept nogil
    long long ec_mtime_ns(const stat_t *st) noexcept nogil
    long long ec_ctime_ns(const stat_t *st) noexcept nogil
    long long ec_file_size(const stat_t *st) noexcept nogil
    int ec_open_entry(int dirfd, const char *name) noexcept nogil
    int ec_is_regular(int fd) noexcept nogil
    int ec_open_regular(int dirfd, const char *name) noexcept nogil
    int ec_open_dir(const char *path) noexcept nogil
    int ec_is_broken_link(int dirfd, const char *name) noexcept nogil
    int AT_FDCWD, AT_SYMLINK_NOFOLLOW, F_OK, DT_DIR
