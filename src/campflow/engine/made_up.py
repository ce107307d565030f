"""Made-up people, and what made-up events say: plausible values for every type of field."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from campflow.model.calendar import DAY
from campflow.model.constants import Stored, list_text, stored
from campflow.model.currencies import exponent
from campflow.model.people import Contact, Field, ValueType

#: Values and how often each comes, in parts of their sum. None is a missing value.
Weights: TypeAlias = tuple[tuple[Stored, float], ...]

#: How many lack a field that may be missing.
MISSING = 0.1

#: No mail reaches it: RFC 2606 reserves every name below .example.
DOMAIN = "made-up.example"

#: Nobody has such a number: Ofcom keeps 07700 900000 to 900999 for drama.
_PHONE = "+447700900"

_NAMES = "Ada Ben Chloé Daniel Emily Fabien Grace Hugo Inès Jack Karim Léa Mia Noah Olga Priya Rosa Sam Théo Zoé"
_YEAR = 365


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody may live, so that country, language and time zone go together."""

    country: str
    language: str
    timezone: str
    share: int


PLACES = (
    Place("US", "en", "America/New_York", 25),
    Place("DE", "de", "Europe/Berlin", 18),
    Place("FR", "fr", "Europe/Paris", 17),
    Place("GB", "en", "Europe/London", 15),
    Place("ES", "es", "Europe/Madrid", 8),
    Place("IT", "it", "Europe/Rome", 8),
    Place("CA", "en", "America/Toronto", 5),
    Place("JP", "ja", "Asia/Tokyo", 4),
)


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes values up. Days and times lie around `now`; `zone` and `currency` are the project's."""

    now: int
    zone: str
    currency: str | None

    def person(
        self, number: int, contact: Contact, weights: Mapping[str, Weights], chance: Random
    ) -> dict[str, Stored]:
        """A value for every field, by its name. No two numbers share an e-mail address."""
        place = self._place(contact, weights, chance)
        found: dict[str, Stored] = {}
        for field in contact.fields:
            if field.type.kind == "country" and field.name in weights:
                found[field.name] = place.country if place.share else None
            elif field.type.kind == "email":
                found[field.name] = email(number)
            else:
                found[field.name] = self.value(field, weights.get(field.name), place, chance)
        return found

    def fields(self, fields: Iterable[Field], weights: Mapping[str, Weights], chance: Random) -> dict[str, Stored]:
        """What an event says, by field."""
        return {each.name: self.value(each, weights.get(each.name), PLACES[0], chance) for each in fields}

    def value(self, field: Field, weights: Weights | None, place: Place, chance: Random) -> Stored:
        """By weight where there are any; else the default, and where there is none something of the type."""
        if weights is not None:
            return drawn(weights, chance)
        if field.default is not None:
            return stored(field.default, field.type, self.zone)
        if field.optional and chance.random() < MISSING:
            return None
        return self._made_up(field.name, field.type, place, chance)

    def _place(self, contact: Contact, weights: Mapping[str, Weights], chance: Random) -> Place:
        """Where someone lives: by the weights of the country where there are any. Share 0: in no known country."""
        usual = chance.choices(PLACES, [place.share for place in PLACES])[0]
        for field in contact.fields:
            if field.type.kind == "country" and field.name in weights:
                country = drawn(weights[field.name], chance)
                known = [place for place in PLACES if place.country == country]
                if country is None:
                    return Place("", usual.language, usual.timezone, 0)
                return known[0] if known else Place(str(country), usual.language, usual.timezone, 1)
        return usual

    def _made_up(self, name: str, type: ValueType, place: Place, chance: Random) -> Stored:
        digits = exponent(self.currency) if self.currency else 2
        match type.kind:
            case "choice":
                return chance.choice(type.choices)
            case "list":
                return self._list(name, type, place, chance)
            case "country" | "language" | "timezone":
                return str(getattr(place, type.kind))
            case "date":
                first, last = (-80 * _YEAR, -18 * _YEAR) if "birth" in name else (-_YEAR, _YEAR)
                return self.now // DAY + chance.randint(first, last)
            case "time":
                return self.now + chance.randint(-DAY * _YEAR // 2, DAY * _YEAR // 2)
            case "integer":
                return chance.randint(0, 100)
            case "number":
                return round(chance.uniform(0, 100), 1)
            case "yesno":
                return chance.random() < 0.5
            case "money":  # half of them between 25 and 60
                return round(chance.lognormvariate(3.7, 0.6) * float(10**digits))
            case _:
                return _text(name, type, chance)

    def _list(self, name: str, type: ValueType, place: Place, chance: Random) -> str:
        assert type.element is not None  # noqa: S101 -- a list type always says of what
        values = [self._made_up(name, type.element, place, chance) for _ in range(chance.randint(0, 2))]
        return list_text(list(dict.fromkeys(values)))


def email(number: int) -> str:
    """An address of its own for each number."""
    return f"person{number}@{DOMAIN}"


def phone(number: int) -> str:
    return f"{_PHONE}{number % 1000:03}"


def drawn(weights: Weights, chance: Random) -> Stored:
    """One of the values."""
    return chance.choices([value for value, _ in weights], [weight for _, weight in weights])[0]


def _text(name: str, type: ValueType, chance: Random) -> str:
    """Few different texts, so that a second event may well be about the same cart or item as the first."""
    number = chance.randint(1, 5)
    match type.kind:
        case "email":
            return f"{name}{number}@{DOMAIN}"
        case "phone":
            return phone(chance.randrange(1000))
        case "url":
            return f"https://{DOMAIN}/{name}/{number}"
        case _:
            return chance.choice(_NAMES.split()) if "name" in name else f"{name}-{number}"
