"""How the process begins and ends: what is put off is the same when it comes, and the end loses nothing."""

from __future__ import annotations

import difflib
import errno
import gettext
import inspect
import os
import platform
import subprocess
import sys
import urllib.request
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envcensus.cli import main, start


@given(st.text(alphabet=st.sampled_from("ab \t\n\r\v\x1c\u2028\u00a0")) | st.text())
def test_the_stand_in_for_cleandoc_is_cleandoc(text: str) -> None:
    assert start._cleandoc(text) == inspect.cleandoc(text)


@given(st.text(min_size=1), st.text(min_size=1), st.integers())
def test_the_stand_ins_for_gettext_find_no_catalogue_either(one: str, many: str, number: int) -> None:
    assert start._untranslated(one) == gettext.gettext(one)
    assert start._untranslated_number(one, many, number) == gettext.ngettext(one, many, number)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "not enough memory; raise the limit (`ulimit -v`)"),
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), "too many files are open; raise the limit (`ulimit -n`)"),
        (ImportError("x.so: cannot open shared object file: Too many open files"), "too many files are open"),
        (KeyError("k"), "internal error: KeyError: 'k'; set ENVCENSUS_TRACEBACK=1"),
    ],
)
def test_limits_of_the_system_are_no_fault_of_ours(error: Exception, said: str) -> None:
    assert said in main._what_went_wrong(error)


def test_the_stand_in_for_the_system_is_what_platform_says() -> None:
    assert start._system() == platform.system()


def test_the_stand_ins_for_proxies_ask_the_real_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:3128")
    monkeypatch.setenv("no_proxy", "example.com")
    assert start._getproxies() == urllib.request.getproxies()
    assert start._getproxies()["http"] == "http://127.0.0.1:3128"
    for host in ("example.com", "example.org"):
        assert start._proxy_bypass(host) == bool(urllib.request.proxy_bypass(host))


def test_a_deferred_module_of_a_package_is_its_attribute() -> None:
    program = (
        "from envcensus.cli import start; start.prepare()\n"
        "import urllib.request; assert type(urllib.request).__name__ == '_Deferred'\n"
        "assert urllib.request.Request('http://127.0.0.1/').host == '127.0.0.1'\n"
        "import idna; assert idna.encode('größe.example') == b'xn--gre-6ka8i.example'\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_deferred_module_is_loaded_by_the_first_thing_that_it_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    start.defer("colorsys", ONE_THIRD="here")
    import colorsys

    assert str(colorsys.ONE_THIRD) == "here"
    assert not hasattr(colorsys, "__path__")
    assert type(colorsys) is not ModuleType
    assert colorsys.rgb_to_hls(0, 0, 0) == (0.0, 0.0, 0.0)
    assert type(colorsys) is ModuleType
    assert colorsys.ONE_THIRD == 1 / 3
    assert sys.modules["colorsys"].rgb_to_hls is colorsys.rgb_to_hls


def test_a_module_that_is_there_is_left_alone() -> None:
    before = sys.modules["inspect"]
    start.defer("inspect")
    assert sys.modules["inspect"] is before


def test_a_deferred_module_without_such_an_attribute_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    start.defer("colorsys")
    import colorsys

    with pytest.raises(AttributeError, match="ultraviolet"):
        colorsys.ultraviolet  # type: ignore[attr-defined]  # noqa: B018


END = """
import atexit, os, sys, threading
from envcensus.cli import start
atexit.register(lambda: print("cleaned up"))
{before}
print("last words", end=" ")
try:
    sys.exit({code})
except SystemExit as end:
    start.leave(end)
"""
THREAD = "threading.Thread(target=lambda: (threading.Event().wait(0.2), print('finished'))).start()"


@pytest.mark.parametrize(
    ("before", "code", "output"),
    [
        ("", 4, "last words cleaned up\n"),
        ("sys.setprofile(lambda *_: None)", 4, "last words cleaned up\n"),
        (THREAD, 4, "last words finished\ncleaned up\n"),  # a thread is waited for
        ("os.close(2); sys.stderr = None", 4, "last words cleaned up\n"),
    ],
)
def test_the_end_keeps_the_exit_code_the_output_and_what_was_to_be_done(before: str, code: int, output: str) -> None:
    script = END.format(before=before, code=code)
    done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stdout) == (code, output)


def test_the_end_without_an_output_fails_as_the_interpreter_does() -> None:
    script = "import sys; sys.stdout = open('/dev/full', 'w'); print('lost')\n" + END.format(before="", code=0)
    done = subprocess.run([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode != 0 or "No space" in done.stderr


WORDS = st.text("-abo", max_size=6)


@given(WORDS, st.lists(WORDS, max_size=6), st.sampled_from([0.0, 0.3, 0.6, 2 / 3, 1.0]))
def test_the_stand_in_for_close_matches_finds_what_difflib_finds(word: str, known: list[str], cutoff: float) -> None:
    assert start._get_close_matches(word, known, 3, cutoff) == difflib.get_close_matches(word, known, 3, cutoff)


def test_threads_that_want_a_deferred_module_at_once_get_the_same_one() -> None:
    script = """
import sys, threading
from envcensus.cli import start
sys.setswitchinterval(1e-6)
for name in ("colorsys", "calendar", "smtplib", "imaplib", "netrc"):
    sys.modules.pop(name, None)
    start.defer(name)
    stub = sys.modules[name]
    barrier, found = threading.Barrier(8), []
    def look():
        barrier.wait()
        try:
            stub.no_such_thing
        except AttributeError:
            found.append(sys.modules[name])
    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert len(found) == 8 and len(set(map(id, found))) == 1, (name, found)
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True)
