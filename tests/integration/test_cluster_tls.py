"""--cluster tls://…, set up as docs/fleet.md says; and where the credentials of an index go: nowhere."""

from __future__ import annotations

import importlib.util
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.support.command import Command
from tests.support.dask_cluster import DaskCluster, until
from tests.support.scripted_server import Reply, Request, ScriptedServer
from tests.support.site import install, make_venv

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="Dask distributed is not installed"
)
FLEET = (Path(__file__).parents[2] / "docs" / "fleet.md").read_text(encoding="utf-8")
PAGE = json.dumps(
    {
        "meta": {"api-version": "1.1"},
        "name": "demo",
        "versions": ["1.0", "2.0"],
        "files": [
            {"filename": f"demo-{version}-py3-none-any.whl", "url": "x.whl", "hashes": {}, "size": 1}
            for version in ("1.0", "2.0")
        ],
    }
).encode()
JSON = {"Content-Type": "application/vnd.pypi.simple.v1+json"}


def block(mark: str) -> str:
    (found,) = re.findall(rf"<!-- {re.escape(mark)} -->\n```\w+\n(.*?)```\n", FLEET, re.DOTALL)
    return str(found)


def configure(home: Path, signed_by: trustme.CA, trusted: trustme.CA) -> None:
    """The configuration of docs/fleet.md in `home`, with certificates of `signed_by` that believes in `trusted`."""
    folder = home / "etc"
    folder.mkdir(parents=True)
    trusted.cert_pem.write_to_path(str(folder / "ca.pem"))
    for name in ("host", "me"):
        issued = signed_by.issue_cert(f"{name}.example.com")
        issued.private_key_pem.write_to_path(str(folder / f"{name}-key.pem"))
        issued.cert_chain_pems[0].write_to_path(str(folder / f"{name}.pem"))
    (home / ".config" / "dask").mkdir(parents=True)
    text = block("dask.yaml").replace("/etc/dask", str(folder))
    (home / ".config" / "dask" / "distributed.yaml").write_text(text)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, authority: trustme.CA) -> Path:
    home = tmp_path_factory.mktemp("home")
    configure(home, authority, authority)
    install(make_venv(home / "srv" / "one"), "demo", "1.0")
    return home


@pytest.fixture(scope="module")
def cluster(home: Path) -> Iterator[DaskCluster]:
    scheduler, worker = block("dask-tls").splitlines()
    assert scheduler.startswith("dask scheduler --protocol tls --host ")
    assert worker.startswith("dask worker tls://")
    cluster = DaskCluster(home, protocol="tls")
    try:
        cluster.worker("127.0.0.2", hold=home / "hold", holds="nothing", GIVEN=str(home / "given"))
        yield cluster
    finally:
        cluster.close()


def test_the_documented_configuration_works(cluster: DaskCluster, home: Path) -> None:
    assert cluster.address.startswith("tls://")
    for address in (cluster.address, str(cluster.file)):
        found = Command(home).json("list", str(home / "srv"), "--cluster", address)
        assert [[package["name"] for package in each["packages"]] for each in found["environments"]] == [["demo"]]
        assert not found["skipped"]


@pytest.mark.parametrize("wrong", ["everything", "certificate", "authority"])
def test_another_authority_is_one_line(
    cluster: DaskCluster, home: Path, tmp_path: Path, authority: trustme.CA, wrong: str
) -> None:
    other = trustme.CA()
    signed = authority if wrong == "authority" else other
    configure(tmp_path, signed, authority if wrong == "certificate" else other)
    done = Command(tmp_path).run("list", str(home / "srv"), "--cluster", cluster.address, check=1)
    assert done.stderr.startswith(f"envcensus: no cluster at {cluster.address}: ")
    assert done.stderr.endswith("; check the certificates in Dask's configuration\n")
    assert done.stderr.count("\n") == 1
    assert not done.stdout


def test_without_certificates_or_without_tls_it_is_one_line(cluster: DaskCluster, home: Path, tmp_path: Path) -> None:
    done = Command(tmp_path).run("list", str(home / "srv"), "--cluster", cluster.address, check=1)
    assert "there are no certificates for TLS" in done.stderr
    assert done.stderr.count("\n") == 1
    plain = cluster.address.replace("tls:", "tcp:")
    done = Command(home).run("list", str(home / "srv"), "--cluster", plain, check=1)
    assert "requires encryption; write tls://" in done.stderr
    (tmp_path / ".config" / "dask").mkdir(parents=True)
    text = block("dask.yaml").replace("/etc/dask", "/nowhere")
    (tmp_path / ".config" / "dask" / "distributed.yaml").write_text(text)
    done = Command(tmp_path).run("list", str(home / "srv"), "--cluster", cluster.address, check=1)
    assert "No such file" in done.stderr
    assert done.stderr.count("\n") == 1


USER, SECRET = "inspector", "geheim-8731"


@pytest.fixture
def index() -> Iterator[ScriptedServer]:
    """An index that answers nobody without the password."""
    import base64

    expected = "Basic " + base64.b64encode(f"{USER}:{SECRET}".encode()).decode()

    def answer(request: Request) -> Reply:
        if request.headers.get("authorization") != expected:
            return Reply(401, headers={"WWW-Authenticate": "Basic"}, close=True)
        return Reply(body=PAGE, headers=JSON, close=True)

    with ScriptedServer() as server:
        server.routes["*"] = answer
        yield server


@pytest.mark.parametrize("place", ["address", "pip.conf", "netrc", "keyring", "nowhere"])
def test_credentials_stay_here(
    cluster: DaskCluster, home: Path, tmp_path: Path, index: ScriptedServer, place: str
) -> None:
    """Workers are given what they need to ask, and never a password: not over TLS either."""
    url = f"{index.url}/simple/"
    secret_url = url.replace("http://", f"http://{USER}:{SECRET}@")
    own = tmp_path / "own"  # of the user who runs the command: the workers have another home
    (own / ".config").mkdir(parents=True)
    (own / ".config" / "dask").symlink_to(home / ".config" / "dask")
    command = Command(own, secret_url if place == "address" else url)
    if place == "pip.conf":
        (own / "pip.conf").write_text(f"[global]\nindex-url = {secret_url}\n")
        command.environ["PIP_CONFIG_FILE"] = str(own / "pip.conf")
        command.index_url = ""
    elif place == "netrc":
        (own / ".netrc").write_text(f"machine 127.0.0.1 login {USER} password {SECRET}\n")
        (own / ".netrc").chmod(0o600)
    elif place == "keyring":
        (own / "bin").mkdir()
        (own / "bin" / "keyring").write_text(f'#!/bin/sh\necho \'{{"username":"{USER}","password":"{SECRET}"}}\'\n')
        (own / "bin" / "keyring").chmod(0o755)
        command.environ["PATH"] = f"{own / 'bin'}{os.pathsep}{command.environ['PATH']}"
    (home / "given").write_bytes(b"")
    more = ["--cluster", cluster.address, "--workers", "2", "--format", "json", "-o", str(own / "report.html")]
    done = command.run("outdated", str(home / "srv"), *more, check=4 if place == "nowhere" else 0)
    ((package,),) = [environment["packages"] for environment in json.loads(done.stdout)["environments"]]
    if place == "nowhere":
        assert package["state"] == "failed"
    else:
        assert package["latest_version"] == "2.0"
    given = (home / "given").read_bytes()
    assert given.count(b"scan ") == 1
    # Only where nothing says so beforehand is a worker tried: it gets no keyring, and is refused.
    assert given.count(b"look-ups ") == (place in {"keyring", "nowhere"})
    until(lambda: "Remove client" in cluster.logs(), cluster.logs)
    for path in own.rglob("*"):
        if path.is_file() and path.parent.name != "bin" and path.name not in {".netrc", "pip.conf"}:
            assert SECRET.encode() not in path.read_bytes(), path
    for said in (done.stdout, done.stderr, cluster.logs()):
        assert SECRET not in said
    assert SECRET.encode() not in given
    assert SECRET.encode() not in b"".join(file.read_bytes() for file in home.rglob("*") if file.is_file())
