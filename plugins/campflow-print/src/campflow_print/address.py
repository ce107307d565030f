"""The lines of an address as the post of the country wants them."""

from babel import Locale

from campflow.content.postal import PostalAddress
from campflow.errors import ContentError
from campflow.model.countries import COUNTRIES
from campflow_print.windows import LINES

#: Their posts ask for the last lines in capitals (NF Z 10-011 and its likes).
_CAPITALS = frozenset({"FR", "MC", "GB", "IE", "US", "CA", "AU"})
#: The state stands behind the city, and the postcode at the end.
_STATE_FIRST = frozenset({"US", "CA", "AU"})
#: The postcode is a line of its own.
_POSTCODE_LAST = frozenset({"GB", "IE"})


def address_lines(address: PostalAddress, posted_in: str) -> list[str]:
    """Company, person, street, city; the country in capitals where the letter crosses a border. Raises ContentError."""
    country = address.country or posted_in
    if country not in COUNTRIES:
        raise ContentError(f"the contact's country `{country}` is not a country of ISO 3166-1")
    places = _places(address, country)
    if country in _CAPITALS:
        places = [line.upper() for line in places]
    if country != posted_in:
        places.append(_country_name(country, posted_in))
    lines = [line for line in (address.company, address.name, address.street2, address.street, *places) if line]
    if len(lines) > LINES:
        raise ContentError(f"the address has {len(lines)} lines, and the window shows {LINES}")
    return lines


def _places(address: PostalAddress, country: str) -> list[str]:
    if country in _STATE_FIRST:
        return [" ".join(part for part in (address.city, address.state, address.postcode) if part)]
    if country in _POSTCODE_LAST:
        return [address.city, address.postcode]
    return [f"{address.postcode} {address.city}"]


def _country_name(country: str, posted_in: str) -> str:
    """In the language of the country where it is posted: its sorters read it."""
    locale = Locale.parse(f"und_{posted_in}")
    return (locale.territories.get(country) or Locale("en").territories.get(country) or country).upper()
