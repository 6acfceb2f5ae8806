"""A made-up dependency tree for resolvers: layers of projects whose newest releases often exclude each other.

A planted solution exists: every project has one release whose requirements the planted releases of the others meet.
Newer releases may ask for more than that, so that a resolver has to come back. Projects are named `deep-LAYER-NUMBER`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from benchmarks.catalog import FileEntry


@dataclass
class Tree:
    """`releases[name][version]` is the list of Requires-Dist lines; `roots` are the requirements to resolve."""

    releases: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    planted: dict[str, str] = field(default_factory=dict)
    roots: list[str] = field(default_factory=list)


def make_tree(
    projects: int = 2000, versions: int = 20, layers: int = 14, *, clash: float = 0.08, seed: int = 1
) -> Tree:
    """Build a tree. `clash` is the share of requirements of newer releases that the planted solution cannot meet."""
    rng = random.Random(f"tree:{seed}:{projects}:{versions}:{layers}")
    width = max(1, projects // layers)
    names = [f"deep-{number // width:02}-{number % width:04}" for number in range(projects)]
    numbers = [f"{1 + place // 8}.{place % 8}.0" for place in range(versions)]
    planted = {name: rng.randrange(versions // 2, versions) for name in names}
    tree = Tree(planted={name: numbers[place] for name, place in planted.items()})
    for number, name in enumerate(names):
        below = names[(number // width + 1) * width :][: 3 * width]
        needs = sorted({rng.choice(below) for _ in range(rng.randint(2, 6))}) if below else []
        tree.releases[name] = {}
        for place, version in enumerate(numbers):
            chance = clash if place > planted[name] else 0
            lines = [need + _specifier(rng, planted[need], numbers, chance) for need in needs]
            tree.releases[name][version] = lines
    tree.roots = names[: max(1, width // 3)]
    return tree


def _specifier(rng: random.Random, place: int, numbers: list[str], clash: float) -> str:
    """A specifier that release `place` meets, or with the chance `clash` one that excludes it."""
    if place and rng.random() < clash:
        return f"<{numbers[place]}"
    low = numbers[rng.randrange(place + 1)]
    if rng.random() < 0.3 and place + 1 < len(numbers):
        return f">={low},<{numbers[rng.randrange(place + 1, len(numbers))]}"
    return f">={low}"


def metadata_of(tree: Tree, name: str, version: str) -> bytes:
    """Core metadata of one release."""
    lines = [f"Requires-Dist: {line}" for line in tree.releases[name][version]]
    return "\n".join(["Metadata-Version: 2.3", f"Name: {name}", f"Version: {version}", *lines, "", ""]).encode()


def files_of(name: str, versions: list[str]) -> list[FileEntry]:
    """One universal wheel a release."""
    rng = random.Random("deep:" + name)
    found: list[FileEntry] = []
    for place, version in enumerate(versions):
        digest = f"{rng.getrandbits(256):064x}"
        filename = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
        found.append(
            {
                "filename": filename,
                "url": f"/packages/{digest[:2]}/{filename}",
                "hashes": {"sha256": digest},
                "size": rng.randint(4_000, 90_000),
                "yanked": False,
                "requires_python": ">=3.8",
                "upload_time": f"{2015 + place // 2:04}-{1 + place % 12:02}-03T09:00:00.000000Z",
                "core_metadata": True,
            }
        )
    return found
