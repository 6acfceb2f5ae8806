"""Projects are asked for at one index or several, and each gets one honest answer."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest

from envcensus import __version__
from envcensus.index.client import Fetched, IndexClient, Want
from envcensus.index.entry import Validator
from tests.support.scripted_server import Reply, Request, ScriptedServer

Connect = Callable[..., IndexClient]
LONG = 60.0  # seconds: no test waits for it
PAGE = {"Content-Type": "application/vnd.pypi.simple.v1+json"}


def ask(client: IndexClient, name: str = "spam", **known: object) -> Fetched:
    (answer,) = client.fetch([Want(name, **known)])  # type: ignore[arg-type]
    return answer


def test_a_page_is_found(server: ScriptedServer, connect: Connect) -> None:
    server.routes["/simple/spam/"] = Reply(body=b"page", headers=PAGE)
    answer = ask(connect(server.url + "/simple/"))
    assert (answer.outcome, answer.record, answer.requests, answer.received) == ("found", b"page", 1, 4)
    (request,) = server.requests
    assert request.headers["user-agent"] == f"envcensus/{__version__}"
    assert request.headers["accept-encoding"] == "gzip"
    assert request.headers["accept"].startswith("application/vnd.pypi.simple.v1+json,")


def test_a_compressed_page_is_inflated(server: ScriptedServer, connect: Connect) -> None:
    body = gzip.compress(b"page " * 1000)
    server.routes["/spam/"] = Reply(body=body, headers={**PAGE, "Content-Encoding": "gzip"})
    answer = ask(connect(server.url))
    assert (answer.record, answer.received) == (b"page " * 1000, len(body))


@pytest.mark.parametrize("status", [404, 410])
def test_an_unknown_project_is_not_found(server: ScriptedServer, connect: Connect, status: int) -> None:
    server.routes["/spam/"] = Reply(status)
    assert ask(connect(server.url)).outcome == "not-found"


@pytest.mark.parametrize("status", [400, 401, 403, 418, 451])
def test_any_other_status_is_a_failure(server: ScriptedServer, connect: Connect, status: int) -> None:
    server.routes["/spam/"] = Reply(status)
    answer = ask(connect(server.url, keyring_provider="disabled"))
    assert answer.outcome == "failed"
    assert str(status) in answer.reason
    assert answer.requests == 1


def test_a_name_is_asked_for_once(server: ScriptedServer, connect: Connect) -> None:
    server.routes["*"] = Reply(body=b"page", headers=PAGE)
    answers = connect(server.url).fetch([Want("spam"), Want("eggs"), Want("spam")])
    assert [a.name for a in answers] == ["spam", "eggs"]
    assert sorted(server.paths()) == ["/eggs/", "/spam/"]


def test_connections_are_bounded_and_reused_across_batches(server: ScriptedServer, connect: Connect) -> None:
    server.routes["*"] = Reply(body=b"page", headers=PAGE, delay=0.01)
    client = connect(server.url, concurrency=5)
    for batch in range(3):
        assert len(client.fetch([Want(f"p{batch}-{i}") for i in range(20)])) == 20
    assert server.most_at_once == 5
    assert server.connections == 5


def test_answers_stream_as_they_arrive(server: ScriptedServer, connect: Connect) -> None:
    server.routes["/slow/"] = Reply(body=b"slow", headers=PAGE, delay=LONG)
    server.routes["/fast/"] = Reply(body=b"fast", headers=PAGE)
    answers = connect(server.url, timeout=LONG).stream([Want("slow"), Want("fast")])
    assert next(answers).name == "fast"


def test_work_is_done_while_the_first_answers_are_awaited(server: ScriptedServer, connect: Connect) -> None:
    server.routes["*"] = Reply(body=b"page", headers=PAGE, delay=0.5)
    order: list[str] = []
    for answer in connect(server.url).stream([Want("eggs"), Want("spam")], lambda: order.append("work")):
        order.append(answer.name)
    assert order[0] == "work", "before any answer, and once"
    assert sorted(order[1:]) == ["eggs", "spam"]


def test_what_the_work_raises_is_raised(server: ScriptedServer, connect: Connect) -> None:
    server.routes["*"] = Reply(body=b"page", headers=PAGE)
    client = connect(server.url)

    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(client.stream([Want("spam")], fail))
    assert ask(client, "eggs").outcome == "found", "the client can still be used"


def test_progress_sees_every_answer(server: ScriptedServer, connect: Connect) -> None:
    seen: list[str] = []
    connect(server.url).fetch([Want(n) for n in "abc"], progress=lambda a: seen.append(a.name))
    assert sorted(seen) == ["a", "b", "c"]


def test_pages_of_several_indexes_come_in_their_order(server: ScriptedServer, connect: Connect) -> None:
    server.routes["/one/spam/"] = Reply(body=b"one", headers=PAGE, delay=0.1)
    server.routes["/three/spam/"] = Reply(body=b"three", headers=PAGE)
    answer = ask(connect(*(f"{server.url}/{n}" for n in ("one", "two", "three"))))
    assert (answer.outcome, answer.record, answer.requests) == ("found", b"one|three", 3)


def test_a_failing_index_is_not_passed_over(server: ScriptedServer, connect: Connect) -> None:
    server.routes["/one/spam/"] = Reply(body=b"one", headers=PAGE)
    server.routes["/two/spam/"] = Reply(403)
    answer = ask(connect(f"{server.url}/one", f"{server.url}/two"))
    assert (answer.outcome, answer.record) == ("failed", b"")


def test_first_match_asks_no_further(server: ScriptedServer, connect: Connect) -> None:
    server.routes["/two/spam/"] = Reply(body=b"two", headers=PAGE)
    server.routes["/three/spam/"] = Reply(403)
    answer = ask(connect(*(f"{server.url}/{n}" for n in ("one", "two", "three")), index_strategy="first-match"))
    assert answer.record == b"two"
    assert server.paths() == ["/one/spam/", "/two/spam/"]


def conditional(request: Request) -> Reply:
    if request.headers.get("if-none-match") == '"1"':
        return Reply(304, headers={"ETag": '"1"', "Cache-Control": "max-age=60"})
    return Reply(body=b"page", headers={**PAGE, "ETag": '"1"', "Cache-Control": "max-age=60"})


def test_a_known_page_is_revalidated(server: ScriptedServer, connect: Connect) -> None:
    server.routes["/spam/"] = conditional
    client = connect(server.url)
    first = ask(client)
    assert first.validators == (Validator(server.url, '"1"'),)
    again = ask(client, validators=first.validators, stamp=first.stamp)
    assert (again.outcome, again.record, again.validators) == ("not-modified", b"", first.validators)
    assert again.expires == pytest.approx(again.fetched + 60, abs=1)


def test_last_modified_is_the_second_choice(server: ScriptedServer, connect: Connect) -> None:
    date = "Sun, 06 Nov 1994 08:49:37 GMT"
    server.routes["/spam/"] = [Reply(body=b"page", headers={**PAGE, "Last-Modified": date}), Reply(304)]
    client = connect(server.url)
    first = ask(client)
    again = ask(client, validators=first.validators)
    assert server.requests[1].headers["if-modified-since"] == date
    assert (again.outcome, again.validators) == ("not-modified", first.validators)


def test_one_changed_index_brings_all_pages_again(server: ScriptedServer, connect: Connect) -> None:
    server.routes["/one/spam/"] = conditional
    server.routes["/two/spam/"] = [
        Reply(body=b"old", headers={**PAGE, "ETag": '"a"'}),
        Reply(body=b"new", headers=PAGE),
    ]
    client = connect(f"{server.url}/one", f"{server.url}/two")
    first = ask(client)
    assert first.record == b"page|old"
    assert ask(client, validators=first.validators).record == b"page|new"


def test_a_project_gone_from_one_index_is_noticed(server: ScriptedServer, connect: Connect) -> None:
    server.routes["/one/spam/"] = conditional
    server.routes["/two/spam/"] = [Reply(body=b"old", headers={**PAGE, "ETag": '"a"'}), Reply(404)]
    client = connect(f"{server.url}/one", f"{server.url}/two")
    first = ask(client)
    answer = ask(client, validators=first.validators)
    assert (answer.outcome, answer.record) == ("found", b"page")


def test_an_unasked_304_is_a_failure(server: ScriptedServer, connect: Connect) -> None:
    server.routes["/spam/"] = Reply(304)
    assert ask(connect(server.url)).outcome == "failed"


def test_negative_answers_live_shorter(server: ScriptedServer, connect: Connect) -> None:
    server.routes["/spam/"] = Reply(404, headers={"Cache-Control": "max-age=86400"})
    answer = ask(connect(server.url))
    assert answer.expires - answer.fetched == pytest.approx(300, abs=1)


def test_plain_http_elsewhere_is_not_asked(connect: Connect) -> None:
    answer = ask(connect("http://index.example.com/simple"))
    assert (answer.outcome, answer.requests) == ("failed", 0)


def test_entries_keep_what_the_next_run_needs(server: ScriptedServer, connect: Connect) -> None:
    server.routes["/spam/"] = conditional
    client = connect(server.url)
    entry = ask(client).entry()
    assert (entry.outcome, entry.validators) == ("found", (Validator(server.url, '"1"'),))
    failed = ask(connect(f"{server.url}/none", keyring_provider="disabled"), "spam")
    assert failed.entry().outcome == "not-found"
    server.routes["*"] = Reply(403)
    with pytest.raises(ValueError, match="not kept"):
        ask(client, "eggs").entry()


def test_answers_that_are_there_do_not_wait_for_a_slow_one(server: ScriptedServer, connect: Connect) -> None:
    server.routes["*"] = Reply(body=b"page", headers=PAGE)
    server.routes["/slow/"] = Reply(body=b"page", headers=PAGE, delay=LONG)
    quick = [f"quick-{n}" for n in range(20)]
    answers = connect(server.url, timeout=LONG).stream([Want("slow"), *map(Want, quick)])
    assert sorted(next(answers).name for _ in quick) == sorted(quick)
