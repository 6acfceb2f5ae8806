"""Where the cache lies, and whether that place is safe to use.

<directory>/lock        shared while a run opens the store, exclusive while one replaces it
<directory>/v1/         one environment per schema version, so that two releases can run side by side
            data.mdb    LMDB's data file
            lock.mdb    LMDB's reader table and writer mutex
            writer      taken with a deadline before LMDB's own mutex, which knows none
            run-PID-N   one per open store, locked by its owner: a mark nobody holds tells of a run that crashed
<directory>/v1.damaged  the last environment that was set aside
"""

from __future__ import annotations

import os
import stat
import sys

from envcensus.errors import CacheError

SCHEMA = "v1"

# File systems on which several machines may map the same file, or on which shared maps and locks are not dependable.
# fmt: off
_NETWORK = frozenset((
    "nfs", "nfs3", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afs", "ncpfs", "coda", "9p", "ceph", "lustre",
    "gpfs", "beegfs", "orangefs", "pvfs2", "ocfs2", "gfs2", "panfs", "vboxsf", "prl_fs", "davfs", "fuse.sshfs",
    "fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "fuse.ceph", "fuse.davfs2", "fuse.gcsfuse", "fuse.blobfuse2",
    "fuse.cvmfs2", "fuse.juicefs", "fuse.mfs",
))
# fmt: on


def default_directory() -> str:
    """ENVCENSUS_CACHE_DIR, or `envcensus` in the user's cache directory (XDG on Linux)."""
    if chosen := os.environ.get("ENVCENSUS_CACHE_DIR"):
        return os.path.abspath(chosen)
    if not sys.platform.startswith("linux"):
        from platformdirs import user_cache_dir

        return user_cache_dir("envcensus", appauthor=False)
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):  # the specification: relative paths are invalid and to be ignored
        base = os.path.join(os.path.expanduser("~"), ".cache")
    if not os.path.isabs(base):  # no HOME, and a user that the system does not know, as in a container
        return local_directory()
    return os.path.join(base, "envcensus")


def local_directory() -> str:
    """A directory on this machine's own disks that survives a reboot, for users without a home, or with one on the
    network."""
    return f"/var/tmp/envcensus-{os.geteuid()}"  # noqa: S108 - ownership and mode are checked before it is used


def settle(directory: str) -> tuple[str, str]:
    """The directory to use for `directory`, and a note when it is another one."""
    kind = network_type(directory)
    if not kind:
        return directory, ""
    local = local_directory()
    if network_type(local):
        raise CacheError(f"{directory} is on a network file system ({kind}), and so is {local}")
    return local, f"{directory} is on a network file system ({kind}): the cache is in {local}"


def network_type(path: str, mountinfo: str = "/proc/self/mountinfo") -> str:
    """The network file system that `path`, or its nearest existing parent, is on; empty when it is a local one.

    A device with a major number is a local disk: the table of mounts is read only for the others.
    """
    path = nearest(path)
    device = os.stat(path).st_dev
    if os.major(device):
        return ""
    wanted = f"{os.major(device)}:{os.minor(device)}"
    best, kind = -1, ""
    try:
        with open(mountinfo, encoding="utf-8", errors="surrogateescape") as table:
            for line in table:
                # 36 35 98:0 /mnt1 /mnt/parent rw,noatime master:1 - ext3 /dev/root rw (see proc_pid_mountinfo(5))
                fields, _, rest = line.partition(" - ")
                columns = fields.split(" ")
                if len(columns) > 4 and columns[2] == wanted and len(columns[4]) > best:
                    best, kind = len(columns[4]), rest.split(" ", 1)[0]
    except OSError:
        return ""
    return kind if kind in _NETWORK else ""


def nearest(path: str) -> str:
    """`path`, or the nearest of its parents that exists."""
    path = os.path.abspath(path)
    while not os.path.lexists(path):
        parent = os.path.dirname(path)
        if parent == path:
            break
        path = parent
    return path


def prepare_root(directory: str, *, explicit: bool) -> None:
    """Create the cache's directory, or check the one that is there.

    Raises CacheError when it would be unsafe, OSError when it cannot be had. A directory that was not named explicitly
    is not created below one of somebody else's: `sudo` with the caller's HOME must not leave root's files there. Nor is
    a home made: users that have none are told so by a name that must not exist.
    """
    try:
        found = os.lstat(directory)
    except FileNotFoundError:
        parent = nearest(directory)
        if not explicit and os.geteuid() == 0 and os.stat(parent).st_uid != 0:
            raise CacheError(f"{parent} belongs to another user") from None
        home = os.path.expanduser("~")
        if not explicit and directory.startswith(home + os.sep) and not os.path.isdir(home):
            raise CacheError(f"the home directory {home} does not exist") from None
        _make_parents(directory)
        try:
            os.mkdir(directory, 0o700)
        except FileExistsError:
            pass
        found = os.lstat(directory)
    check_directory(directory, found)


def _make_parents(directory: str) -> None:
    """The directories above `directory` that are missing, private whatever the umask (XDG Base Directory Specification:
    `os.makedirs` has its mode for the last one alone)."""
    missing = []
    path = os.path.dirname(directory)
    while not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)
    for path in reversed(missing):
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            pass  # made meanwhile


def check_directory(directory: str, found: os.stat_result | None = None) -> None:
    """Refuse what somebody else could have planted; make private what is merely readable by others.

    Raises CacheError.
    """
    found = found or os.lstat(directory)
    if stat.S_ISLNK(found.st_mode):
        raise CacheError(f"{directory} is a symbolic link, which is not followed")
    if not stat.S_ISDIR(found.st_mode):
        raise CacheError(f"{directory} is not a directory")
    if found.st_uid != os.geteuid():
        raise CacheError(f"{directory} belongs to another user")
    if found.st_mode & 0o022:
        raise CacheError(f"{directory} is writable by other users")
    if found.st_mode & 0o077:
        try:
            os.chmod(directory, 0o700)
        except OSError:
            pass  # a read-only file system: readable by others is no danger
