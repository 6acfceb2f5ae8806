"""README.md and docs/recipes.md, run as they stand: only the places are other ones."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.catalog import FileEntry
from benchmarks.index_server import Running, Universe, running
from tests.support.site import install

HERE = Path(__file__).parents[2]
README = (HERE / "README.md").read_text(encoding="utf-8")
RECIPES = (HERE / "docs" / "recipes.md").read_text(encoding="utf-8")
PROJECTS = {  # version → age in days
    "flask": {"3.0.3": 400, "3.1.0": 160},
    "werkzeug": {"3.0.3": 420, "3.0.6": 300, "3.1.3": 150},
    "requests": {"2.31.0": 690, "2.32.3": 250},
}


def block(text: str, mark: str) -> str:
    """The code block that stands below a mark."""
    (found,) = re.findall(rf"<!-- {re.escape(mark)} -->\n```\w+\n(.*?)```\n", text, re.DOTALL)
    return str(found)


def files(name: str, versions: Mapping[str, int]) -> list[FileEntry]:
    return [
        FileEntry(
            filename=f"{name}-{version}-py3-none-any.whl",
            url=f"{name}-{version}-py3-none-any.whl",
            hashes={"sha256": "0" * 64},
            size=1,
            yanked=False,
            upload_time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - age * 86400)),
        )
        for version, age in versions.items()
    ]


@pytest.fixture(scope="module")
def index() -> Iterator[Running]:
    with running(Universe({name: files(name, versions) for name, versions in PROJECTS.items()})) as server:
        yield server


@pytest.fixture
def place(tmp_path: Path, index: Running) -> Path:
    """A machine in small: /srv with two environments, /opt/envcensus, and pip configured as on any server."""
    base = tmp_path / "usr" / "bin"
    base.mkdir(parents=True)
    for minor in (11, 12):
        (base / f"python3.{minor}").touch(mode=0o755)

    def environment(path: str, version: str) -> Path:
        site = tmp_path / path / "lib" / f"python{version.rpartition('.')[0]}" / "site-packages"
        site.mkdir(parents=True)
        (tmp_path / path / "bin").mkdir()
        (tmp_path / path / "bin" / "python").symlink_to(base / f"python{version.rpartition('.')[0]}")
        (tmp_path / path / "pyvenv.cfg").write_text(f"home = {base}\nversion = {version}\n")
        return site

    shop = environment("srv/shop/venv", "3.12.4")
    install(shop, "flask", "3.0.3", "Requires-Dist: werkzeug<3.1")
    install(shop, "werkzeug", "3.0.3")
    install(shop, "requests", "2.31.0")
    install(environment("srv/wiki/venv", "3.11.9"), "requests", "2.32.3")
    script = tmp_path / "opt" / "envcensus" / "bin" / "envcensus"
    script.parent.mkdir(parents=True)
    script.write_text(f"#!{sys.executable}\nfrom envcensus.cli.main import main\nmain()\n")
    script.chmod(0o755)
    for folder in ("run/lock", "var/lib/envcensus", "var/lib/node_exporter/textfile", "var/cache", "root"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {index.url}\n")
    return tmp_path


def sh(line: str, place: Path, *, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a line as cron does: /bin/sh, hardly any environment. Absolute places are those of `place`."""
    line = re.sub(r"(?<![\w.])/(opt|srv|run|var)\b", rf"{place}/\1", line)
    # What a test needs beyond cron's own: the sources under test, and pip's configuration instead of /etc/pip.conf.
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(place / "root"), "SHELL": "/bin/sh", "LOGNAME": "root"}
    environ |= {"PYTHONPATH": ":".join(sys.path), "PIP_CONFIG_FILE": str(place / "pip.conf")} | more
    return subprocess.run(
        ["/bin/sh", "-c", line], env=environ, cwd=cwd, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("mark", re.findall(r"<!-- sample: (.*?) -->", README))
def test_samples_of_the_readme(mark: str, place: Path) -> None:
    done = sh(f"/opt/envcensus/bin/envcensus {mark}", place)
    assert done.returncode == 0, done.stderr
    real = re.sub(r"owner \w+", "owner deploy", done.stdout.replace(str(place), ""))
    assert block(README, f"sample: {mark}") == real


def test_the_readme_shows_the_recipes() -> None:
    assert block(README, "recipe: crontab") in block(RECIPES, "crontab")
    assert block(README, "recipe: ci") in block(RECIPES, "ci")


def cron_command() -> str:
    line = block(RECIPES, "crontab").splitlines()[-1]
    assert "%" not in line  # a line end, to cron
    return line.split(None, 5)[5]


def test_cron_mails_only_what_is_worth_it(place: Path) -> None:
    mailed = sh(cron_command(), place)
    assert mailed.returncode == 0
    assert not mailed.stderr
    assert "flask" in mailed.stdout
    assert "\x1b" not in mailed.stdout
    shutil.rmtree(place / "srv" / "shop")
    silent = sh(cron_command(), place)
    assert (silent.returncode, silent.stdout, silent.stderr) == (0, "", "")
    unreachable = sh(cron_command() + " --refresh -i http://127.0.0.1:9/simple/ --retries 0", place)
    assert unreachable.returncode == 4
    assert "requests" in unreachable.stdout + unreachable.stderr


def test_cron_does_not_start_a_second_run(place: Path) -> None:
    import fcntl

    with (place / "run" / "lock" / "envcensus.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = sh(cron_command(), place)
    assert done.returncode == 5
    assert len(done.stderr.splitlines()) == 1
    assert not done.stdout


def test_without_a_home(place: Path) -> None:
    """As a service of systemd has it."""
    done = sh("unset HOME; /opt/envcensus/bin/envcensus outdated /srv --no-cache", place)
    assert done.returncode == 0, done.stderr
    assert "flask" in done.stdout


def test_crontab_reads_it(tmp_path: Path) -> None:
    if shutil.which("crontab") is None:
        pytest.skip("no crontab")
    if b"-n" not in subprocess.run(["crontab", "-h"], capture_output=True, check=False).stderr:
        pytest.skip("this crontab cannot check only")
    table = tmp_path / "crontab"
    table.write_text(block(RECIPES, "crontab"))
    done = subprocess.run(["crontab", "-n", str(table)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_units(place: Path) -> None:
    service = block(RECIPES, "envcensus.service")
    (command,) = re.findall(r"^ExecStart=(.*?[^\\])$", service, re.DOTALL | re.MULTILINE)
    done = sh("unset HOME; " + command, place)
    assert done.returncode == 0, done.stderr
    kept = place / "var" / "lib" / "envcensus"
    assert {path.name for path in kept.iterdir()} == {"outdated.html", "outdated.json", "run.prom"}
    assert any((place / "var" / "cache" / "envcensus").iterdir())
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze: the units themselves were not looked at")
    for name in ("service", "timer"):
        text = block(RECIPES, f"envcensus.{name}").replace("/opt/", f"{place}/opt/")
        (place / f"envcensus.{name}").write_text(text)
    units = [str(place / "envcensus.service"), str(place / "envcensus.timer")]
    checked = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_gate_of_ci(place: Path) -> None:
    shutil.move(place / "srv" / "shop" / "venv", place / ".venv")
    first, second = block(RECIPES, "ci").splitlines()
    path = f"{place}/opt/envcensus/bin:/usr/bin:/bin"
    assert sh(first, place, cwd=place, PATH=path).returncode == 0
    assert sh(second, place, cwd=place, PATH=path).returncode == 0  # minor steps alone
    assert (place / "outdated.xml").stat().st_size > 0
    assert (place / "outdated.sarif").stat().st_size > 0
    assert sh(second.replace("major", "minor"), place, cwd=place, PATH=path).returncode == 3
    down = second + " --refresh -i http://127.0.0.1:9/simple/ --retries 0"
    assert sh(down, place, cwd=place, PATH=path).returncode == 4


def test_node_exporter(place: Path) -> None:
    done = sh(block(RECIPES, "node_exporter"), place)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    folder = place / "var" / "lib" / "node_exporter" / "textfile"
    assert {path.name for path in folder.iterdir()} == {"envcensus.prom", "envcensus-run.prom"}
    series: set[tuple[str, str]] = set()
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o044 == 0o044  # the collector is another user
        for family in text_string_to_metric_families(path.read_text()):
            for sample in family.samples:
                key = sample.name, str(sorted(sample.labels.items()))
                assert key not in series  # one series twice, and the collector drops both files
                series.add(key)
    names = {name for name, _ in series}
    alerts = set(re.findall(r"envcensus_\w+", RECIPES.split("```yaml")[1]))
    assert alerts <= names
