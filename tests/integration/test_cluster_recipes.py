"""docs/fleet.md, run as it stands: only the places are other ones, and `scp` copies from directories that stand for
hosts."""

from __future__ import annotations

import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.index_server import Running, Universe, running
from tests.support.command import neutral_environ
from tests.support.site import install, make_venv

FLEET = (Path(__file__).parents[2] / "docs" / "fleet.md").read_text(encoding="utf-8")
HOSTS = ["web.example.com", "db.example.com", "old.example.com", "gone.example.com"]
# The last two arguments of scp, as OpenSSH's reads them; options before them are not looked at.
SCP = """#!/bin/sh
while [ $# -gt 2 ]; do shift; done
cp -p "$HOSTS_ROOT/${1%%:*}${1#*:}" "$2"
"""


def block(mark: str) -> str:
    (found,) = re.findall(rf"<!-- {re.escape(mark)} -->\n```\w+\n(.*?)```\n", FLEET, re.DOTALL)
    return str(found)


class Fleet:
    """Directories that stand for hosts, and one for the centre."""

    def __init__(self, base: Path, index: Running) -> None:
        self.base = base
        self.centre = base / "centre"
        programs = base / "bin"
        programs.mkdir()
        self.centre.mkdir()
        (programs / "scp").write_text(SCP)
        (programs / "envcensus").write_text(f'#!/bin/sh\nexec {sys.executable} -m envcensus "$@"\n')
        for program in programs.iterdir():
            program.chmod(0o755)
        (self.centre / "hosts").write_text("".join(f"{host}\n" for host in HOSTS))
        self.environ = neutral_environ(base) | {
            "PATH": f"{programs}:/usr/bin:/bin",
            "HOSTS_ROOT": str(base / "hosts"),
            "PYTHONPATH": os.pathsep.join(sys.path),
            "ENVCENSUS_INDEX_URL": index.url,
        }

    def make(self, host: str, version: str) -> None:
        """A host with one environment, and its snapshot."""
        root = self.base / "hosts" / host
        (root / "var/lib/envcensus").mkdir(parents=True)
        (root / "var/lib/node_exporter/textfile").mkdir(parents=True)
        (root / "opt").mkdir()
        install(make_venv(root / "srv" / "one"), "demo", version)
        self.scan(host)

    def scan(self, host: str) -> None:
        assert self.on(host, block("host")).returncode == 0

    def on(self, host: str, script: str) -> subprocess.CompletedProcess[str]:
        """Run a script of the documentation on a host, with the host's own places."""
        root = self.base / "hosts" / host
        return self._run(re.sub(r"(?<![\w.])/(srv|opt|var)\b", rf"{root}/\1", script), root)

    def nightly(self) -> subprocess.CompletedProcess[str]:
        return self._run(block("centre"), self.centre)

    def _run(self, script: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", "-c", script],
            env=self.environ,
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def report(self) -> list[Any]:
        lines = [json.loads(line) for line in (self.centre / "report.jsonl").read_text().splitlines()]
        return [line for line in lines if line["record"] == "environment"]


def test_snapshots_are_collected_and_reported_on_every_night(tmp_path: Path) -> None:
    with running(Universe({"demo": ["1.0", "1.1"]})) as index:
        fleet = Fleet(tmp_path, index)
        for host in HOSTS[:3]:
            fleet.make(host, "1.0")
        week_ago = time.time() - 7 * 86400
        os.utime(tmp_path / "hosts/old.example.com/var/lib/envcensus/host.jsonl.gz", (week_ago, week_ago))
        first = fleet.nightly()
        assert first.returncode == 0, first.stderr
        assert "gone.example.com: no snapshot" in first.stderr
        assert re.findall(r"^(\S+) is of ", first.stderr, re.MULTILINE) == ["old.example.com.jsonl.gz"]
        # Hosts of one name here, with roots of their own: all three are there.
        assert len(fleet.report()) == 3
        assert index.stats()["requests"] == 1
        assert not (fleet.centre / "changes.txt").exists()
        site = next((tmp_path / "hosts/web.example.com/srv/one").glob("lib/python*/site-packages"))
        install(site, "added", "1.0")
        fleet.scan("web.example.com")
        second = fleet.nightly()
        assert "added" in (fleet.centre / "changes.txt").read_text()
        assert (fleet.centre / "report.html").stat().st_size
        assert second.returncode == 0, second.stderr
    assert not list(fleet.centre.rglob("*.part"))


def test_a_rule_that_matches_is_the_exit_code_of_the_night(tmp_path: Path) -> None:
    with running(Universe({"demo": ["1.0", "2.0"]})) as index:
        fleet = Fleet(tmp_path, index)
        fleet.make(HOSTS[0], "1.0")
        assert fleet.nightly().returncode == 3


def test_a_damaged_snapshot_is_reported_and_the_others_stand(tmp_path: Path) -> None:
    with running(Universe({"demo": ["1.0"]})) as index:
        fleet = Fleet(tmp_path, index)
        for host in HOSTS[:2]:
            fleet.make(host, "1.0")
        file = tmp_path / "hosts" / HOSTS[0] / "var/lib/envcensus/host.jsonl.gz"
        file.write_bytes(file.read_bytes()[:-20])
        done = fleet.nightly()
    assert done.returncode == 4
    assert f"{HOSTS[0]}.jsonl.gz" in done.stderr + done.stdout
    assert len(fleet.report()) == 1


def test_prometheus_on_a_host(tmp_path: Path) -> None:
    with running(Universe({"demo": ["1.0", "1.1"]})) as index:
        fleet = Fleet(tmp_path, index)
        fleet.make(HOSTS[0], "1.0")
        done = fleet.on(HOSTS[0], block("textfile"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (file,) = (tmp_path / "hosts" / HOSTS[0] / "var/lib/node_exporter/textfile").iterdir()
    assert list(text_string_to_metric_families(file.read_text()))


def test_the_playbook_says_what_the_host_runs() -> None:
    """Ansible itself is not among what tests need: its YAML is read, and the command is that of the other recipe."""
    yaml = pytest.importorskip("yaml")
    ((play),) = yaml.safe_load(block("ansible"))
    folder, scan, fetch = play["tasks"]
    command = scan["ansible.builtin.command"]
    assert command == block("host").strip() + " --host {{ inventory_hostname }}"
    assert fetch["ansible.builtin.fetch"]["src"] in command
    assert fetch["ansible.builtin.fetch"]["src"].startswith(folder["ansible.builtin.file"]["path"])
    assert fetch["ansible.builtin.fetch"]["dest"] in {
        f"snapshots/{{{{ inventory_hostname }}}}{s}" for s in (".jsonl.gz",)
    }


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_the_certificates_are_those_of_the_configuration(tmp_path: Path) -> None:
    subprocess.run(["/bin/sh", "-e"], input=block("certificates"), text=True, cwd=tmp_path, check=True, timeout=60)
    named = re.findall(r"/etc/dask/([\w.-]+\.pem)", block("dask.yaml"))
    assert {path.name for path in tmp_path.iterdir()} >= {*named, "ca-key.pem"}
    for path in tmp_path.glob("*.pem"):
        assert path.stat().st_mode & 0o077 == 0
    for name in ("host", "me"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_cert_chain(tmp_path / f"{name}.pem", tmp_path / f"{name}-key.pem")
        context.load_verify_locations(tmp_path / "ca.pem")
        verified = subprocess.run(
            ["openssl", "verify", "-CAfile", "ca.pem", f"{name}.pem"], cwd=tmp_path, check=False, capture_output=True
        )
        assert verified.returncode == 0, verified.stderr
