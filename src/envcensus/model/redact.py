"""Taking secrets out of addresses and of any text that may quote one."""

from __future__ import annotations

import re

MASK = "****"

# RFC 3986: userinfo ends at the last "@" of the authority. A password pasted with a raw "/", "?" or "#" in it is
# no valid URL, but must not be printed either: hence the second form, "user:" followed by anything but a port.
_USERINFO = r"(?<=://)(?:[^/?#\s]*@|[^/?#\s:@]*:(?!\d*(?:[/?#\s]|$))\S*@)"
_QUERY_VALUE = r"(?<=[?&])([^=&#\s\"'<>]+)=[^&#\s\"'<>]+"


def redact(text: str) -> str:
    """Mask the credentials and the query values of every URL in `text`.

    >>> redact("no answer from https://me:secret@example.com/simple/?token=abc")
    'no answer from https://****@example.com/simple/?token=****'
    """
    if "://" not in text:
        return text
    text = re.sub(_USERINFO, f"{MASK}@", text)
    return re.sub(_QUERY_VALUE, rf"\1={MASK}", text) if "?" in text else text
