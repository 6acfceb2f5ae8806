"""Indexes that disagree, yank, quarantine or leave things out."""

from __future__ import annotations

import json

import pytest

from envcensus._kernels import page
from envcensus.index.client import Fetched
from tests.support.net import BOUND, JSON, ask, server
from tests.support.scripted_server import Reply, ScriptedServer

__all__ = ["server"]
pytestmark = pytest.mark.timeout(BOUND)

TARGET = page.Target(python="3.12.1", tags=["py3-none-any"])


def spam(*files: dict[str, object], **more: object) -> Reply:
    entries = [{"hashes": {}, "url": f["filename"], **f} for f in files]
    body = {"meta": {"api-version": "1.4"}, "name": "spam", "files": entries, **more}
    return Reply(body=json.dumps(body).encode(), headers=JSON)


def wheel(version: str, **more: object) -> dict[str, object]:
    return {"filename": f"spam-{version}-py3-none-any.whl", **more}


def latest(answer: Fetched) -> str | None:
    assert answer.outcome == "found"
    found = page.latest(answer.record, TARGET, "spam")
    return found[0] if found else None


@pytest.mark.parametrize("reverse", [False, True])
def test_the_newest_of_two_indexes_wins(server: ScriptedServer, reverse: bool) -> None:
    server.routes["/one/spam/"] = spam(wheel("1.0"), wheel("3.0"))
    server.routes["/two/spam/"] = spam(wheel("2.0"))
    indexes = [f"{server.url}/one", f"{server.url}/two"]
    assert latest(ask(indexes[::-1] if reverse else indexes, "spam")["spam"]) == "3.0"


def test_first_match_takes_one_index(server: ScriptedServer) -> None:
    server.routes["/one/spam/"] = spam(wheel("1.0"))
    server.routes["/two/spam/"] = spam(wheel("2.0"))
    answers = ask(
        [f"{server.url}/none", f"{server.url}/one", f"{server.url}/two"], "spam", index_strategy="first-match"
    )
    assert latest(answers["spam"]) == "1.0"


def test_one_file_with_two_hashes_is_noted(server: ScriptedServer) -> None:
    server.routes["/one/spam/"] = spam(wheel("1.0", hashes={"sha256": "1" * 64}))
    server.routes["/two/spam/"] = spam(wheel("1.0", hashes={"sha256": "2" * 64}))
    answer = ask([f"{server.url}/one", f"{server.url}/two"], "spam")["spam"]
    assert any("other contents" in note for note in answer.notes)


@pytest.mark.parametrize(
    "reply", [Reply(500), Reply(403), Reply(body=b"?", headers=JSON)], ids=["500", "403", "garbage"]
)
def test_one_broken_index_of_two_is_not_hidden(server: ScriptedServer, reply: Reply) -> None:
    server.routes["/one/spam/"] = spam(wheel("1.0"))
    server.routes["/two/spam/"] = reply
    assert ask([f"{server.url}/one", f"{server.url}/two"], "spam")["spam"].outcome == "failed"


def test_all_files_yanked(server: ScriptedServer) -> None:
    server.routes["/spam/"] = spam(wheel("1.0", yanked=True), wheel("2.0", yanked="bad wheel"))
    assert latest(ask(server.url, "spam")["spam"]) is None


def test_a_quarantined_project(server: ScriptedServer) -> None:
    status = {"status": "quarantined", "reason": "malware"}
    server.routes["/spam/"] = spam(wheel("1.0"), **{"project-status": status})
    answer = ask(server.url, "spam")["spam"]
    assert answer.outcome == "found"
    assert page.info(answer.record).status == "quarantined"


def test_no_upload_times(server: ScriptedServer) -> None:
    server.routes["/spam/"] = spam(wheel("1.0"), wheel("2.0"))
    record = ask(server.url, "spam")["spam"].record
    found = page.latest(record, TARGET, "spam")
    assert found is not None
    assert (found[0], found[2]) == ("2.0", None)


def test_another_projects_page(server: ScriptedServer) -> None:
    """A server that answers every name with one page must not lend its versions to all."""
    server.routes["/eggs/"] = spam(wheel("9.0"))
    answer = ask(server.url, "eggs")["eggs"]
    assert answer.outcome == "failed" or page.latest(answer.record, TARGET, "eggs") is None
