"""Forms as HTML: labels, inputs and what is wrong beside them. Whatever a visitor wrote is escaped here."""

from collections.abc import Callable, Mapping

from markupsafe import Markup
from phonenumbers.geodata.locale import LOCALE_DATA

from campflow.checking.page_words import CONSENT, PageWords
from campflow.errors import ContentError
from campflow.model.countries import COUNTRIES
from campflow.model.people import Contact, Field
from campflow.web.filled import AGREED, TOKEN, TRAP, Filled
from campflow.web.form_words import Words

#: What browsers may fill in by themselves (WCAG 2.1, 1.3.5), by field.
_AUTOCOMPLETE = {
    "email": "email", "phone": "tel", "name": "name", "first_name": "given-name", "last_name": "family-name",
    "company": "organization", "country": "country", "street": "street-address", "postcode": "postal-code",
    "zip": "postal-code", "city": "address-level2", "birthday": "bday", "language": "language",
}  # fmt: skip

#: The input of a kind, and the keyboard that a telephone shows for it.
_INPUTS = {
    "email": ("email", "email"), "phone": ("tel", "tel"), "url": ("url", "url"), "integer": ("text", "numeric"),
    "number": ("text", "decimal"), "money": ("text", "decimal"), "date": ("date", ""), "time": ("datetime-local", ""),
}  # fmt: skip


class FormHtml:
    """What a page's template calls: `form()`, `field("email")`, `consent()`."""

    def __init__(self, words: PageWords, contact: Contact, filled: Filled, token: str, say: Words) -> None:
        self._words, self._contact, self._filled, self._token, self._say = words, contact, filled, token, say

    @property
    def names(self) -> dict[str, object]:
        return {"form": self.form, "field": self.field, "consent": self.consent}

    def form(self, button: str | None = None, caller: Callable[[], str] | None = None) -> Markup:
        """The whole form, or, around what stands in a `call` block, only what makes it one."""
        if not self._words.has_form:
            raise ContentError("this page has no form: write its `fields` into the front matter")
        if caller is not None:
            inner = Markup(caller())  # noqa: S704 -- the template's own output, escaped as it was filled
        else:
            parts = [self.field(name) for name in self._words.fields]
            if self._words.consent:
                parts.append(self.consent())
            parts.append(Markup("<p><button>{}</button></p>").format(button or self._say["send"]))
            inner = Markup("\n").join(parts)
        trap = Markup('<p hidden><label>Website <input name="{}" autocomplete="off" tabindex="-1"></label></p>').format(
            TRAP
        )
        token = Markup('<input type="hidden" name="{}" value="{}">').format(TOKEN, self._token)
        return Markup('<form method="post" novalidate>\n{}{}\n{}\n{}\n</form>').format(
            self._summary(), token, inner, trap
        )

    def field(self, name: str, label: str | None = None, choices: Mapping[str, str] | None = None) -> Markup:
        """One field with its label. `choices` are the words for the values of a choice, or for some countries."""
        field = self._contact.field(name)
        if field is None or name not in self._words.fields:
            raise ContentError(f"`{name}` is not among the `fields` of the page")
        text = label or name.replace("_", " ").capitalize()
        if field.type.kind == "yesno":
            ticked = any(each not in ("", "no") for each in self._filled.values.get(name, ()))
            return self._box(name, "yes", text, ticked, name in self._words.required)
        if field.type.kind == "list":
            return self._boxes(field, text, choices or {})
        error = self._error(name)
        return Markup('<p>\n<label for="{id}">{text}{more}</label>\n{error}{control}\n</p>').format(
            id=f"field-{name}", text=text, more=self._mark(name), error=error, control=self._control(field, choices)
        )

    def consent(self, wording: str | None = None) -> Markup:
        """The box that gives consent, never ticked beforehand, beside the words that are agreed to."""
        if self._words.consent is None:
            raise ContentError("this page asks for no consent: write `consent` and `wording` into the front matter")
        if wording is not None:
            raise ContentError("what is agreed to is kept as it was read: write it as `wording` in the front matter")
        required = CONSENT in self._words.required
        return self._box(AGREED, "yes", self._words.wording, self._filled.agreed, required)

    # --- pieces -------------------------------------------------------------------------------------------------

    def _summary(self) -> Markup:
        if not self._filled.errors:
            return Markup()
        items = Markup("").join(
            Markup('<li><a href="#field-{}">{}</a></li>').format(name, error)
            for name, error in self._filled.errors.items()
            if name
        )
        listed = Markup("<ul>{}</ul>").format(items) if items else Markup()
        general = self._filled.errors.get("")
        said = Markup("<p>{}</p>").format(general) if general else Markup()
        return Markup('<div role="alert" class="form-errors">\n<p><strong>{}</strong></p>{}{}</div>\n').format(
            self._say["wrong"], said, listed
        )

    def _mark(self, name: str) -> Markup:
        if name in self._words.required:
            return Markup()
        return Markup(" <small>({})</small>").format(self._say["optional"])

    def _error(self, name: str) -> Markup:
        error = self._filled.errors.get(name)
        if error is None:
            return Markup()
        return Markup('<strong class="form-error" id="error-{}">{}</strong>\n').format(name, error)

    def _attributes(self, name: str, required: bool) -> Markup:
        """That a field is needed, and what is wrong with it, for those who do not see it."""
        found = Markup(" required") if required else Markup()
        if name in self._filled.errors:
            found += Markup(' aria-invalid="true" aria-describedby="error-{}"').format(name)
            if name == next(iter(self._filled.errors)):
                found += Markup(" autofocus")
        return found

    def _control(self, field: Field, choices: Mapping[str, str] | None) -> Markup:
        name, kind = field.name, field.type.kind
        value = next(iter(self._filled.values.get(name, ())), "")
        more = self._attributes(name, name in self._words.required)
        complete = _AUTOCOMPLETE.get(name) or _AUTOCOMPLETE.get(kind)
        if complete:
            more += Markup(' autocomplete="{}"').format(complete)
        if kind == "choice":
            shown = {each: (choices or {}).get(each, each) for each in field.type.choices}
            return self._select(name, shown, value, more)
        if kind == "country" or choices:
            return self._select(name, dict(choices) if choices else _countries(self._say.tag), value, more)
        type_, keyboard = _INPUTS.get(kind, ("text", ""))
        if keyboard:
            more += Markup(' inputmode="{}"').format(keyboard)
        return Markup('<input type="{}" id="field-{}" name="{}" value="{}"{}>').format(type_, name, name, value, more)

    def _select(self, name: str, choices: Mapping[str, str], value: str, more: Markup) -> Markup:
        options = [Markup('<option value="">{}</option>').format(self._say["choose"])]
        for each, shown in choices.items():
            chosen = Markup(" selected") if each == value else Markup()
            options.append(Markup('<option value="{}"{}>{}</option>').format(each, chosen, shown))
        return Markup('<select id="field-{}" name="{}"{}>\n{}\n</select>').format(
            name, name, more, Markup("\n").join(options)
        )

    def _box(self, name: str, value: str, text: str, ticked: bool, required: bool) -> Markup:
        more = self._attributes(name, required) + (Markup(" checked") if ticked else Markup())
        return Markup(
            '<p>\n{error}<input type="checkbox" id="field-{name}" name="{name}" value="{value}"{more}>\n'
            '<label for="field-{name}">{text}</label>\n</p>'
        ).format(error=self._error(name), name=name, value=value, more=more, text=text)

    def _boxes(self, field: Field, text: str, choices: Mapping[str, str]) -> Markup:
        name, element = field.name, field.type.element
        ticked = self._filled.values.get(name, ())
        boxes = [
            Markup('<label><input type="checkbox" name="{}" value="{}"{}> {}</label><br>').format(
                name, each, Markup(" checked") if each in ticked else Markup(), choices.get(each, each)
            )
            for each in (element.choices if element else ())
        ]
        return Markup('<fieldset id="field-{}" tabindex="-1">\n<legend>{}{}</legend>\n{}{}\n</fieldset>').format(
            name, text, self._mark(name), self._error(name), Markup("\n").join(boxes)
        )


def _countries(language: str) -> dict[str, str]:
    """Names of countries by code, in the order of their names."""
    names = {code: _name(code, language.partition("-")[0]) for code in COUNTRIES}
    return dict(sorted(names.items(), key=lambda each: each[1].casefold()))


def _name(code: str, language: str) -> str:
    """In this language, else in English, as the data of phone numbers has it: `*aa` there means "as in aa"."""
    known = LOCALE_DATA.get(code, {})
    found = known.get(language) or known.get("en", code)
    while found.startswith("*"):
        found = known.get(found[1:], code)
    return found or code


def shown_values(values: Mapping[str, object], names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """What a form shows of a known contact, as its inputs write it."""
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        value = values.get(name)
        if isinstance(value, tuple):
            found[name] = tuple(map(str, value))
        elif value is True or value is False:
            found[name] = ("yes",) if value else ()
        elif value is not None:
            found[name] = (_written(value),)
    return found


def _written(value: object) -> str:
    isoformat = getattr(value, "isoformat", None)
    return str(isoformat())[:16] if isoformat else str(value)
