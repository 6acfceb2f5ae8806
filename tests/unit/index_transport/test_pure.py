"""Retry, circuit, redirects, freshness, bodies, entries: decisions without sockets and clocks."""

from __future__ import annotations

import gzip
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envcensus.index import freshness
from envcensus.index.circuit import PATIENCE, PROBE_DELAYS, THRESHOLD, Circuit, State
from envcensus.index.entry import Entry, Validator, glance, is_fresh, pack_entry, unpack_entry
from envcensus.index.inflate import FREE_BYTES, BodyError, TruncatedBody, inflate
from envcensus.index.redirects import MOST_HOPS, Refused, next_hop
from envcensus.index.retry import LONGEST_RETRY_AFTER, next_wait, parse_retry_after

NOW = 1_700_000_000.0
DATE = "Tue, 14 Nov 2023 22:13:20 GMT"  # the same moment


# -- retry


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("", None), ("7", 7.0), (" 0 ", 0.0), ("-1", None), ("1.5", None), ("soon", None), ("٣", None), (DATE, 0.0)],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds


def test_retry_after_dates_in_all_three_forms() -> None:
    for text in ("Tue, 14 Nov 2023 22:13:20 GMT", "Tuesday, 14-Nov-23 22:13:20 GMT", "Tue Nov 14 22:13:20 2023"):
        assert parse_retry_after(text, NOW - 30) == 30.0


def test_backoff_grows_jitters_and_ends() -> None:
    longest = [next_wait(n, 5, 100.0, None, lambda: 0.999) for n in range(1, 7)]
    assert [w and round(w.seconds, 1) for w in longest] == [0.5, 1.0, 2.0, 4.0, 8.0, None]
    assert next_wait(3, 5, 100.0, None, lambda: 0.0) is not None
    assert next_wait(1, 0, 100.0, None, random.random) is None


def test_the_server_decides_the_pause_for_all() -> None:
    wait = next_wait(1, 5, 100.0, 7.0, lambda: 0.0)
    assert wait is not None
    assert (wait.seconds, wait.whole_host) == (7.0, True)
    assert next_wait(1, 5, 5.0, 7.0, lambda: 0.0) is None, "longer than the time that is left"
    assert next_wait(1, 5, 1e6, LONGEST_RETRY_AFTER + 1, lambda: 0.0) is None


# -- circuit


def opened(now: float = 0.0) -> Circuit:
    circuit = Circuit()
    for _ in range(THRESHOLD):
        assert circuit.admit(now) == 0.0
        circuit.failure(now, "refused")
    return circuit


def test_a_success_between_failures_keeps_the_circuit_closed() -> None:
    circuit = Circuit()
    for _ in range(10 * THRESHOLD):
        for _ in range(THRESHOLD - 1):
            circuit.failure(0.0, "refused")
        circuit.success()
    assert circuit.state is State.CLOSED


def test_an_open_circuit_lets_single_probes_through_and_gives_up() -> None:
    circuit, now = opened(), 0.0
    for delay in PROBE_DELAYS:
        assert circuit.admit(now) == pytest.approx(delay)
        now += delay
        assert circuit.admit(now) == 0.0
        assert (circuit.admit(now) or 0.0) > 0.0, "one probe at a time"
        circuit.failure(now, "refused")
    assert circuit.admit(now + 1000) is None
    assert circuit.reason == "refused"


def test_a_probe_that_succeeds_closes_the_circuit() -> None:
    circuit = opened()
    assert circuit.admit(PROBE_DELAYS[0]) == 0.0
    circuit.success()
    assert circuit.admit(PROBE_DELAYS[0]) == 0.0
    assert circuit.state is State.CLOSED


def test_slow_probes_use_up_the_patience() -> None:
    circuit = opened()
    circuit.admit(PROBE_DELAYS[0])
    circuit.failure(PATIENCE + 1, "timed out")
    assert circuit.state is State.DEAD


def test_an_abandoned_probe_frees_the_way() -> None:
    circuit = opened()
    assert circuit.admit(1.0) == 0.0
    circuit.abandon(1.0)
    assert circuit.admit(1.0) == 0.0


# -- redirects


@pytest.mark.parametrize(
    ("url", "location", "target"),
    [
        ("https://a.example.com/simple/Spam", "/simple/spam/", "https://a.example.com/simple/spam/"),
        ("https://a.example.com/simple/spam", "spam/", "https://a.example.com/simple/spam/"),
        ("https://a.example.com/x", "//b.example.com/y#z", "https://b.example.com/y"),
        ("http://a.example.com/x", "https://a.example.com/x", "https://a.example.com/x"),
        ("http://a.example.com/x", "http://a.example.com:81/x", "http://a.example.com:81/x"),
    ],
)
def test_redirects_that_are_followed(url: str, location: str, target: str) -> None:
    assert next_hop(url, location, [url]) == target


@pytest.mark.parametrize(
    "location",
    [
        "",
        "http://a.example.com/x",
        "file:///etc/passwd",
        "ftp://a.example.com/",
        "javascript:alert(1)",
        "https://",
        "https://a.example.com:port/",
        "https://[::1/",
        "https://a.example.com/\r\nX: y",
        "https://a.example.com/\tx",
        "https://a.example.com/start",
    ],
)
def test_redirects_that_are_refused(location: str) -> None:
    url = "https://a.example.com/start"
    hop = next_hop(url, location, [url])
    assert isinstance(hop, Refused)
    assert "example.com" not in hop.reason


def test_the_number_of_hops_is_bounded() -> None:
    seen = [f"https://a.example.com/{n}" for n in range(MOST_HOPS + 1)]
    assert isinstance(next_hop(seen[-1], "/more", seen), Refused)


# -- freshness


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, freshness.DEFAULT_SECONDS),
        ({"Cache-Control": "max-age=60"}, 60),
        ({"Cache-Control": "public, Max-Age=60, max-age=5"}, 60),
        ({"Cache-Control": "max-age=60", "Age": "45"}, 15),
        ({"Cache-Control": "max-age=60", "Age": "100"}, 0),
        ({"Cache-Control": "max-age=60, no-cache"}, 0),
        ({"Cache-Control": "no-store"}, 0),
        ({"Cache-Control": 'max-age="60"'}, 60),
        ({"Cache-Control": "max-age=-1"}, freshness.DEFAULT_SECONDS),
        ({"Cache-Control": "max-age=99999999999999"}, freshness.LONGEST_SECONDS),
        ({"Expires": DATE, "Date": "Tue, 14 Nov 2023 22:12:20 GMT"}, 60),
        ({"Expires": "0"}, 0),
        ({"Expires": DATE, "Cache-Control": "max-age=7"}, 7),
    ],
)
def test_lifetimes(headers: dict[str, str], seconds: float) -> None:
    assert freshness.lifetime(headers, NOW) == seconds


def test_stale_answers_have_an_end() -> None:
    assert freshness.grace({"Cache-Control": "max-age=60, stale-if-error=30"}) == 30.0
    assert freshness.grace({"Cache-Control": "max-age=60, stale-if-error=9999999"}) == freshness.LONGEST_SECONDS
    assert freshness.grace({"Cache-Control": "max-age=0"}) == freshness.STALE_IF_ERROR_SECONDS
    for forbidding in ("no-store", "no-cache", "must-revalidate"):
        assert freshness.grace({"Cache-Control": f"{forbidding}, stale-if-error=30"}) == 0.0


@given(st.dictionaries(st.sampled_from(["Cache-Control", "Age", "Expires", "Date"]), st.text(max_size=40)))
def test_headers_of_any_kind_give_a_bounded_lifetime(headers: dict[str, str]) -> None:
    assert 0 <= freshness.lifetime(headers, NOW) <= freshness.LONGEST_SECONDS
    assert (parse_retry_after(headers.get("Age", ""), NOW) or 0) >= 0


# -- bodies


@given(st.lists(st.binary(max_size=2000), min_size=1, max_size=4))
def test_gzip_in_one_member_or_several(parts: list[bytes]) -> None:
    assert inflate(b"".join(map(gzip.compress, parts)), "gzip", 1 << 20) == b"".join(parts)


def test_a_bomb_is_refused_before_it_is_whole() -> None:
    bomb = gzip.compress(b"\0" * (64 << 20))
    with pytest.raises(BodyError, match="bomb"):
        inflate(bomb, "gzip", 100 << 20)


def test_small_bodies_may_have_any_ratio() -> None:
    plain = b"a" * FREE_BYTES
    assert inflate(gzip.compress(plain), "x-gzip", FREE_BYTES) == plain


@pytest.mark.parametrize("encoding", ["", "identity", "gzip"])
def test_the_cap_holds_for_every_encoding(encoding: str) -> None:
    plain = b"a" * 101
    body = gzip.compress(plain) if encoding == "gzip" else plain
    assert inflate(body, encoding, 101) == plain
    with pytest.raises(BodyError):
        inflate(body, encoding, 100)


@given(st.integers(0, 30))
def test_a_cut_stream_is_told_from_a_broken_one(cut: int) -> None:
    body = gzip.compress(b"page")
    with pytest.raises(TruncatedBody):
        inflate(body[: min(cut, len(body) - 1)], "gzip", 1000)


@pytest.mark.parametrize(("body", "encoding"), [(b"no gzip", "gzip"), (b"", "br"), (b"x", "zstd"), (b"x", "deflate")])
def test_other_encodings_are_refused(body: bytes, encoding: str) -> None:
    with pytest.raises(BodyError):
        inflate(body, encoding, 1000)


# -- cached entries


@pytest.mark.parametrize("max_age", [None, 60.0])
def test_an_answer_is_fresh_until_it_expires(max_age: float | None) -> None:
    expires = NOW + (60 if max_age is None else 999)
    assert is_fresh(NOW, expires, now=NOW + 59, max_age=max_age)
    assert not is_fresh(NOW, expires, now=NOW + 60, max_age=max_age)


def test_an_answer_from_the_future_is_not_fresh() -> None:
    assert not is_fresh(NOW + 3600, NOW + 9999, now=NOW, max_age=None), "the clock was set back: it could be of any age"
    assert is_fresh(NOW + 100, NOW + 9999, now=NOW, max_age=None), "a small step is not worth a request"


texts = st.text(st.characters(codec="ascii", min_codepoint=32), max_size=60)
validators = st.builds(Validator, texts, texts.filter(bool), texts)
moments = st.floats(0, 1e11)
entries = st.builds(
    Entry,
    st.sampled_from(["found", "not-found"]),
    moments,
    moments,
    moments,
    st.binary(min_size=8, max_size=8),
    st.lists(validators, max_size=3).map(tuple),
)


@given(entries, st.binary(max_size=50))
def test_entries_survive_packing(entry: Entry, record: bytes) -> None:
    unpacked, offset = unpack_entry(pack_entry(entry) + record)
    assert unpacked == entry
    assert (pack_entry(entry) + record)[offset:] == record
    times = (entry.fetched, entry.expires)
    flags = (entry.outcome == "found", entry.files, bool(entry.notes))
    assert glance(pack_entry(entry) + record) == (*flags, *times, entry.stamp, offset)


@given(st.binary(max_size=200))
def test_garbage_is_no_entry(data: bytes) -> None:
    try:
        entry, offset = unpack_entry(data)
    except ValueError:
        with pytest.raises(ValueError, match="entry"):
            glance(data)
        return
    assert offset <= len(data)
    assert glance(data)[-1] == offset
    assert entry.outcome in ("found", "not-found")


def test_failures_are_not_kept() -> None:
    with pytest.raises(ValueError, match="kept"):
        pack_entry(Entry("failed", 0, 0, 0))
