"""Hosts that are dead, slow, in trouble or lead elsewhere: seconds, not hours, and an honest row."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from envcensus.index.limits import Limits
from tests.support.net import BOUND, GOOD, JSON, ask, server
from tests.support.scripted_server import Reply, Request, ScriptedServer, closed_port

__all__ = ["server"]
pytestmark = pytest.mark.timeout(BOUND)

PAGE = Reply(body=GOOD.replace(b"good", b"spam"), headers=JSON)


def redirect(location: str, status: int = 302) -> Reply:
    return Reply(status, headers={"Location": location})


# -- redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(server: ScriptedServer, status: int) -> None:
    server.routes["/spam/"] = redirect("/mirror/spam/", status)
    server.routes["/mirror/spam/"] = PAGE
    assert ask(server.url, "spam")["spam"].outcome == "found"


def test_links_are_relative_to_where_the_page_was_found(server: ScriptedServer) -> None:
    from envcensus._kernels import page
    from envcensus.model.page import File

    server.routes["/spam/"] = redirect("/deep/er/spam/")
    server.routes["/deep/er/spam/"] = PAGE
    (file,) = page.files(ask(server.url, "spam")["spam"].files, None, File)
    assert file.url == f"{server.url}/deep/er/spam/spam-1.0.tar.gz"


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("/spam/", "circle"),
        ("", "nowhere"),
        ("file:///etc/passwd", "file"),
        ("ftp://127.0.0.1/", "ftp"),
        ("data:text/html,x", "data"),
        ("http://[::1", "no URL"),
    ],
)
def test_redirects_that_are_not_followed(server: ScriptedServer, location: str, reason: str) -> None:
    server.routes["/spam/"] = redirect(location)
    answers = ask(server.url, "spam")
    assert (answers["spam"].outcome, reason in answers["spam"].reason) == ("failed", True), answers["spam"].reason
    assert answers["spam"].requests == 1
    assert answers["good"].outcome == "found"


def test_endless_redirects_end(server: ScriptedServer) -> None:
    def onward(request: Request) -> Reply:
        return PAGE if request.path == "/good/" else redirect(request.path + "x/")

    server.routes["*"] = onward
    answer = ask(server.url, "spam")["spam"]
    assert (answer.outcome, "more than" in answer.reason) == ("failed", True)
    assert answer.requests == 11


def test_a_redirect_to_another_port(server: ScriptedServer) -> None:
    with ScriptedServer() as other:
        other.routes["/spam/"] = PAGE
        server.routes["/spam/"] = redirect(f"{other.url}/spam/")
        assert ask(server.url, "spam")["spam"].outcome == "found"
        assert other.paths() == ["/spam/"]


# -- statuses


def test_trouble_that_passes_is_retried(server: ScriptedServer) -> None:
    server.routes["/spam/"] = [Reply(500), Reply(503), Reply(429, headers={"Retry-After": "0"}), Reply(502), PAGE]
    answer = ask(server.url, "spam", retries=4, limits=Limits(total=30.0))["spam"]
    assert (answer.outcome, answer.requests, answer.retries) == ("found", 5, 4)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_trouble_that_stays_is_told(server: ScriptedServer, status: int) -> None:
    server.routes["/spam/"] = Reply(status)
    answers = ask(server.url, "spam", retries=2, limits=Limits(total=30.0))
    assert (answers["spam"].outcome, answers["spam"].requests) == ("failed", 3)
    assert str(status) in answers["spam"].reason
    assert answers["good"].outcome == "found"


def test_a_pause_that_is_asked_for_holds_for_the_whole_host(server: ScriptedServer) -> None:
    import time

    times: list[float] = []

    def busy(request: Request) -> Reply:
        times.append(time.monotonic())
        return Reply(503, headers={"Retry-After": "1"}) if len(times) == 1 else PAGE

    server.routes["*"] = busy
    server.routes["/good/"] = busy
    answers = ask(server.url, *(f"p{n}" for n in range(5)), concurrency=1)
    assert {a.outcome for a in answers.values()} <= {"found", "failed"}
    assert times[1] - times[0] >= 0.99, "nobody asks before the pause is over"


def test_a_pause_longer_than_the_deadline_is_a_failure_at_once(server: ScriptedServer) -> None:
    server.routes["/spam/"] = Reply(429, headers={"Retry-After": "3600"})
    answer = ask(server.url, "spam", retries=5)["spam"]
    assert (answer.outcome, answer.requests) == ("failed", 1)


# -- dead hosts


def test_a_refusing_port_costs_few_connections(server: ScriptedServer) -> None:
    with closed_port() as port:
        names = [f"p{n}" for n in range(300)]
        answers = ask(f"http://127.0.0.1:{port}", *names, retries=5, concurrency=20)
    assert {a.outcome for a in answers.values()} == {"failed"}
    assert all("refused" in a.reason for a in answers.values())
    assert sum(a.requests for a in answers.values()) < 60, "without a circuit it would be 1,800"


def test_a_host_that_never_answers(server: ScriptedServer) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(1)  # connections are accepted by the kernel, and nothing is ever said
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        answers = ask(url, *(f"p{n}" for n in range(50)), timeout=0.3, concurrency=10)
    assert {a.outcome for a in answers.values()} == {"failed"}
    assert sum(a.requests for a in answers.values()) < 60


def test_a_server_in_trouble_for_everybody_is_given_up(server: ScriptedServer) -> None:
    server.routes["*"] = Reply(500)
    server.routes["/good/"] = Reply(500)
    answers = ask(server.url, *(f"p{n}" for n in range(300)), retries=5, concurrency=20, limits=Limits(total=30.0))
    assert {a.outcome for a in answers.values()} == {"failed"}
    assert len(server.requests) < 100


def test_a_short_outage_is_survived(server: ScriptedServer) -> None:
    count = iter(range(10_000))
    server.routes["*"] = lambda _: Reply(503) if next(count) < 11 else PAGE
    answers = ask(server.url, *(f"p{n}" for n in range(40)), retries=5, concurrency=10, limits=Limits(total=30.0))
    assert {a.outcome for a in answers.values()} == {"found"}


def test_an_unknown_host(server: ScriptedServer) -> None:
    answers = ask(["https://index.invalid/simple"], "spam")
    assert answers["spam"].outcome == "failed"
    assert "name is not known" in answers["spam"].reason


@pytest.mark.parametrize("as_setting", [True, False])
def test_a_dead_proxy(server: ScriptedServer, as_setting: bool) -> None:
    with closed_port() as port:
        proxy = f"http://me:s3cr3t@127.0.0.1:{port}"
        settings = {"proxy": proxy} if as_setting else {"environ_proxies": {"http": proxy}}
        answers = ask(server.url, "spam", **settings)
    assert (answers["spam"].outcome, "proxy" in answers["spam"].reason) == ("failed", True)
    assert "s3cr3t" not in str(answers)
    assert server.requests == []


def test_a_proxy_that_wants_other_credentials(server: ScriptedServer) -> None:
    with ScriptedServer() as proxy:
        proxy.routes["*"] = Reply(407)
        url = proxy.url.replace("//", "//me:s3cr3t@")
        answers = ask("https://index.example.com/simple", "spam", proxy=url)
        assert [request.method for request in proxy.requests][:1] == ["CONNECT"]
        assert proxy.requests[0].headers["proxy-authorization"].startswith("Basic ")
    assert answers["spam"].outcome == "failed"
    assert "s3cr3t" not in str(answers)


def test_a_working_proxy_and_no_proxy(server: ScriptedServer) -> None:
    with ScriptedServer() as proxy:
        proxy.routes["*"] = PAGE
        environ = {"http": proxy.url.replace("//", "//me:pw@")}
        assert ask(server.url, "spam", environ_proxies=environ)["spam"].outcome == "found"
        assert f"{server.url}/spam/" in proxy.paths()
        assert proxy.requests[0].headers["proxy-authorization"].startswith("Basic ")
        assert server.requests == []
        ask(server.url, "spam", environ_proxies={**environ, "no": "127.0.0.1"})
        assert "/spam/" in server.paths()
        assert "proxy-authorization" not in server.requests[0].headers


# -- TLS


class Tls:
    """An authority of our own, and servers with its certificates."""

    def __init__(self, directory: Path) -> None:
        self.trustme = pytest.importorskip("trustme", reason="trustme makes the certificates of these tests")
        self.authority = self.trustme.CA()
        self.bundle = str(directory / "ca.pem")
        self.authority.cert_pem.write_to_path(self.bundle)

    def server(self, name: str = "127.0.0.1", **options: object) -> ScriptedServer:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.authority.issue_cert(name, **options).configure_cert(context)
        if options.get("client"):
            context.verify_mode = ssl.CERT_REQUIRED
        return ScriptedServer(context)


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    return Tls(tmp_path)


def test_a_certificate_of_the_given_authority(tls: Tls) -> None:
    with tls.server() as server:
        server.routes["*"] = PAGE
        assert ask(server.url, "spam", cert=tls.bundle)["spam"].outcome == "found"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"not_after": datetime.now(UTC) - timedelta(days=1)}, "expired"),
        ({"name": "other.example.com"}, "mismatch|not valid for"),
    ],
    ids=["expired", "other name"],
)
def test_certificates_that_are_not_accepted(tls: Tls, options: dict[str, object], reason: str) -> None:
    with tls.server(**options) as server:  # type: ignore[arg-type]
        server.routes["*"] = PAGE
        answers = ask(server.url, "spam", cert=tls.bundle)
        assert answers["spam"].outcome == "failed"
        assert any(word in answers["spam"].reason for word in reason.split("|")), answers["spam"].reason
        assert server.requests == []
        host = f"127.0.0.1:{server.port}"
        assert ask(server.url, "spam", cert=tls.bundle, trusted_hosts=(host,))["spam"].outcome == "found"


def test_an_unknown_authority(tls: Tls) -> None:
    with tls.server() as server:
        server.routes["*"] = PAGE
        answers = ask(server.url, "spam")
        assert (answers["spam"].outcome, "certificate" in answers["spam"].reason) == ("failed", True)
        assert server.requests == []


def test_no_redirect_from_https_to_http(tls: Tls, server: ScriptedServer) -> None:
    with tls.server() as secure:
        secure.routes["*"] = redirect(f"{server.url}/spam/")
        answers = ask(secure.url, "spam", cert=tls.bundle)
    assert "https to http" in answers["spam"].reason
    assert server.requests == []


def test_https_spoken_to_a_plain_server(server: ScriptedServer) -> None:
    answers = ask(server.url.replace("http:", "https:"), "spam")
    assert answers["spam"].outcome == "failed"
