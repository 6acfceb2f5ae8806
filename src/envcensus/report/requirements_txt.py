"""A resolution as a requirements file that pip and uv install from, with who asks for what."""

from __future__ import annotations

from collections.abc import Iterable

from envcensus.model.display import neutral
from envcensus.model.redact import redact
from envcensus.model.resolution import Pin, Resolution


def render(resolution: Resolution, *, annotate: bool = True, hashes: bool = False) -> Iterable[str]:
    """Lines of `name==version`, in the order of the names. With `hashes` every file's sha256 (hash-checking mode)."""
    for pin in resolution.pins:
        line = neutral(requirement(pin))
        digests = sorted({f"{n}:{v}" for file in pin.files for n, v in file.hashes.items()}) if hashes else []
        if hashes and not digests:
            yield f"# no hashes are known of {neutral(pin.name)}\n"
        yield line + "".join(f" \\\n    --hash={neutral(digest)}" for digest in digests) + "\n"
        if annotate:
            yield _via(pin)


def requirement(pin: Pin) -> str:
    """A pin as a requirement (PEP 508)."""
    extras = f"[{','.join(pin.extras)}]" if pin.extras else ""
    return f"{pin.name}{extras} @ {pin.url}" if pin.url else f"{pin.name}{extras}=={pin.version}"


def _via(pin: Pin) -> str:
    names = sorted({redact(via.name or "the command line") if via.direct else via.name for via in pin.via})
    if not "".join(names).isprintable():
        names = [neutral(name) for name in names]
    if len(names) == 1:
        return f"    # via {names[0]}\n"
    return "".join(["    # via\n", *[f"    #   {name}\n" for name in names]])
