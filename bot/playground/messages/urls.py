"""Which addresses an embed may carry: well-formed http and https ones, and names of attachments.

Checks the form alone; nobody is ever asked whether something is there.
"""

import ipaddress
import re
from urllib.parse import urlsplit

from bot.playground.model.errors import ValidationErrors
from bot.playground.model.records import Json

MAX_ADDRESS = 2048
WEB = frozenset({"http", "https"})
WEB_OR_FILE = WEB | {"attachment"}
_PLACES = (
    ("", "url", WEB),
    ("image", "url", WEB_OR_FILE),
    ("thumbnail", "url", WEB_OR_FILE),
    ("author", "url", WEB),
    ("author", "icon_url", WEB_OR_FILE),
    ("footer", "icon_url", WEB_OR_FILE),
)
_UNFIT = re.compile(r"[\s\x00-\x1f\x7f<>\"]")
_LABEL = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?")


def check(complaints: ValidationErrors, path: str, embed: Json) -> None:
    """Complain about every address of `embed`, which stands at `path`, that is none."""
    for part, name, schemes in _PLACES:
        value = ((embed.get(part) or {}) if part else embed).get(name)
        if value is None:
            continue
        place = ".".join(step for step in (path, part, name) if step)
        complaints.longer_than(MAX_ADDRESS, place, value)
        if value.partition(":")[0].lower() not in schemes:
            sentence = "Scheme must be one of ('http', 'https')."
            complaints.add(place, "URL_TYPE_INVALID_SCHEME", sentence)
        elif not is_well_formed(value, schemes):
            complaints.add(place, "URL_TYPE_INVALID_URL", "Not a well formed URL.")


def is_well_formed(address: str, schemes: frozenset[str]) -> bool:
    """Whether `address` is one, with one of `schemes`."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if parts.scheme not in schemes or _UNFIT.search(address) or not host:
        return False
    return parts.scheme == "attachment" or (port != 0 and _is_host(host))


def _is_host(host: str) -> bool:
    """Whether `host` is an IP address or a name of at most 253 characters in proper labels."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        labels = host.removesuffix(".").split(".")
        numeric = labels[-1].isdigit()  # "1.2.3" and "300.1.1.1" are no addresses and no names
        return len(host) <= 253 and not numeric and all(map(_LABEL.fullmatch, labels))
    return True
