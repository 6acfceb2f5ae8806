"""A real web server with TLS in front of index pages on disk: nginx as Debian packages it."""

from __future__ import annotations

import datetime
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from envcensus.index.client import IndexClient, Want
from envcensus.index.config import IndexConfig
from tests.integration.test_real_indexes import free_port
from tests.support.command import Command
from tests.support.site import install, make_venv

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed (Debian: nginx-light)")
NAMES = [f"project-{number}" for number in range(40)]

CONFIG = """
daemon off; worker_processes 1; pid {root}/pid; error_log {root}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  log_format wire '$connection $status $sent_http_content_encoding $http_accept_encoding';
  default_type application/vnd.pypi.simple.v1+json;
  types {{ }}
  gzip on; gzip_types *; gzip_min_length 100; etag on;
  client_body_temp_path {root}/t1; proxy_temp_path {root}/t2; fastcgi_temp_path {root}/t3;
  uwsgi_temp_path {root}/t4; scgi_temp_path {root}/t5;
  server {{ listen 127.0.0.1:{good} ssl; {tls} access_log {root}/access.log wire;
    ssl_certificate {root}/good.pem; ssl_certificate_key {root}/good.pem;
    location /simple/ {{ root {root}/www; index index.json; add_header Cache-Control max-age=600; }}
    location /moved/ {{ rewrite ^/moved/(.*)$ /simple/$1 permanent; }}
    location /elsewhere/ {{ rewrite ^/elsewhere/(.*)$ https://127.0.0.1:{expired}/simple/$1 redirect; }}
    location /downgrade/ {{ rewrite ^/downgrade/(.*)$ http://127.0.0.1:{plain}/simple/$1 redirect; }}
  }}
  server {{ listen 127.0.0.1:{expired} ssl; {tls}
    ssl_certificate {root}/expired.pem; ssl_certificate_key {root}/expired.pem;
    location /simple/ {{ root {root}/www; index index.json; }} }}
  server {{ listen 127.0.0.1:{client} ssl; {tls}
    ssl_certificate {root}/good.pem; ssl_certificate_key {root}/good.pem;
    ssl_client_certificate {root}/ca.pem; ssl_verify_client on;
    location /simple/ {{ root {root}/www; index index.json; }} }}
  server {{ listen 127.0.0.1:{plain}; location /simple/ {{ root {root}/www; index index.json; }} }}
}}
"""


class Nginx:
    """The running server and what a client needs to know."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ports = {name: free_port() for name in ("good", "expired", "client", "plain")}
        self.ca = str(root / "ca.pem")
        self.client_cert = str(root / "client.pem")

    def url(self, server: str, path: str = "simple") -> str:
        return f"{'http' if server == 'plain' else 'https'}://127.0.0.1:{self.ports[server]}/{path}/"

    def log(self) -> list[list[str]]:
        """Connection, status, encoding and accepted encodings of each request, once all are written."""
        return [line.split(" ", 3) for line in (self.root / "access.log").read_text().splitlines()]


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    root = tmp_path_factory.mktemp("nginx")
    root.chmod(0o755)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(root / "ca.pem"))
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    for name, expires in (("good", None), ("client", None), ("expired", past)):
        issued = authority.issue_cert("127.0.0.1", not_after=expires)
        issued.private_key_and_cert_chain_pem.write_to_path(str(root / f"{name}.pem"))
    for name in NAMES:
        folder = root / "www" / "simple" / name
        folder.mkdir(parents=True)
        files = [
            {"filename": f"{name.replace('-', '_')}-{v}.tar.gz", "url": f"{v}.tar.gz", "hashes": {}}
            for v in ("1.0", "1.10")
        ]
        page = {"meta": {"api-version": "1.1"}, "name": name, "files": files, "padding": "x" * 5000}
        (folder / "index.json").write_text(json.dumps(page))
    server = Nginx(root)
    user = "user root;" if sys.platform == "linux" and Path("/proc/self").owner() == "root" else ""
    tls = "keepalive_timeout 30;"
    (root / "nginx.conf").write_text(user + CONFIG.format(root=root, tls=tls, **server.ports))
    assert NGINX is not None
    with subprocess.Popen([NGINX, "-p", str(root), "-c", str(root / "nginx.conf")], stderr=subprocess.PIPE) as process:
        try:
            for _ in range(1200):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", server.ports["plain"])) == 0:
                        break
                assert process.poll() is None, process.stderr and process.stderr.read()
                time.sleep(0.05)
            yield server
        finally:
            process.terminate()


def ask(url: str, *names: str, **settings: object) -> dict[str, tuple[str, str]]:
    """Outcome and reason by name."""
    settings = {"retries": 0, "timeout": 5.0, "keyring_provider": "disabled", **settings}
    with IndexClient(IndexConfig(index_urls=(url,), **settings)) as client:  # type: ignore[arg-type]
        return {a.name: (a.outcome, a.reason) for a in client.fetch([Want(name) for name in names])}


def test_verified_compressed_and_over_few_connections(nginx: Nginx) -> None:
    answers = ask(nginx.url("good"), *NAMES, "absent", cert=nginx.ca, concurrency=4)
    assert {answers[name][0] for name in NAMES} == {"found"}, answers
    assert answers["absent"][0] == "not-found"
    log = nginx.log()[-len(NAMES) - 1 :]
    assert len({connection for connection, *_ in log}) <= 4
    assert [encoding for _, status, encoding, _ in log if status == "200"] == ["gzip"] * len(NAMES)


def test_a_redirect_within_the_server(nginx: Nginx) -> None:
    assert ask(nginx.url("good", "moved"), "project-1", cert=nginx.ca)["project-1"][0] == "found"


@pytest.mark.parametrize(
    ("server", "path", "with_ca", "reason"),
    [
        ("good", "simple", False, "certificate is not accepted"),
        ("expired", "simple", True, "certificate has expired"),
        ("good", "elsewhere", True, "certificate has expired"),
        ("good", "downgrade", True, "http"),
        ("client", "simple", True, "answered 400"),
    ],
)
def test_what_is_not_trusted_is_not_asked(nginx: Nginx, server: str, path: str, with_ca: bool, reason: str) -> None:
    outcome, said = ask(nginx.url(server, path), "project-1", cert=nginx.ca if with_ca else "")["project-1"]
    assert outcome == "failed"
    assert reason in said
    assert "\n" not in said


def test_a_client_certificate(nginx: Nginx) -> None:
    settings = {"cert": nginx.ca, "client_cert": nginx.client_cert}
    assert ask(nginx.url("client"), "project-1", **settings)["project-1"][0] == "found"
    trusted = {"trusted_hosts": ("127.0.0.1",), "client_cert": nginx.client_cert}
    assert ask(nginx.url("client"), "project-1", **trusted)["project-1"][0] == "found"


def test_the_command_revalidates(nginx: Nginx, tmp_path: Path) -> None:
    site = make_venv(tmp_path / "env")
    install(site, "project-1", "1.0")
    command = Command(tmp_path, nginx.url("good"))
    command.environ["PIP_CERT"] = nginx.ca
    first = command.run("outdated", str(tmp_path / "env")).stdout
    assert "1.10" in first
    assert command.run("outdated", str(tmp_path / "env"), "--refresh").stdout == first
    assert [entry[1] for entry in nginx.log()[-2:]] == ["200", "304"]
    command.environ["PIP_CERT"] = ""
    old = command.run("outdated", str(tmp_path / "env"), "--refresh", "--retries", "0").stdout
    assert "warning: 1 answer from the cache" in old
