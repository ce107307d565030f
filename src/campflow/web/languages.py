"""Which language a visitor is spoken to in."""

from collections.abc import Iterable, Mapping

#: What the web part's own pages speak; English where a visitor asks for none of these.
SPOKEN = ("en", "fr", "de")


def accepted(headers: Mapping[str, str]) -> tuple[str, ...]:
    """The languages that a browser asks for, the dearest first (RFC 9110, 12.5.4)."""
    found: list[tuple[float, str]] = []
    for each in headers.get("accept-language", "").split(",")[:10]:
        tag, _, weight = each.strip().partition(";q=")
        try:
            found.append((float(weight) if weight else 1.0, tag))
        except ValueError:
            continue
    ordered = sorted(found, key=lambda each: -each[0])
    return tuple(tag for weight, tag in ordered if weight > 0 and tag not in ("", "*"))


def spoken(wanted: Iterable[str]) -> str:
    """The first of these languages that we speak, as a tag of two letters; English where we speak none."""
    for tag in wanted:
        first = tag.replace("_", "-").lower().partition("-")[0]
        if first in SPOKEN:
            return first
    return "en"


def asked_for(headers: Mapping[str, str]) -> str:
    """The first language that a browser asks for and we speak."""
    return spoken(accepted(headers))
