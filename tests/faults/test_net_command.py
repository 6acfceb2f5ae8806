"""The whole command while the network misbehaves: honest rows and exit codes, the other answers intact, no secrets."""

from __future__ import annotations

import base64
import gzip
import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Command
from tests.support.net import BOUND, GOOD, JSON
from tests.support.scripted_server import Reply, Request, ScriptedServer
from tests.support.site import install, make_venv

pytestmark = pytest.mark.timeout(BOUND)

SECRET = "s3cr3t-pa55"
BASIC = "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()
QUICK = ("--retries", "0", "--index-timeout", "5")  # in which a good answer comes on a busy machine, too
FORMATS = ("json", "jsonl", "csv", "html", "md", "prom", "xml", "sarif")


def page(name: str, *versions: str, **more: object) -> Reply:
    names = [f"{name}-{version}.tar.gz" for version in versions]
    files = [{"filename": file, "url": file, "hashes": {"sha256": "1" * 64}} for file in names]
    return Reply(
        body=json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": files, **more}).encode(),
        headers={**JSON, "Cache-Control": "max-age=600"},
    )


SPAM = page("spam", "1.0", "2.0")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        running.routes["/good/"] = Reply(body=GOOD, headers=JSON)
        yield running


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds `good` in an older version, and `spam`."""
    path = tmp_path_factory.mktemp("roots") / "env"
    site = make_venv(path)
    install(site, "good", "0.9")
    install(site, "spam", "1.0")
    return path


def packages(document: Any) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for environment in document["environments"] for row in environment["packages"]}


FAULTS = {
    "drip": Reply(body=b"x" * 100, headers=JSON, drip=(1, 60.0)),
    "silence": Reply(body=b"", length=5000, headers=JSON, delay=60.0),
    "truncated": Reply(body=SPAM.body[:50], length=5000, headers=JSON, close=True),
    "reset": Reply(body=SPAM.body, headers=JSON, reset_after=40),
    "wrong length": Reply(body=SPAM.body, length=40, headers=JSON, close=True),
    "endless": Reply(endless=b"y" * 65536, headers=JSON),
    "announced endless": Reply(body=b"z", length=10**12, headers=JSON),
    "wrong type": Reply(body=SPAM.body, headers={"Content-Type": "image/png"}),
    "login page": Reply(body=b"<html>Sign in</html>", headers=JSON),
    "gzip bomb": Reply(body=gzip.compress(b"[" * (200 << 20), 1), headers={**JSON, "Content-Encoding": "gzip"}),
    "deep JSON": Reply(body=b'{"meta":{"api-version":"1.0"},"files":' + b"[" * 100_000, headers=JSON),
    "not HTTP": Reply(raw=b"SSH-2.0-OpenSSH_9.6\r\n"),
    "redirect loop": Reply(302, headers={"Location": "/spam/"}),
    "redirect to ftp": Reply(302, headers={"Location": f"ftp://me:{SECRET}@example.com/spam/"}),
    "redirect to a file": Reply(302, headers={"Location": "file:///etc/passwd"}),
    "401": Reply(401, body=SECRET.encode()),
    "403": Reply(403, body=SECRET.encode()),
    "429": Reply(429, headers={"Retry-After": "3600"}),
    "500": Reply(500, body=SECRET.encode()),
    "503": Reply(503),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_fails_its_own_row_alone(server: ScriptedServer, environment: Path, tmp_path: Path, fault: str) -> None:
    server.routes["/spam/"] = FAULTS[fault]
    command = Command(tmp_path, server.url.replace("//", f"//me:{SECRET}@"))
    done = command.run("outdated", str(environment), *QUICK, "-o", str(tmp_path / "report.json"), check=4)
    rows = packages(json.loads((tmp_path / "report.json").read_text()))
    assert (rows["spam"]["state"], rows["good"]["state"]) == ("failed", "outdated")
    assert rows["good"]["latest_version"] == "1.0"
    reason = rows["spam"]["reason"]
    assert reason
    assert "\n" not in reason
    assert [line for line in done.stdout.splitlines() if "could not be looked up:" in line] == [
        f"error: 1 package could not be looked up: {reason} (spam)"
    ]
    assert "1 package could not be looked up" in done.stdout.splitlines()[-1]
    no_secret_in(tmp_path, done.stdout, done.stderr)


def test_pips_shape_says_it_on_standard_error(server: ScriptedServer, environment: Path, tmp_path: Path) -> None:
    server.routes["/spam/"] = Reply(500)
    done = Command(tmp_path, server.url).run("list", "--outdated", str(environment), *QUICK, check=4)
    assert "good" in done.stdout
    assert "spam" not in done.stdout
    assert done.stderr.count("\n") == 1
    assert "spam: http://127.0.0.1" in done.stderr
    assert "answered 500" in done.stderr


def test_a_dead_index_is_one_line_for_all(environment: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:  # bound and not listening: refused at once
        taken.bind(("127.0.0.1", 0))
        command = Command(tmp_path, f"http://me:{SECRET}@127.0.0.1:{taken.getsockname()[1]}")
        done = command.run("outdated", str(environment), *QUICK, check=4)
    errors = [line for line in done.stdout.splitlines() if line.startswith("error:")]
    assert len(errors) == 1
    assert "2 packages could not be looked up" in errors[0]
    no_secret_in(tmp_path, done.stdout, done.stderr)


def test_a_name_that_nobody_knows(environment: Path, tmp_path: Path) -> None:
    command = Command(tmp_path, f"https://me:{SECRET}@index.invalid/simple")
    done = command.run("outdated", str(environment), *QUICK, "-o", str(tmp_path / "report.json"), check=4)
    rows = packages(json.loads((tmp_path / "report.json").read_text()))
    assert {row["state"] for row in rows.values()} == {"failed"}
    assert {row["reason"] for row in rows.values()} == {"https://index.invalid: the host's name is not known"}
    no_secret_in(tmp_path, done.stdout, done.stderr)


def test_endless_bodies_cost_bounded_memory(server: ScriptedServer, environment: Path, tmp_path: Path) -> None:
    server.routes["*"] = server.routes["/good/"] = Reply(endless=b"y" * 65536, headers=JSON)
    done = Command(tmp_path, server.url).run("outdated", str(environment), *QUICK, "--stats", check=4)
    assert "2 packages could not be looked up" in done.stdout
    assert "larger than" in done.stdout
    (memory,) = re.findall(r"memory +([\d.]+) MiB", done.stderr)
    assert float(memory) < 400, "two bodies of 100 MiB are read at once, at most"


def no_secret_in(folder: Path, *texts: str) -> None:
    """Neither in `texts` nor in any file below `folder`, the cache's included, plain or in base64."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in {"pip.conf", ".netrc"}]
    for data in [*(text.encode() for text in texts), *(path.read_bytes() for path in files)]:
        assert SECRET.encode() not in data
        assert BASIC.encode() not in data


def needs_login(request: Request) -> Reply:
    if request.headers.get("authorization") != BASIC:
        return Reply(401)
    return Reply(body=GOOD, headers=JSON) if request.path == "/good/" else Reply(503)


@pytest.mark.parametrize("place", ["option", "pip.conf", "variable", "netrc", "proxy"])
def test_credentials_reach_the_index_and_no_output(
    server: ScriptedServer, environment: Path, tmp_path: Path, place: str
) -> None:
    server.routes["*"] = server.routes["/good/"] = needs_login
    url = server.url.replace("//", f"//me:{SECRET}@")
    command = Command(tmp_path, url if place in {"option", "proxy"} else "")
    if place == "pip.conf":
        (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {url}\n")
        command.environ["PIP_CONFIG_FILE"] = str(tmp_path / "pip.conf")
    elif place == "variable":
        command.environ["PIP_INDEX_URL"] = url
    elif place == "netrc":
        (tmp_path / ".netrc").write_text(f"machine 127.0.0.1 login me password {SECRET}\n")
        command.environ["PIP_INDEX_URL"] = server.url
    elif place == "proxy":
        command.environ["HTTP_PROXY"] = f"http://me:{SECRET}@127.0.0.1:1"
    outputs = [part for suffix in FORMATS for part in ("-o", str(tmp_path / f"report.{suffix}"))]
    done = command.run("outdated", str(environment), *QUICK, *outputs, check=4)
    rows = packages(json.loads((tmp_path / "report.json").read_text()))
    assert rows["good"]["state"] == ("failed" if place == "proxy" else "outdated"), rows
    assert rows["spam"]["state"] == "failed"
    shown = command.run("config")
    no_secret_in(tmp_path, done.stdout, done.stderr, shown.stdout, shown.stderr)


def test_an_old_answer_stands_in_with_its_age(server: ScriptedServer, environment: Path, tmp_path: Path) -> None:
    server.routes["/spam/"] = SPAM
    command = Command(tmp_path, server.url)
    command.run("outdated", str(environment))
    server.routes["*"] = server.routes["/spam/"] = server.routes["/good/"] = Reply(500)
    outputs = [part for suffix in FORMATS for part in ("-o", str(tmp_path / f"report.{suffix}"))]
    done = command.run("outdated", str(environment), *QUICK, "--refresh", *outputs)
    assert "warning: 2 answers from the cache, up to 0.0 hours old" in done.stdout
    assert done.stdout.count("answer 0.0 hours old") == 2
    rows = packages(json.loads((tmp_path / "report.json").read_text()))
    assert {row["state"] for row in rows.values()} == {"outdated"}
    assert all("stale_seconds" in row and "answered 500" in row["reason"] for row in rows.values())
    for suffix in ("jsonl", "csv", "html", "md"):
        assert "hours old" in (tmp_path / f"report.{suffix}").read_text(), suffix
    piplike = command.run("list", "--outdated", str(environment), *QUICK, "--refresh")
    assert "warning: 2 answers from the cache" in piplike.stderr


def test_an_index_may_forbid_old_answers(server: ScriptedServer, environment: Path, tmp_path: Path) -> None:
    server.routes["/spam/"] = Reply(body=SPAM.body, headers={**JSON, "Cache-Control": "max-age=0, stale-if-error=0"})
    command = Command(tmp_path, server.url)
    command.run("outdated", str(environment))
    server.routes["/spam/"] = Reply(500)
    row = packages(command.json("outdated", str(environment), *QUICK, check=4))["spam"]
    assert row["state"] == "failed"
    assert "answered 500; the index lets no older answer stand in for one (--offline shows it)" in row["reason"]


def test_a_page_that_must_be_revalidated_and_a_dead_index(
    server: ScriptedServer, environment: Path, tmp_path: Path
) -> None:
    """RFC 9111, 4.2.4: it may not stand in, and the row says why and what can be done about it."""
    forbids = {**JSON, "Cache-Control": "max-age=0, must-revalidate"}
    server.routes["/spam/"] = Reply(body=SPAM.body, headers=forbids)
    server.routes["/good/"] = Reply(body=GOOD, headers=forbids)
    command = Command(tmp_path, server.url)
    command.run("outdated", str(environment))
    server.routes["*"] = server.routes["/spam/"] = server.routes["/good/"] = Reply(503)
    done = command.run("outdated", str(environment), *QUICK, check=4)
    (error,) = [line for line in done.stdout.splitlines() if line.startswith("error:")]
    assert "2 packages could not be looked up: " in error
    assert "answered 503; the index lets no older answer stand in for one (--offline shows it)" in error
    rows = packages(command.json("outdated", str(environment), "--offline"))
    assert {row["state"] for row in rows.values()} == {"outdated"}
    assert all("stale_seconds" in row for row in rows.values())


def test_how_far_the_cache_is_trusted(server: ScriptedServer, environment: Path, tmp_path: Path) -> None:
    command = Command(tmp_path, server.url)  # spam is not found: a negative answer is cached too

    def asked(*options: str) -> int:
        server.requests.clear()
        command.run("outdated", str(environment), *options)
        return len(server.requests)

    assert asked() == 2
    assert asked() == 0
    assert asked("--max-age", "0") == 2
    assert asked("--max-age", "3600") == 0
    assert asked("--refresh") == 2
    assert asked("--offline") == 0
    assert asked("--offline", "--max-age", "0") == 0


def test_negative_answers_are_kept_for_a_shorter_time(server: ScriptedServer) -> None:
    from tests.support.net import ask

    long = {"Cache-Control": "max-age=36000"}
    server.routes["/good/"] = Reply(body=GOOD, headers={**JSON, **long})
    server.routes["/spam/"] = Reply(404, headers=long)
    answers = ask(server.url, "spam")
    now = time.time()
    assert answers["good"].expires - now > 30_000
    assert answers["spam"].expires - now <= 300


def test_indexes_that_disagree_are_noted_once(server: ScriptedServer, environment: Path, tmp_path: Path) -> None:
    site = make_venv(tmp_path / "roots" / "second")
    install(site, "spam", "1.0")
    install(make_venv(tmp_path / "roots" / "third"), "spam", "2.0")
    server.routes["/one/spam/"] = page("spam", "1.0")
    files = [{"filename": "spam-1.0.tar.gz", "url": "x/spam-1.0.tar.gz", "hashes": {"sha256": "2" * 64}}]
    server.routes["/two/spam/"] = page("spam", files=files)
    command = Command(tmp_path, f"{server.url}/one")
    for _ in range(2):  # asked, and from the cache
        places = ("--extra-index-url", f"{server.url}/two", "-o", str(tmp_path / "r.json"))
        done = command.run("outdated", str(tmp_path / "roots"), *places)
        notes = [line for line in done.stdout.splitlines() if line.startswith("note:")]
        assert notes == [
            f"note: 1 project: offered by indexes that do not name each other (PEP 708): "
            f"{server.url}/one, {server.url}/two (spam)",
            f"note: 1 project: the same file has other contents at {server.url}/two than elsewhere: "
            "spam-1.0.tar.gz (spam)",
        ]
        assert [note["project"] for note in json.loads((tmp_path / "r.json").read_text())["notes"]] == ["spam"] * 2


@pytest.mark.parametrize("workers", ["0", "2"])
def test_yanked_quarantined_and_without_times(
    server: ScriptedServer, environment: Path, tmp_path: Path, workers: str
) -> None:
    why = "mal\x1b[31mware,\n" + "x" * 500
    status = {"status": "quarantined", "reason": why}
    server.routes["/spam/"] = page("spam", "1.0", "2.0", **{"project-status": status})
    yanked = [{"filename": "good-1.0.tar.gz", "url": "g", "hashes": {}, "yanked": "broken"}]
    server.routes["/good/"] = page("good", files=yanked)
    command = Command(tmp_path, server.url)
    rows = packages(command.json("outdated", str(environment), "--workers", workers, "--all"))
    assert rows["good"]["state"] != "outdated"
    assert "age_days" not in rows["spam"]
    assert rows["spam"]["project_status"] == "quarantined"
    assert rows["spam"]["project_status_reason"].startswith("mal\x1b[31mware, xxx")
    assert len(rows["spam"]["project_status_reason"]) == 200
    for suffix in ("columns", "html", "markdown", "sarif"):  # in words, and harmless
        shown = command.run("outdated", str(environment), "--all", "--format", suffix).stdout
        assert "quarantined: mal" in shown, suffix
        assert "\x1b[31mware" not in shown, suffix
