"""Whatever happens to an environment, the cached listing is the one a fresh scan gives."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import envcensus.inventory.cache
from envcensus._kernels.listing import pack, unpack
from envcensus._kernels.scan import KINDS
from envcensus.inventory import discover, scan
from envcensus.model.distribution import Distribution
from envcensus.model.listing import Listing

STEP_NS = 20_000_000  # more than a tick of the kernel's clock
NAMES = ("alpha", "beta", "gamma")
VERSIONS = ("1.0", "2.0", "2.0.post1")


class Store(dict[bytes, bytes]):
    """The smallest store there is."""

    def put_many(self, items: list[tuple[bytes, bytes]]) -> None:
        self.update(items)


class World:
    """An environment, and projects beside it, that things happen to."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.env = top / "env"
        self.site = self.env / "lib" / "python3.11" / "site-packages"
        self.site.mkdir(parents=True)
        (self.env / "pyvenv.cfg").write_text("version = 3.11.7\n")
        for name in NAMES:
            (top / name).mkdir()

    def entry(self, name: str) -> Path | None:
        return next(iter(sorted(self.site.glob(f"{name}-*.dist-info"))), None)

    def install(self, name: str, version: str) -> None:
        folder = self.site / f"{name}-{version}.dist-info"
        folder.mkdir(exist_ok=True)
        (folder / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n")

    def uninstall(self, name: str, version: str) -> None:
        entry = self.entry(name)
        if entry:
            shutil.rmtree(entry)

    def upgrade(self, name: str, version: str) -> None:
        self.uninstall(name, version)
        self.install(name, version)

    def rename(self, name: str, version: str) -> None:
        entry = self.entry(name)
        target = self.site / f"~{name[1:]}-{version}.dist-info"
        if entry and not target.exists():
            entry.rename(target)

    def replace(self, name: str, version: str) -> None:
        """Swap a whole dist-info directory for another one of the same name."""
        entry = self.entry(name)
        if entry:
            entry.rename(self.top / "old")
            entry.mkdir()
            (entry / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n")
            shutil.rmtree(self.top / "old")

    def develop(self, name: str, version: str) -> None:
        """Edit the project's own metadata in place, or make it."""
        info = self.top / name / f"{name}.egg-info"
        info.mkdir(exist_ok=True)
        (info / "PKG-INFO").write_text(f"Name: {name}\nVersion: {version}\n")

    def link(self, name: str, version: str) -> None:
        (self.site / "one.egg-link").write_text(f"{self.top / name}\n.")

    def add_path(self, name: str, version: str) -> None:
        (self.site / "one.pth").write_text(f"{self.top / name}\n")

    def remove_project(self, name: str, version: str) -> None:
        shutil.rmtree(self.top / name, ignore_errors=True)
        if version != "1.0":
            (self.top / name).mkdir()

    def bring_back(self, name: str, version: str) -> None:
        (self.top / name).mkdir(exist_ok=True)

    def nothing(self, name: str, version: str) -> None:
        pass

    def edit(self, name: str, version: str) -> None:
        """In place, inside an installed dist-info: the one change that only --rescan sees."""
        entry = self.entry(name)
        if entry:
            (entry / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n")


ACTIONS: tuple[Callable[[World, str, str], None], ...] = (
    World.install,
    World.uninstall,
    World.upgrade,
    World.rename,
    World.replace,
    World.develop,
    World.link,
    World.add_path,
    World.remove_project,
    World.bring_back,
    World.nothing,
    World.edit,
)


def listing(world: World, store: Store | None, *, rescan: bool = False) -> Listing:
    (result,) = scan(discover([str(world.env)]), cache=store, rescan=rescan, threads=1)
    assert isinstance(result, Listing)
    return result


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.sampled_from(ACTIONS), st.sampled_from(NAMES), st.sampled_from(VERSIONS)), min_size=1, max_size=12
    )
)
def test_cached_is_fresh(steps: list[tuple[Callable[[World, str, str], None], str, str]]) -> None:
    store = Store()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(envcensus.inventory.cache, "RACY_NS", STEP_NS)
        world = World(Path(folder))
        for action, name, version in steps:
            if action is not World.develop or (world.top / name).is_dir():
                action(world, name, version)
            time.sleep(STEP_NS * 1.2e-9)
            cached = listing(world, store, rescan=action is World.edit)
            fresh = listing(world, None)
            assert cached.distributions == fresh.distributions
            assert cached.problems == fresh.problems
            again = listing(world, store)
            assert again.cached  # or the test would prove nothing
            assert (again.distributions, again.problems) == (fresh.distributions, fresh.problems)


texts = st.sampled_from(["", "a-b", "Zope.Interface", "1.0", "\udcff", "漢字", "a\0b"])
distributions = st.builds(
    Distribution,
    name=texts | st.sampled_from(["pkg", "My.Pkg"]),
    normalized=texts | st.sampled_from(["pkg", "my-pkg"]),
    version=texts,
    path=st.builds(
        "{}/{}".format,
        st.sampled_from(["/a", "/b/site-packages"]),
        st.sampled_from(["pkg-1.0.dist-info", "My.Pkg-1.0-py3.11.egg-info", "My.Pkg.egg-info", "EGG-INFO", "x"]),
    ),
    kind=st.sampled_from(KINDS),
    installer=texts,
    requested=st.booleans(),
    editable=st.booleans(),
    location=texts,
    build=texts,
    direct_url=texts,
    has_record=st.booleans(),
    requires_python=texts,
    requires=st.lists(texts, max_size=3).map(tuple),
    extras=st.lists(texts, max_size=3).map(tuple),
    requires_read=st.booleans(),
) | st.builds(
    Distribution,
    name=st.sampled_from(["pkg", "My.Pkg"]),
    normalized=st.sampled_from(["pkg", "my-pkg"]),
    version=st.sampled_from(["1.0", "2"]),
    path=st.just("/a/pkg-1.0.dist-info"),
)


@settings(deadline=None)
@given(st.lists(distributions, max_size=5))
def test_packing_keeps_everything(items: list[Distribution]) -> None:
    folders: list[str] = []
    record = pack(items, folders)
    assert unpack(record, folders, Distribution) == items


def test_packing_long_texts() -> None:
    long = Distribution(
        "n" * 70_000, "k" * 300, "v" * 0xFFFF, "/" + "y" * 5000 + "/x.dist-info", requires=("r" * 70_000,)
    )
    folders: list[str] = []
    assert unpack(pack([long], folders), folders, Distribution) == [long]


@settings(deadline=None)
@given(st.lists(distributions, min_size=1, max_size=2), st.data())
def test_damaged_records_are_refused_or_misread_but_never_overrun(
    items: list[Distribution], data: st.DataObject
) -> None:
    folders: list[str] = []
    record = bytearray(pack(items, folders))
    at = data.draw(st.integers(0, len(record) - 1))
    record[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(record)))
    for damaged in (bytes(record), bytes(record[:cut])):
        try:
            unpack(damaged, folders, Distribution)
        except (ValueError, UnicodeDecodeError):
            pass
