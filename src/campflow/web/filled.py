"""What came in with a form: only fields that the page asks for, each once, each of its type."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl

from campflow.checking.page_words import CONSENT, PageWords
from campflow.model.people import Contact, Field
from campflow.people.fields import read_field
from campflow.people.values import LONGEST_TEXT, Conventions
from campflow.people.wording import BadCell
from campflow.web.form_words import Words

#: Names of a form that no field has: fields have no hyphen.
TOKEN, AGREED, TRAP = "form-token", "i-agree", "web-site"

#: Values that one form may hold.
_MOST = 500

#: What nobody types into one line.
_NOT_TYPED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")


class Unasked(Exception):
    """A form that holds what the page did not ask for, or one thing twice."""


@dataclass(frozen=True, slots=True)
class Filled:
    """`values` are what to show again, by field; `cells` what to keep; `errors` what is wrong, by field."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cells: Mapping[str, object] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    agreed: bool = False
    token: str = ""
    trapped: bool = False


def read_form(
    body: bytes, words: PageWords, contact: Contact, conventions: Conventions, country: str | None, say: Words
) -> Filled:
    """The form of a page with these words. `country` is the visitor's, where it is known and not asked.

    Raises Unasked.
    """
    given = _given(body, {*words.fields, *((AGREED,) if words.consent else ())}, _lists(words, contact))
    values = {name: given.get(name, ()) for name in words.fields}
    cells: dict[str, object] = {}
    errors: dict[str, str] = {}
    there = replace(conventions, country=country)
    # Countries first: phone numbers are read with them.
    known = [each for name in words.fields if (each := contact.field(name)) is not None]
    for each in sorted(known, key=lambda one: one.type.kind != "country"):
        said = _cell(each, values[each.name])
        if said is None:
            if each.name in words.required:
                errors[each.name] = say["agree" if each.type.kind == "yesno" else "required"]
            continue
        if wrong := _unkept(said, say):
            errors[each.name] = wrong
            continue
        try:
            stored = read_field(each, said, there)
        except BadCell:
            errors[each.name] = say.of_kind(each.type.kind)
            continue
        if each.type.kind == "yesno" and each.name in words.required and not stored:
            errors[each.name] = say["agree"]
        if each.type.kind == "country":
            there = replace(there, country=str(stored))
        cells[each.name] = said
    agreed = bool(given.get(AGREED))
    if CONSENT in words.required and words.consent and not agreed:
        errors[AGREED] = say["agree"]
    return Filled(
        values=values,
        cells=cells,
        errors={name: errors[name] for name in (*words.fields, AGREED) if name in errors},
        agreed=agreed,
        token="".join(given.get(TOKEN, ())),
        trapped=any(each.strip() for each in given.get(TRAP, ())),
    )


def _lists(words: PageWords, contact: Contact) -> frozenset[str]:
    fields = (contact.field(name) for name in words.fields)
    return frozenset(each.name for each in fields if each is not None and each.type.kind == "list")


def _given(body: bytes, asked: set[str], lists: frozenset[str]) -> dict[str, tuple[str, ...]]:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST, errors="strict")
    except ValueError as error:
        raise Unasked("it cannot be read") from error
    given: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        if name not in asked and name not in (TOKEN, TRAP):
            raise Unasked(f"it holds {name[:40]!a}, which is not asked for")
        if name in given and name not in lists:
            raise Unasked(f"it holds {name!a} twice")
        given[name] = (*given.get(name, ()), value)
    return given


def _cell(field: Field, values: tuple[str, ...]) -> object:
    """What the visitor said, None for nothing. A box that is not ticked says no."""
    if field.type.kind == "yesno":
        return "yes" if any(values) else "no"
    kept = [each.strip() for each in values if each.strip()]
    if field.type.kind == "list":
        return kept or None
    return kept[0] if kept else None


def _unkept(said: object, say: Words) -> str | None:
    for each in said if isinstance(said, list) else [said]:
        if _NOT_TYPED.search(str(each)):
            return say["characters"]
        if len(str(each)) > LONGEST_TEXT:
            return say["long"]
    return None
