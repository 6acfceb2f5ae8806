"""How the process begins and ends: what libraries do at both ends that no command needs is left out.

A warm run is so short that a third of it would be that. Nothing behaves otherwise for it: a module that is needed after
all is loaded then.
"""

from __future__ import annotations

import _thread
import gc
import os
import sys
from io import TextIOWrapper
from types import ModuleType

TYPE_CHECKING = False  # typing is imported by click, when what it needs has been prepared
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, NoReturn


def prepare() -> None:
    """Get ready for what click and msgspec import. To be called before they are."""
    _open_closed_streams()
    _let_messages_be_lost()
    gc.set_threshold(100_000, 20, 50)  # a run builds much and drops little: looking for garbage is mostly in vain
    if sys.version_info < (3, 12):  # it defines all its classes in Python first
        import _datetime  # type: ignore[import-not-found]

        defer("datetime", **{name: value for name, value in vars(_datetime).items() if not name.startswith("__")})
    defer("difflib", get_close_matches=_get_close_matches)  # click: at each short option, which is no long one
    defer("gettext", gettext=_untranslated, ngettext=_untranslated_number)  # click: it looks for a catalogue every time
    defer("inspect", cleandoc=_cleandoc)  # click: for help texts
    defer("idna")  # yarl, for aiohttp: for host names that are not ASCII
    defer("ipaddress")  # urllib.parse: for addresses in brackets
    defer("platform", system=_system)  # uuid, which both import
    defer("threading", local=_thread._local)  # click: for its contexts
    defer("textwrap")  # msgspec: for schemas, as the next
    for name in ("msgspec.inspect", "msgspec.toml", "msgspec.yaml"):
        defer(name)
    import urllib  # noqa: F401 - an empty package

    defer("urllib.request", getproxies=_getproxies, proxy_bypass=_proxy_bypass)  # aiohttp: we look for proxies
    defer("warnings")  # importlib


def _open_closed_streams() -> None:
    """Give streams that the caller closed (`>&-`) their descriptors back, or the next file that is opened gets them.

    What is read from standard input or written to standard output fails then, in words; messages go nowhere.
    """
    for number, flags in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_RDWR)):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, flags)  # the lowest number that is free: this one
            os.set_inheritable(opened, True)
            name = ("stdin", "stdout", "stderr")[number]
            stream = open(opened, "w" if number else "r", errors="backslashreplace", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)


class _Messages(TextIOWrapper):
    """Standard error. What cannot be said, as the disk below a log is full, must not end a run that has a report."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            pass


def _let_messages_be_lost() -> None:
    if isinstance(sys.stderr, TextIOWrapper):
        encoding = sys.stderr.encoding
        sys.stderr = _Messages(sys.stderr.detach(), encoding, "backslashreplace", line_buffering=True)


def import_msgspec() -> None:
    """Import msgspec without typing_extensions, which costs as much again.

    It takes get_type_hints, Required and NotRequired from there where it can, else from typing, which has had the same
    ones since Python 3.11.
    """
    if "msgspec" in sys.modules or "typing_extensions" in sys.modules:
        return
    sys.modules["typing_extensions"] = None  # type: ignore[assignment]
    try:
        import msgspec  # noqa: F401
    finally:
        del sys.modules["typing_extensions"]


def defer(name: str, **stand_ins: Any) -> None:
    """Let `import name` load nothing until another attribute than `stand_ins` is looked up.

    `importlib.util.LazyLoader` is not for this: before Python 3.12 the next `import name` loads what it put off.
    """
    if name not in sys.modules:
        module = sys.modules[name] = _Deferred(name)
        module.__dict__.update(stand_ins)
        parent, _, child = name.rpartition(".")
        if parent in sys.modules:
            setattr(sys.modules[parent], child, module)  # as importing it would


_REPLACING = _thread.allocate_lock()


class _Deferred(ModuleType):
    """Takes the place of a module, and all that the module holds as soon as more is wanted than the stand-ins."""

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):  # the import system looks, and finds nothing unusual
            raise AttributeError(attribute)
        with _REPLACING:  # two threads may want it at once; the import itself has locks of its own
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
        __import__(self.__name__)
        self.__dict__.update(vars(sys.modules[self.__name__]))
        self.__class__ = ModuleType  # type: ignore[assignment]
        return getattr(self, attribute)


_BLANKS = None if sys.version_info < (3, 13) else " "  # what `inspect.cleandoc` takes for one


def _cleandoc(text: str) -> str:
    """`inspect.cleandoc` for one line, which is what options say; for more, the real one."""
    if "\n" not in text and "\t" not in text:
        return text.lstrip(_BLANKS)
    from inspect import getdoc  # anything that has no stand-in

    cleaned: str = getdoc.__globals__["cleandoc"](text)
    return cleaned


def _get_close_matches(word: str, possibilities: Iterable[str], n: int = 3, cutoff: float = 0.6) -> list[str]:
    """`difflib.get_close_matches`: none where too few characters are in common, whatever their order."""
    candidates = list(possibilities)
    for candidate in candidates:
        common = sum(min(word.count(character), candidate.count(character)) for character in set(word))
        if 2.0 * common / ((len(word) + len(candidate)) or 1) >= cutoff or not candidate:
            break
    else:
        if n > 0 and 0.0 <= cutoff <= 1.0:
            return []
    from difflib import SequenceMatcher  # anything that has no stand-in

    matches: list[str] = SequenceMatcher.__init__.__globals__["get_close_matches"](word, candidates, n, cutoff)
    return matches


def _untranslated(message: str) -> str:
    return message


def _untranslated_number(singular: str, plural: str, number: int) -> str:
    return singular if number == 1 else plural


def _getproxies() -> dict[str, str]:
    from urllib.request import build_opener  # anything that has no stand-in

    found: dict[str, str] = build_opener.__globals__["getproxies"]()
    return found


def _proxy_bypass(host: str, proxies: dict[str, str] | None = None) -> bool:
    from urllib.request import build_opener

    return bool(build_opener.__globals__["proxy_bypass"](host, proxies))


def _system() -> str:
    return os.uname().sysname


def leave(end: SystemExit) -> NoReturn:
    """End the process as `end` would, but let the system take the memory back instead of freeing every object first.

    What asked to be called at the end (temporary files, pools, logs) is called. Where a thread still runs, where
    somebody looks at the process from inside (a profiler, a debugger, -X dev), or where output cannot be written,
    the interpreter ends in its own way: raises `end`.
    """
    import atexit

    watched = sys.flags.dev_mode or sys.getprofile() is not None or sys.gettrace() is not None
    threading = sys.modules.get("threading")
    threads = 1 if threading is None or isinstance(threading, _Deferred) else threading.active_count()
    if watched or threads > 1 or not isinstance(end.code, int):
        raise end
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except (OSError, ValueError, AttributeError):  # full, closed, none: the interpreter has its words for that
        raise end from None
    os._exit(end.code)
