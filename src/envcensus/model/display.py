"""Make untrusted text safe for a terminal."""

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
