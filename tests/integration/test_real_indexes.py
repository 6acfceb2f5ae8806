"""Real index servers, run here: what they send is what we read."""

from __future__ import annotations

import base64
import functools
import hashlib
import importlib.util
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from envcensus._kernels import page
from envcensus.index.client import IndexClient, MetadataWant, Want
from envcensus.index.config import IndexConfig
from envcensus.model.page import File

METADATA = b"Metadata-Version: 2.1\nName: Spam.Eggs\nVersion: 1.10\nRequires-Dist: ham\n\n"


@functools.cache  # its entries carry the time
def wheel() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("spam_eggs/__init__.py", b"#" * 100_000)
        archive.writestr("spam_eggs-1.10.dist-info/METADATA", METADATA)
    return stream.getvalue()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def pypiserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if importlib.util.find_spec("pypiserver") is None:
        pytest.skip("pypiserver is not installed")
    packages = tmp_path_factory.mktemp("packages")
    (packages / "spam_eggs-1.10-py3-none-any.whl").write_bytes(wheel())
    for name in ("spam_eggs-1.9-py3-none-any.whl", "Spam.Eggs-1.2.tar.gz", "other-7.0.tar.gz"):
        (packages / name).write_bytes(b"not opened")
    port = free_port()
    command = [sys.executable, "-m", "pypiserver", "run", "-i", "127.0.0.1", "-p", str(port), "--disable-fallback"]
    with subprocess.Popen([*command, str(packages)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/", process)
            yield f"http://127.0.0.1:{port}/simple/"
        finally:
            process.terminate()


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(1200):  # devpi takes five seconds, on a busy machine thirty
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            assert process.poll() is None, "the server ended"
            time.sleep(0.1)
        else:
            return
    pytest.fail("the server does not answer")


def test_pypiserver(pypiserver: str) -> None:
    with IndexClient(IndexConfig(index_urls=(pypiserver,))) as client:
        answers = {a.name: a for a in client.fetch([Want("spam-eggs"), Want("missing")])}
        assert answers["missing"].outcome == "not-found"
        answer = answers["spam-eggs"]
        assert answer.outcome == "found", answer.reason
        files = {file.filename: file for file in page.files(answer.files, None, File)}
        assert set(files) == {
            "spam_eggs-1.10-py3-none-any.whl",
            "spam_eggs-1.9-py3-none-any.whl",
            "Spam.Eggs-1.2.tar.gz",
        }
        found = page.latest(answer.record, page.Target(python="3.12.0", tags=["py3-none-any"]), "spam-eggs")
        assert found is not None
        assert found[:2] == ("1.10", "wheel")
        newest = files["spam_eggs-1.10-py3-none-any.whl"]
        assert newest.hashes == {"sha256": hashlib.sha256(wheel()).hexdigest()}
        (metadata,) = client.fetch_metadata([MetadataWant("spam-eggs", "1.10", (newest,))])
        assert (metadata.outcome, metadata.metadata) == ("found", METADATA), metadata.reason
        assert metadata.way in ("range", "wheel", "metadata-file")


@pytest.fixture(scope="module")
def devpi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The simple URL of an index of a devpi-server, which holds one project."""
    places = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
    program, prepare = (shutil.which(name, path=places) for name in ("devpi-server", "devpi-init"))
    if program is None or prepare is None:
        pytest.skip("devpi-server is not installed")
    folder, port = str(tmp_path_factory.mktemp("devpi")), free_port()
    subprocess.run([prepare, "--serverdir", folder, "--no-root-pypi"], check=True, capture_output=True)
    base = f"http://127.0.0.1:{port}"
    command = [program, "--serverdir", folder, "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(f"{base}/+api", process)
            login = send("POST", f"{base}/+login", json.dumps({"user": "root", "password": ""}).encode(), "")
            token = json.loads(login)["result"]["password"]
            send("PUT", f"{base}/root/dev", json.dumps({"type": "stage", "bases": []}).encode(), token)
            upload(f"{base}/root/dev/", "spam_eggs-1.10-py3-none-any.whl", wheel(), token)
            yield f"{base}/root/dev/+simple/"
        finally:
            process.terminate()


def send(method: str, url: str, body: bytes, token: str, kind: str = "application/json") -> bytes:
    """A request to devpi's own interface; the body of its answer."""
    headers = {"Content-Type": kind, "Accept": "application/json"}
    if token:
        headers["X-Devpi-Auth"] = base64.b64encode(f"root:{token}".encode()).decode()
    request = urllib.request.Request(url, data=body, method=method, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        read: bytes = answer.read()
        return read


def upload(url: str, filename: str, content: bytes, token: str) -> None:
    """As twine does it."""
    fields = {":action": "file_upload", "name": "Spam.Eggs", "version": "1.10", "filetype": "bdist_wheel"}
    fields |= {"pyversion": "py3", "metadata_version": "2.1", "sha256_digest": hashlib.sha256(content).hexdigest()}
    parts = [f'--frame\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    head = f'--frame\r\nContent-Disposition: form-data; name="content"; filename="{filename}"\r\n\r\n'
    body = "".join(parts).encode() + head.encode() + content + b"\r\n--frame--\r\n"
    send("POST", url, body, token, "multipart/form-data; boundary=frame")


def test_devpi(devpi: str) -> None:
    with IndexClient(IndexConfig(index_urls=(devpi,))) as client:
        answers = {a.name: a for a in client.fetch([Want("spam-eggs"), Want("missing")])}
        assert answers["missing"].outcome == "not-found"
        answer = answers["spam-eggs"]
        assert answer.outcome == "found", answer.reason
        (file,) = page.files(answer.files, None, File)
        assert file.filename == "spam_eggs-1.10-py3-none-any.whl"
        assert file.hashes == {"sha256": hashlib.sha256(wheel()).hexdigest()}
        (metadata,) = client.fetch_metadata([MetadataWant("spam-eggs", "1.10", (file,))])
        assert (metadata.outcome, metadata.metadata) == ("found", METADATA), metadata.reason
        again = Want("spam-eggs", answer.validators, answer.stamp)
        assert client.fetch([again])[0].outcome in {"found", "not-modified"}
