"""Credentials go to the origin they belong to and nowhere else, and no output ever holds one."""

from __future__ import annotations

import base64
import contextlib
import io
import os
import traceback
from pathlib import Path

import pytest

from envcensus.errors import IndexConfigError
from envcensus.index.client import IndexClient, Want
from envcensus.index.config import IndexConfig
from tests.support.command import Command
from tests.support.keyring_program import install_keyring
from tests.support.net import BOUND, GOOD, JSON, ask, server
from tests.support.scripted_server import Reply, Request, ScriptedServer
from tests.support.site import install, make_venv

__all__ = ["server"]
pytestmark = pytest.mark.timeout(BOUND)

SECRET = "s3cr3t"
TOLD = f'printf \'{{"username": "me", "password": "{SECRET}"}}\''  # by a keyring
PAGE = Reply(body=GOOD.replace(b"good", b"spam"), headers=JSON)
BASIC = "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()


def with_credentials(url: str) -> str:
    return url.replace("//", f"//me:{SECRET}@")


def sent(server: ScriptedServer) -> list[str | None]:
    return [request.headers.get("authorization") for request in server.requests]


def needs_login(request: Request) -> Reply:
    return PAGE if request.headers.get("authorization") == BASIC else Reply(401)


def test_credentials_of_the_index_url(server: ScriptedServer) -> None:
    server.routes["*"] = needs_login
    assert ask(with_credentials(server.url), "spam")["spam"].outcome == "found"
    assert all(SECRET not in request.path for request in server.requests)
    assert ask(server.url, "spam")["spam"].outcome == "failed"


def test_credentials_of_netrc(server: ScriptedServer, tmp_path: Path) -> None:
    server.routes["*"] = needs_login
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login me password {SECRET}\n")
    assert ask(server.url, "spam", netrc=str(netrc))["spam"].outcome == "found"
    netrc.write_text(f"machine example.com login me password {SECRET}\n")
    assert ask(server.url, "spam", netrc=str(netrc))["spam"].outcome == "failed"
    netrc.write_text(f"machine 127.0.0.1 login me passwort {SECRET}\n")
    answers = ask(server.url, "spam", netrc=str(netrc))
    assert answers["spam"].outcome == "failed"
    assert SECRET not in str(answers)


def test_the_url_beats_netrc(server: ScriptedServer, tmp_path: Path) -> None:
    server.routes["*"] = needs_login
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    assert ask(with_credentials(server.url), "spam", netrc=str(netrc))["spam"].outcome == "found"


def test_the_keyring_is_asked_after_a_401(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.routes["*"] = needs_login
    server.routes["/good/"] = needs_login
    install_keyring(tmp_path, f'echo "$@" >> {tmp_path}/calls\n{TOLD}', monkeypatch)
    answers = ask(server.url, "spam", keyring_provider="subprocess", concurrency=1)
    assert {a.outcome for a in answers.values()} == {"found"}
    assert len((tmp_path / "calls").read_text().splitlines()) == 1, "once for each origin"
    assert sent(server) == [None, BASIC, BASIC]


def test_a_user_without_a_password_may_be_forbidden_before_the_keyring_is_asked(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pypiserver answers 401 to nobody, and 403 to somebody whose password is wrong."""

    def answer(request: Request) -> Reply:
        given = request.headers.get("authorization")
        return needs_login(request) if given in (None, BASIC) else Reply(403)

    server.routes["*"] = server.routes["/good/"] = answer
    install_keyring(tmp_path, f'echo "$5" >> {tmp_path}/calls\n{TOLD}', monkeypatch)
    answers = ask(server.url.replace("//", "//me@"), "spam", keyring_provider="subprocess")
    assert {a.outcome for a in answers.values()} == {"found"}
    assert (tmp_path / "calls").read_text() == "me\n", "once"
    # A password that is refused is no reason to ask: the user gave it.
    answers = ask(server.url.replace("//", "//me:wrong@"), "spam", keyring_provider="subprocess")
    assert {a.outcome for a in answers.values()} == {"failed"}
    assert (tmp_path / "calls").read_text() == "me\n"


def test_the_keyring_module_is_asked_too(server: ScriptedServer, tmp_path: Path) -> None:
    """In a process of its own, where a module of that name can be put in the way."""
    server.routes["*"] = needs_login
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "keyring.py").write_text(
        "import types\n"
        "def get_credential(service, user):\n"
        f"    open({str(tmp_path / 'calls')!r}, 'a').write(f'{{service}} {{user}}\\n')\n"
        "    if service.startswith('http'):\n"
        "        raise RuntimeError('locked')\n"
        f"    return types.SimpleNamespace(username='me', password={SECRET!r})\n"
    )
    install(make_venv(tmp_path / "env"), "spam", "0.1")
    command = Command(tmp_path, server.url)
    path = os.pathsep.join(filter(None, (str(tmp_path / "modules"), os.environ.get("PYTHONPATH"))))
    command.environ |= {"PYTHONPATH": path, "PIP_KEYRING_PROVIDER": "import"}
    done = command.run("outdated", str(tmp_path / "env"))
    assert "1 outdated" in done.stdout
    assert sent(server) == [None, BASIC]
    asked = server.url.removeprefix("http://")
    assert (tmp_path / "calls").read_text().splitlines() == [f"http://{asked}/ None", f"{asked} None"]
    assert SECRET not in done.stdout + done.stderr


def test_the_keyring_is_asked_for_the_index_as_pip_asks(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the index that the address belongs to, with its last slash, then for the host."""
    from pip._internal.network import auth
    from pip._internal.network.session import PipSession

    install_keyring(tmp_path, f'echo "$4" "$5" >> {tmp_path}/calls\nexit 1', monkeypatch)
    server.routes["*"] = Reply(401)
    asked = []
    for index in ("/root/dev/+simple", "/root/dev/+simple/"):
        for user in ("", "me@"):
            url = server.url.replace("//", f"//{user}") + index
            ask(url, "good", keyring_provider="subprocess", concurrency=1)
            ours = (tmp_path / "calls").read_text()
            (tmp_path / "calls").unlink()
            auth.get_keyring_provider.cache_clear()
            with PipSession(index_urls=[url], retries=0) as session:
                session.auth.keyring_provider = "subprocess"
                session.auth.prompting = False
                assert session.get(f"{url.rstrip('/')}/good/").status_code == 401
            assert ours == (tmp_path / "calls").read_text()
            (tmp_path / "calls").unlink()
            asked.append(ours.splitlines())
    host = server.url.removeprefix("http://")
    assert asked[0] == [f"{server.url}/root/dev/+simple/ ", f"{host} "]
    assert asked[1] == [f"{server.url}/root/dev/+simple/ me", f"{host} me"]


def test_a_redirect_to_another_origin_gets_no_credentials(server: ScriptedServer) -> None:
    with ScriptedServer() as other:
        other.routes["*"] = PAGE
        server.routes["/spam/"] = Reply(302, headers={"Location": f"{other.url}/spam/"})
        assert ask(with_credentials(server.url), "spam")["spam"].outcome == "found"
        assert sent(other) == [None]
        assert set(sent(server)) == {BASIC}
        assert "cookie" not in other.requests[0].headers
        assert "referer" not in other.requests[0].headers


def test_a_redirect_back_gets_them_again(server: ScriptedServer) -> None:
    with ScriptedServer() as other:
        other.routes["*"] = Reply(302, headers={"Location": f"{server.url}/home/spam/"})
        server.routes["/spam/"] = Reply(302, headers={"Location": f"{other.url}/spam/"})
        server.routes["/home/spam/"] = needs_login
        assert ask(with_credentials(server.url), "spam")["spam"].outcome == "found"
        assert sent(other) == [None]


def test_each_index_gets_its_own(server: ScriptedServer) -> None:
    with ScriptedServer() as other:
        other.routes["*"] = Reply(404)
        server.routes["/spam/"] = needs_login
        answers = ask([with_credentials(server.url), other.url.replace("//", "//you:other@")], "spam")
        assert answers["spam"].outcome == "found"
        assert set(sent(server)) == {BASIC}
        assert BASIC not in sent(other)


def test_credentials_in_a_location_hold_for_that_request(server: ScriptedServer) -> None:
    with ScriptedServer() as other:
        other.routes["/spam/"] = needs_login
        other.routes["/good/"] = PAGE
        server.routes["/spam/"] = Reply(302, headers={"Location": with_credentials(f"{other.url}/spam/")})
        server.routes["/good/"] = Reply(302, headers={"Location": f"{other.url}/good/"})
        answers = ask(server.url, "spam", concurrency=1)
        assert {a.outcome for a in answers.values()} == {"found"}
        assert sent(other) == [BASIC, None]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(401),
        Reply(403),
        Reply(500),
        Reply(302, headers={"Location": f"ftp://me:{SECRET}@example.com/"}),
        Reply(302, headers={"Location": f"http://me:{SECRET}@127.0.0.1:1/"}),
        Reply(302, headers={"Location": f"http://127.0.0.1:1/?token={SECRET}"}),
        Reply(302, headers={"Location": f"http://me:{SECRET}@[::1"}),
        Reply(body=SECRET.encode(), headers=JSON),
        Reply(body=SECRET.encode(), headers={"Content-Type": "text/plain"}),
        Reply(raw=f"HTTP/1.1 {SECRET}\r\n\r\n".encode()),
        Reply(body=b"x", length=100, headers=JSON, close=True),
    ],
)
def test_no_reason_holds_a_secret(server: ScriptedServer, reply: Reply) -> None:
    server.routes["/spam/"] = reply
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        answers = ask(with_credentials(f"{server.url}"), "spam")
    assert answers["spam"].outcome == "failed"
    assert SECRET not in f"{answers} {output.getvalue()}"
    assert base64.b64encode(SECRET.encode()).decode().rstrip("=") not in f"{answers}"


def test_errors_of_the_configuration_hold_no_secret() -> None:
    config = IndexConfig(index_urls=(f"https://me:{SECRET}@127.0.0.1:1",), cert="/nowhere/ca.pem")
    with IndexClient(config) as client, pytest.raises(IndexConfigError, match="/nowhere/ca") as caught:
        client.fetch([Want("spam")])
    assert SECRET not in "".join(traceback.format_exception(caught.value)) + repr(config)


def test_entries_and_keys_hold_no_secret(server: ScriptedServer) -> None:
    from envcensus.index.entry import pack_entry

    server.routes["*"] = Reply(body=PAGE.body, headers={**JSON, "ETag": '"1"'})
    url = with_credentials(server.url)
    answer = ask(url, "spam")["spam"]
    kept = pack_entry(answer.entry()) + answer.record + answer.files
    assert SECRET.encode() not in kept
    assert SECRET not in IndexConfig(index_urls=(url,)).cache_key()
