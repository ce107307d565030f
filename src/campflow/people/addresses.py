"""Checking and normalising what reaches a person or says where one lives: e-mail, phone, country, language, zone, url.

Every function takes a stripped text and gives back the one form in which it is stored, or raises BadValue.
"""

import re
from functools import lru_cache
from urllib.parse import urlsplit

import phonenumbers
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

from campflow.model.calendar import is_zone
from campflow.model.countries import COUNTRIES
from campflow.people.wording import BadValue, quoted

_ATOM = r"[A-Za-z0-9_%+=~&/-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"

#: Addresses of the plainest kind, which are nearly all of them: these need no further look.
_PLAIN_EMAIL = re.compile(rf"(?=[^@]{{1,64}}@.{{1,180}}\Z)({_ATOM}(?:\.{_ATOM})*)@((?:{_LABEL}\.)+([A-Za-z]{{2,24}}))")

#: `Info@` and `info@` are one mailbox; other names may be two.
_ANY_CASE = frozenset(CASE_INSENSITIVE_MAILBOX_NAMES)
_SPECIAL_ENDINGS = frozenset(name.rsplit(".", 1)[-1] for name in SPECIAL_USE_DOMAIN_NAMES)

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,5}")
_USUAL_MISTAKES = {"UK": "GB", "EL": "GR"}


def email(text: str) -> str:
    """An e-mail address that could exist, its domain in lower case. Nobody is asked whether it does."""
    plain = _PLAIN_EMAIL.fullmatch(text)
    if plain and "--" not in plain[2] and plain[3].lower() not in _SPECIAL_ENDINGS:
        name = plain[1].lower() if plain[1].lower() in _ANY_CASE else plain[1]
        return f"{name}@{plain[2].lower()}"
    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        reason = str(error).rstrip(".")
        raise BadValue(f"{quoted(text)} is not an e-mail address: {reason[:1].lower()}{reason[1:]}") from None


def phone(text: str, country: str | None) -> str:
    """A phone number as `+33612345678`; `country` is where one without a country code is dialled."""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        advice = f"of {country}" if country else "with + and the country's code, as in +33612345678"
        raise BadValue(f"{quoted(text)} is not a phone number: write one {advice}") from None
    if not phonenumbers.is_valid_number(number):
        raise BadValue(f"{quoted(text)} is not a phone number that anyone can have")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def country(text: str) -> str:
    """An ISO 3166 country code of two letters, in upper case."""
    code = text.upper()
    if code in COUNTRIES:
        return code
    advice = f"write {_USUAL_MISTAKES[code]}" if code in _USUAL_MISTAKES else "write two letters, as in FR"
    raise BadValue(f"{quoted(text)} is not a country code: {advice}")


def language(text: str) -> str:
    """A language tag as in `fr` or `pt-BR`, each part in its usual case."""
    tag = text.replace("_", "-")
    if not _LANGUAGE.fullmatch(tag):
        raise BadValue(f"{quoted(text)} is not a language: write for example fr or pt-BR")
    first, *rest = tag.lower().split("-")
    usual = {2: str.upper, 4: str.title}
    return "-".join([first, *(usual.get(len(part), str.lower)(part) for part in rest)])


def timezone(text: str) -> str:
    """The IANA name of a time zone."""
    if not _known_zone(text):
        raise BadValue(f"{quoted(text)} is not a time zone: write an IANA name such as Europe/Paris")
    return text


def url(text: str) -> str:
    """A web address."""
    try:
        parts = urlsplit(text)
        whole = parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        whole = False
    if not whole or any(c.isspace() or not c.isprintable() for c in text):
        raise BadValue(f"{quoted(text)} is not a web address: write one that begins with https://")
    return text


@lru_cache(maxsize=4096)
def _known_zone(name: str) -> bool:
    return is_zone(name)
