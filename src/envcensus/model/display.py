"""Text for people: what is untrusted made safe for a terminal, and amounts as they are said."""

from __future__ import annotations


def neutral(text: str) -> str:
    """The text on one line, with everything that could steer a terminal or mislead a reader escaped.

    Escaped as in Python source (``\\x1b``, ``\\u202e``): control characters C0 and C1, line and paragraph separators,
    bidirectional and other invisible format characters, lone surrogates, private and unassigned code points, and
    spaces other than the plain one. All printable text is returned as it is.

    >>> neutral("caf\\u00e9 \\x1b[2J")
    'café \\\\x1b[2J'
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(ord(char)) for char in text)


def _escape(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def plural(count: int, singular: str, plural_form: str = "") -> str:
    """ "1 package", "1,024 packages"."""
    return f"{count:,} {singular if count == 1 else plural_form or singular + 's'}"


def binary_size(count: float) -> str:
    """An amount of bytes: "512 B", "1.5 MiB"."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            break
        count /= 1024
    return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"


def hours(seconds: float) -> str:
    """An age: "1.5 hours"."""
    return f"{seconds / 3600:.1f} hours"
