"""How many requests in a row a recorded tree needs at least, whoever resolves it, however many run at once.

    ENVCENSUS_CONFORMANCE=… python -m benchmarks.rounds TREE ANSWER

A project's page can be asked for when metadata that names the project has arrived, and metadata of its versions when
the page has. ANSWER is a requirements file with the pins. Two counts: with the metadata of the pins alone, and with
that of every version of every project, asked for as soon as the page is there: nobody can learn of a project earlier.
"""

from __future__ import annotations

import gzip
import heapq
import json
import os
import re
import sys
from collections.abc import Iterable
from typing import Any

from benchmarks.served import VARIABLE
from envcensus._kernels.names import canonicalize_name
from envcensus._kernels.requirement import MarkerEnvironment, Requirement, parse

Need = tuple[str, tuple[str, ...], str]  # project, its extras that are wanted, the requirer's extra it holds with
Packages = dict[str, dict[str, Any]]  # normalized name → version → what is recorded of it


def main() -> None:
    """Print both counts."""
    tree, answer = sys.argv[1:]
    path = os.path.join(os.environ[VARIABLE], f"tree_{tree}.json.gz")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        found = json.load(file)
    recorded = found if "packages" in found else found["scenarios"][0]
    packages = {canonicalize_name(name): versions for name, versions in recorded["packages"].items()}
    environment = MarkerEnvironment(recorded["env"])
    roots = [parse(text) for text in recorded["root"]["requires"]]
    with open(answer, encoding="utf-8") as file:
        lines = re.findall(r"(?m)^([a-z0-9][a-z0-9.-]*)(?:\[[^\]]*\])?==(\S+)", file.read())
    pins = {canonicalize_name(name): version for name, version in lines}
    pinned = {name: [version] for name, version in pins.items()}
    every = {name: list(versions) for name, versions in packages.items()}
    for what, versions in (("the pins", pinned), ("every version", every)):
        known = discovered(packages, environment, roots, versions)
        read = sum(len(versions.get(name, ())) for name in known)
        last = max(known[name] for name in pins) + 2
        print(f"{tree}, metadata of {what}: {last} rounds for {len(pins)} pins, {read} metadata files")


def discovered(
    packages: Packages,
    environment: MarkerEnvironment,
    roots: Iterable[Requirement],
    versions: dict[str, list[str]],
) -> dict[str, int]:
    """The round after which each project is known of, where its `versions` are read as soon as that can be."""
    known: dict[str, int] = {}
    extras: set[tuple[str, str]] = set()
    needs: dict[str, list[Need]] = {}
    work = [(0, root.normalized, root.normalized_extras) for root in roots]
    heapq.heapify(work)
    while work:
        moment, name, wanted = heapq.heappop(work)
        first = name not in known
        new = [extra for extra in wanted if (name, extra) not in extras]
        extras.update((name, extra) for extra in new)
        if first:
            known[name] = moment
            read = [packages[name][version] for version in versions.get(name, ()) if version in packages.get(name, ())]
            needs[name] = [need for version in read for need in needs_of(version, environment)]
        for other, others_extras, extra in needs[name]:
            if first if not extra else extra in new:
                # a page and metadata after the project was known of, or at once where an extra is asked for later
                heapq.heappush(work, (max(known[name] + 2, moment), other, others_extras))
    return known


def needs_of(version: dict[str, Any], environment: MarkerEnvironment) -> Iterable[Need]:
    """What one version names in this environment."""
    given = [(text, "") for text in version.get("requires") or ()]
    for extra, texts in (version.get("extras") or {}).items():
        given += [(text, canonicalize_name(extra)) for text in texts]
    for text, extra in given:
        requirement = parse(text)
        marker = requirement.marker
        base, with_extras = (True, ()) if marker is None else marker.activation(environment)
        for holds_with in (extra,) if base else with_extras:
            yield requirement.normalized, requirement.normalized_extras, holds_with


if __name__ == "__main__":
    main()
