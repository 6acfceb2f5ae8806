"""The part of Core Metadata that dependencies are decided by."""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

_groups = msgspec.msgpack.Decoder(dict[str, tuple[str, ...]]).decode
_NO_GROUPS = Raw(msgspec.msgpack.encode({}))


class CoreMetadata(Struct, frozen=True, gc=False, array_like=True, repr_omit_defaults=True):
    """What one version needs.

    Most requirements of real projects belong to extras that nobody asks for: they stay packed until somebody does.
    """

    name: str = ""
    version: str = ""
    metadata_version: str = ""
    requires_python: str = ""
    base: tuple[str, ...] = ()  # Requires-Dist lines that may hold without an extra
    extras: tuple[str, ...] = ()  # Provides-Extra
    optional: Raw = _NO_GROUPS  # normalized extra → Requires-Dist lines that hold with this extra alone

    def of_extra(self, name: str) -> tuple[str, ...]:
        """The requirements that hold with one extra (a normalized name) alone."""
        return _groups(self.optional).get(name, ())

    @property
    def requires(self) -> tuple[str, ...]:
        """All Requires-Dist lines."""
        return (*self.base, *(line for lines in _groups(self.optional).values() for line in lines))
