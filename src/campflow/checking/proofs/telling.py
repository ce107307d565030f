"""Made-up contacts in words: "a contact with `score` 4 and without a `country`"."""

import datetime as dt
from collections.abc import Sequence

from campflow.checking.proofs.judging import Answer, Person, Unknown, value
from campflow.model import expressions as x
from campflow.model.currencies import exponent

_MOST_TOLD = 4
_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 -- a local time, as written in a `.flow` file


def described(person: Person, currency: str | None) -> str:
    """The contact, or the event with its contact, by the values that matter."""
    told = person.told[:_MOST_TOLD]
    events = [part for part in told if isinstance(part, x.EventField)]
    entries = [part for part in told if isinstance(part, x.EntryField)]
    fields = [part for part in told if isinstance(part, x.ContactField)]
    did = [part for part in told if isinstance(part, x.Aggregate | x.RfmScore)]
    words = f"a `{events[0].event}`{_with(events, person, currency)}" if events else ""
    if fields or did or not words:
        contact = f"a contact{_with(fields, person, currency)}{_done(did, person)}"
        words = f"{words} of {contact}" if words else contact
    return f"{words}, entered by an event{_with(entries, person, currency)}" if entries else words


def shown(expression: x.Expression, answer: Answer, currency: str | None) -> str:
    """A value as one would say it of a contact."""
    match answer:
        case bool():
            return "yes" if answer else "no"
        case str():
            return f'"{answer}"'
        case frozenset():
            return "holding " + " and ".join(f'"{item}"' for item in sorted(answer)) if answer else "empty"
        case None:
            return "missing"
    kind = expression.type.kind
    if kind == "money":
        decimals = exponent(currency or "EUR")
        amount = answer / 10**decimals
        return f"{amount:.{0 if amount == int(amount) else decimals}f} {currency or ''}".rstrip()
    if kind in ("date", "time"):
        return _moment(kind, int(answer))
    return f"{answer:g}" if isinstance(answer, float) else str(answer)


def _moment(kind: str, count: int) -> str:
    try:
        moment = _EPOCH + (dt.timedelta(days=count) if kind == "date" else dt.timedelta(milliseconds=count))
    except OverflowError:
        return "in another age"
    return f"{moment:%Y-%m-%d}" if kind == "date" else f"{moment:%Y-%m-%d %H:%M}"


def _with(fields: Sequence[x.ContactField | x.EventField | x.EntryField], person: Person, currency: str | None) -> str:
    there, absent = [], []
    for field in fields:
        answer = value(field, person)
        if answer is None:
            absent.append(f"{_article(field.name)} `{field.name}`")
        elif not isinstance(answer, Unknown):
            there.append(f"`{field.name}` {shown(field, answer, currency)}")
    parts = [f"with {_listed(there)}"] * bool(there) + [f"without {_listed(absent)}"] * bool(absent)
    return f" {' and '.join(parts)}" if parts else ""


def _done(figures: Sequence[x.Aggregate | x.RfmScore], person: Person) -> str:
    """What the contact did, or never did."""
    done: dict[str, str] = {}
    for figure in figures:
        answer = value(figure, person)
        if isinstance(figure, x.Aggregate):
            about = f"{figure.pattern.event} {figure.pattern.about or ''}".rstrip()
            name = f"such a `{about}`" if figure.pattern.where else f"a `{about}`"
            if isinstance(answer, int) and answer > 0 and figure.function == "count":
                done[about] = f"has had {name}{'' if answer == 1 else f' {answer} times'}"
            else:
                done.setdefault(about, f"has never had {name}")
    return f" who {_listed(list(done.values()))}" if done else ""


def _listed(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _article(name: str) -> str:
    return "an" if name[0] in "aeiou" else "a"
