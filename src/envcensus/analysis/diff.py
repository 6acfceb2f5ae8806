"""What changed between two censuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envcensus.model.listing import Listing

Change = Literal["added", "removed", "upgraded", "downgraded", "changed"]


class Difference(Struct, frozen=True, gc=False):
    """One change: a distribution in an environment, or a whole environment where `name` is empty."""

    host: str
    environment: str
    change: Change
    name: str = ""
    before: str = ""
    after: str = ""


def differences(old: Iterable[Listing], new: Iterable[Listing]) -> Iterator[Difference]:
    """Environments and distributions that differ, in the order of host, path and name.

    Of each listing only one text is held, some 20 bytes for a distribution. Of several copies of a project the first
    counts, which is the one that is imported.
    """
    before = {_key(listing): _packed(listing) for listing in old}
    after = {_key(listing): _packed(listing) for listing in new}
    for key in sorted(before.keys() | after.keys()):
        host, path = key
        if key not in after:
            yield Difference(host, path, "removed")
        elif key not in before:
            yield Difference(host, path, "added")
        elif before[key] != after[key]:
            yield from _distributions(host, path, _versions(before[key]), _versions(after[key]))


def _key(listing: Listing) -> tuple[str, str]:
    return listing.environment.host, listing.environment.path


def _packed(listing: Listing) -> str:
    return "\n".join([f"{each.normalized}\0{each.version}" for each in listing.distributions])


def _versions(packed: str) -> dict[str, str]:
    pairs = [line.partition("\0") for line in packed.split("\n")] if packed else []
    return {name: version for name, _, version in reversed(pairs)}


def _distributions(host: str, path: str, before: dict[str, str], after: dict[str, str]) -> Iterator[Difference]:
    for name in sorted(before.keys() | after.keys()):
        if name not in before:
            yield Difference(host, path, "added", name, "", after[name])
        elif name not in after:
            yield Difference(host, path, "removed", name, before[name])
        elif before[name] != after[name]:
            yield Difference(host, path, _change(before[name], after[name]), name, before[name], after[name])


def _change(old: str, new: str) -> Change:
    from envcensus._kernels.version import Version

    try:
        before, after = Version(old), Version(new)
    except ValueError:
        return "changed"
    return "upgraded" if after > before else "downgraded" if after < before else "changed"
