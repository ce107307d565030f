"""From a message to what Lob is asked for: the body of a request, as its description has it."""

import re
from collections.abc import Mapping

from campflow.content import postal
from campflow.content.postal import PostalAddress, read_address
from campflow.errors import ContentError
from campflow.hooks.contracts import Message
from campflow.model.countries import COUNTRIES
from campflow_lob.pieces import BODY, LONGEST, Piece, piece_of, sides_of
from campflow_lob.settings import LobSettings

#: What stands in the metadata of a piece and comes back with its webhooks: Message.key.
KEY = "campflow_key"

#: Addresses there are American ones, whose state is the territory.
_TERRITORIES = frozenset({"AS", "PR", "FM", "GU", "MH", "MP", "PW", "VI"})
#: Lob posts nothing there.
_UNREACHED = frozenset({"PS"})

#: Characters of a name, and of an American street with its second line.
_NAME, _AMERICAN = 40, 50


def order(message: Message, settings: LobSettings) -> tuple[str, str, dict[str, object]]:
    """The kind of mail, where it is ordered, and the order. Raises ContentError for what Lob could not print."""
    options = message.options
    name, piece = piece_of(options)
    body: dict[str, object] = {
        "description": f"{message.campaign} {message.name}"[:255],
        "to": _to(read_address(message.parts[postal.PART], message.address), settings.country),
        "use_type": "operational" if options.get("transactional") else "marketing",
        "metadata": {KEY: message.key},
        **_sides(message.parts[BODY], piece),
    }
    if settings.sender:
        body["from"] = settings.sender
    if options.get("size"):
        body["size"] = str(options["size"])
    if name == "letter":
        if not settings.sender:
            raise ContentError("a letter needs a sender: set `sender` under [channels.lob] to your adr_… at Lob")
        body["color"] = _yes(options, "color", False)
        body["double_sided"] = _yes(options, "double_sided", True)
    return name, piece.path, body


def _sides(html: str, piece: Piece) -> dict[str, str]:
    sides = sides_of(html, piece)
    for name, side in sides.items():
        if len(side) > LONGEST:
            raise ContentError(f"the {name} has {len(side):,} characters of HTML, and Lob takes {LONGEST:,}")
    return sides


def _yes(options: Mapping[str, object], name: str, default: bool) -> bool:
    value = options.get(name, default)
    if not isinstance(value, bool):
        raise ContentError(f"`{name}` is yes or no")
    return value


def _to(address: PostalAddress, default: str) -> dict[str, str]:
    country = address.country or default
    if country not in COUNTRIES or country in _UNREACHED:
        raise ContentError(f"Lob posts nothing to `{country}`")
    for what, text in (("name", address.name), ("company", address.company)):
        if len(text) > _NAME:
            raise ContentError(f"the contact's {what} has more than {_NAME} characters")
    who = {"name": address.name, "company": address.company}
    is_american = country == "US" or country in _TERRITORIES
    place = _american(address, country) if is_american else _elsewhere(address, country)
    return {name: text for name, text in {**who, **place}.items() if text}


def _american(address: PostalAddress, country: str) -> dict[str, str]:
    state = country if country in _TERRITORIES else address.state.upper()
    if not re.fullmatch(r"[A-Z]{2}", state):
        raise ContentError("the contact has no state of two letters, which an American address needs")
    if not re.fullmatch(r"\d{5}(-\d{4})?", address.postcode):
        raise ContentError(f"the contact's postcode `{address.postcode}` is not an American one: 12345 or 12345-6789")
    if len(address.street) + len(address.street2) > _AMERICAN:
        raise ContentError(f"the contact's street has more than {_AMERICAN} characters")
    return {
        "address_line1": address.street, "address_line2": address.street2, "address_city": address.city,
        "address_state": state, "address_zip": address.postcode, "address_country": "US",
    }  # fmt: skip


def _elsewhere(address: PostalAddress, country: str) -> dict[str, str]:
    """A city and a postcode. Lob's description takes a state only where there is no postcode."""
    return {
        "address_line1": address.street, "address_line2": address.street2, "address_city": address.city,
        "address_zip": address.postcode, "address_country": country,
    }  # fmt: skip
