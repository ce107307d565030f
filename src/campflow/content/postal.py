"""Postal addresses: a template that reads one from a contact's fields, and what it was filled with."""

import json
from dataclasses import dataclass

from campflow.errors import ContentError

#: The contact field that a postal channel names as its `address`, and those that it `needs` beside it.
ADDRESS, NEEDS = "street", ("postcode", "city")

#: The part of a message that holds the address. Values become JSON: nothing in them can be anything but a text.
PART = "address"

_FIELDS = (
    "name", "first_name", "last_name", "company", "street", "street2", "postcode", "city", "state", "country",
)  # fmt: skip

#: A Jinja text for the part PART of `Prepared`. Fields that the contact type does not have are empty.
TEMPLATE = (
    "{% set who = contact | default({}) %}{"
    + ", ".join(f'"{name}": {{{{ who.{name} | default("") | string | tojson }}}}' for name in _FIELDS)
    + "}"
)

#: Characters that one line of an address may have: more fits in no window.
LONGEST = 60


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """Whom and where to. Each is one line or empty; `street`, `postcode` and `city` are never empty.

    `name` is the person's, `country` an ISO 3166-1 code or empty where the contact has none.
    """

    name: str
    company: str
    street: str
    street2: str
    postcode: str
    city: str
    state: str
    country: str


def read_address(part: str, street: str) -> PostalAddress:
    """The address in a filled TEMPLATE; `street` is Message.address. Raises ContentError for what cannot be printed."""
    said = {name: _line(name, value) for name, value in json.loads(part).items()}
    name = said["name"] or f"{said['first_name']} {said['last_name']}".strip()
    found = PostalAddress(
        name, said["company"], _line(ADDRESS, street), said["street2"], said["postcode"], said["city"], said["state"],
        said["country"].upper(),
    )  # fmt: skip
    for field in (ADDRESS, *NEEDS):
        if not getattr(found, field):
            raise ContentError(f"the contact has no {field}")
    if not (found.name or found.company):
        raise ContentError("the contact has no name: fill `name`, `first_name` and `last_name`, or `company`")
    return found


def _line(name: str, value: str) -> str:
    """One printable line, or a ContentError: who writes several lines into one field means another address."""
    line = " ".join(part for part in value.split(" ") if part)
    if not all(each.isprintable() for each in line):
        raise ContentError(f"the contact's {name} is not one line of printable characters")
    if len(line) > LONGEST:
        raise ContentError(f"the contact's {name} has more than {LONGEST} characters, which no address window shows")
    return line
