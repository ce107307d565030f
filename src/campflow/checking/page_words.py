"""The front matter of a landing page: what its form takes, and where it leads."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from campflow.checking.vocabulary import is_name

#: Every key that a page knows, and whether its value is a list.
PAGE_KEYS: Mapping[str, bool] = {
    "title": False,
    "fields": True,
    "required": True,
    "prefill": True,
    "consent": False,
    "wording": False,
    "double_opt_in": False,
    "after": False,
    "confirmed": False,
    "variants": True,
}

#: Keys whose value, or the items of it, are names.
_NAMES = ("fields", "required", "prefill", "consent", "double_opt_in", "after", "confirmed")

#: What `required` calls the box that gives consent.
CONSENT = "consent"

#: Shares of variants: whole numbers and halves, as splits have them.
_VARIANT = re.compile(r"([a-z][a-z0-9_]*)\s+([0-9]{1,3}(?:\.[0-9]{1,2})?)\s*%")


@dataclass(frozen=True, slots=True)
class PageWords:
    """What a page says of itself.

    title          of the page, where its file is no whole document
    fields         of the contact, that its form takes; those in `required` must be filled in
    prefill        fields of a known contact that the page may show
    consent        the purpose that its box gives consent for; `wording` stands beside the box
    double_opt_in  the message that asks whether it was really them; None: nobody is asked
    after          the page that follows the form; `confirmed` the one that follows the confirmation
    variants       names and shares in percent, one of which a visitor is shown
    """

    title: str = ""
    fields: tuple[str, ...] = ()
    required: frozenset[str] = frozenset()
    prefill: tuple[str, ...] = ()
    consent: str | None = None
    wording: str = ""
    double_opt_in: str | None = None
    after: str | None = None
    confirmed: str | None = None
    variants: tuple[tuple[str, float], ...] = ()

    @property
    def has_form(self) -> bool:
        return bool(self.fields or self.consent)


@dataclass(frozen=True, slots=True)
class PageMistake:
    """`key` is where it stands."""

    code: str
    key: str
    text: str
    hint: str | None = None


def page_words(front_matter: Mapping[str, object]) -> PageWords:
    """What is said; what is said in a wrong way is left out, and `page_mistakes` tells of it."""

    def names(key: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(str(each) for each in _list(front_matter.get(key)) if is_name(each)))

    def name(key: str) -> str | None:
        said = front_matter.get(key)
        return str(said) if is_name(said) else None

    return PageWords(
        title=_text(front_matter.get("title")),
        fields=names("fields"),
        required=frozenset(names("required")),
        prefill=names("prefill"),
        consent=name("consent"),
        wording=_text(front_matter.get("wording")),
        double_opt_in=name("double_opt_in"),
        after=name("after"),
        confirmed=name("confirmed"),
        variants=tuple(found for each in _list(front_matter.get("variants")) if (found := _variant(each))),
    )


def page_mistakes(front_matter: Mapping[str, object]) -> Iterator[PageMistake]:
    """What is wrong with the front matter by itself, whatever else the project has."""
    for key, value in front_matter.items():
        if key in PAGE_KEYS:
            yield from _of_value(key, value)
    words = page_words(front_matter)
    if words.consent and not words.wording:
        hint = 'write `wording: "Yes, send me the newsletter."`'
        yield PageMistake("bad-template", "consent", "nobody can agree to what is not said: add `wording`", hint)
    if words.wording and not words.consent:
        yield PageMistake("bad-template", "wording", "nothing is agreed to: there is no `consent`", "name a purpose")
    for each in sorted(words.required - {*words.fields, *((CONSENT,) if words.consent else ())}):
        text = f"`{each}` is required, and the form does not take it"
        yield PageMistake("bad-template", "required", text, f"add `{each}` to `fields`")
    if words.double_opt_in and "email" not in words.required:
        text = "whom nobody can write to nobody can ask: `email` is not required"
        yield PageMistake("bad-template", "double_opt_in", text, "add `email` to `fields` and to `required`")
    if words.confirmed and not words.double_opt_in:
        yield PageMistake("bad-template", "confirmed", "nothing is confirmed: there is no `double_opt_in`")
    if words.after and not words.has_form:
        yield PageMistake("bad-template", "after", "nothing comes before it: the page has no form", "add `fields`")
    total = sum(share for _, share in words.variants)
    if words.variants and abs(total - 100) > 1e-9:
        text = f"the variants sum to {total:g}%, not to 100%"
        yield PageMistake("bad-percentages", "variants", text)
    names = [name for name, _ in words.variants]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        yield PageMistake("duplicate-name", "variants", f"there are two variants `{twice[0]}`", "rename one of them")


def _of_value(key: str, value: object) -> Iterator[PageMistake]:
    if PAGE_KEYS[key] != isinstance(value, list):
        kind, example = ("a list", "[a, b]") if PAGE_KEYS[key] else ("one value", "a")
        yield PageMistake("bad-template", key, f"`{key}` is {kind}", f"write for example `{key}: {example}`")
        return
    for each in _list(value):
        if key in _NAMES and not is_name(each):
            text = f"`{key}` holds `{each}`, which is no name"
            yield PageMistake("bad-template", key, text, "names are small letters, digits and `_`")
        if key == "variants" and _variant(each) is None:
            text = f"`{each}` is no variant: a name and its share"
            yield PageMistake("bad-template", key, text, "write for example `variants: [short 50%, long 50%]`")
    if key in ("title", "wording") and not _text(value):
        yield PageMistake("bad-template", key, f"`{key}` is a text")


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value] if value is not None else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _variant(value: object) -> tuple[str, float] | None:
    match = _VARIANT.fullmatch(value.strip()) if isinstance(value, str) else None
    return (match[1], float(match[2])) if match else None
