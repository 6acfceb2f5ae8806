"""What the system would not let this process do: told apart from what is not there, and who it was that may not."""

from __future__ import annotations

import os


def refusal(error: OSError) -> str:
    """Why something could not be opened; where that is a matter of rights, whose: "Permission denied for nobody"."""
    reason = error.strerror or str(error) or type(error).__name__
    return f"{reason} for {_user()}" if isinstance(error, PermissionError) else reason


def is_gone(path: str) -> bool:
    """Whether there is nothing at `path`, not even a link that leads nowhere. What cannot be looked at may be there."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # (ValueError: a NUL in it)
        return True
    except OSError:
        return False
    return False


def _user() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except (KeyError, OSError):
        return f"user {os.geteuid()}"
