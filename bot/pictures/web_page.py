"""The picture that a web page names in its head, for the cards that chat programs show of links."""

import re
from html.parser import HTMLParser
from itertools import islice

from yarl import URL

HEAD_BYTES = 512 * 1024
"""So much of a page is read at most; what it names stands near its beginning."""

CONTENT_TYPES = frozenset({"text/html", "application/xhtml+xml"})
"""What servers call a page."""

_NAMES = (
    *("og:image:secure_url", "og:image", "og:image:url"),
    *("twitter:image", "twitter:image:src"),
)
"""What pages call their picture, the best first."""
_TAG = re.compile(r"<meta[\s/][^<>]{1,4096}>", re.IGNORECASE)
_TAGS = 100
"""So many tags of a page are looked at, which bounds the time that a hostile one can take."""
_HEAD_ENDS = re.compile(rb"</head\s*>|<body[\s>]", re.IGNORECASE)


class _Meta(HTMLParser):
    """Collects the first content for each of `_NAMES`."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a `meta` tag names; of attributes that stand twice the first counts."""
        told = dict(reversed(attrs))
        name = (told.get("property") or told.get("name") or "").strip().lower()
        content = (told.get("content") or "").strip()
        if tag == "meta" and name in _NAMES and content:
            self.found.setdefault(name, content)


def is_whole(head: bytearray, newest: int) -> bool:
    """Tell whether `head` has all that can name the picture; its last `newest` bytes are new."""
    at = max(0, len(head) - newest - len("</head>"))
    return len(head) >= HEAD_BYTES or _HEAD_ENDS.search(head, at) is not None


def named_picture(head: bytes, page: URL) -> URL | None:
    """Return the address of the picture that the page at `page` names, None if it names none.

    `head` is the page's beginning. The address has not been checked in any way.

    Raises:
        ValueError: What the page names is no address.
    """
    # Addresses are ASCII in every encoding that pages have, but for UTF-16. The codec that a page
    # asks for is not used: some of Python's take quadratic time.
    utf16 = head[:2] in {b"\xff\xfe", b"\xfe\xff"}
    text = head[:HEAD_BYTES].decode("utf-16" if utf16 else "utf-8", errors="replace")
    meta = _Meta()
    # The parser alone would take quadratic time over tags that never end.
    tags = (tag[0] for tag in _TAG.finditer(text) if "image" in tag[0].lower())
    for tag in islice(tags, _TAGS):
        meta.feed(tag)
    first = next((meta.found[name] for name in _NAMES if name in meta.found), None)
    return None if first is None else page.join(URL(first))
