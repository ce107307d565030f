"""What is remembered saves time, and never changes what is said: whatever is edited, `check_again` tells of a project
what `check_sources` tells of it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.checking.sample import vocabulary

from campflow.checking.vocabulary import ContentFile, ContentIndex, TemplateField, Vocabulary
from campflow.compiler import check_sources
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Source, Span
from campflow.keeping import FOLDER
from campflow.kept_findings import KeptFindings
from campflow.language.parser import parse
from campflow.language.syntax import FlowFile
from campflow.rechecking import Remembered, check_again

MESSAGES = ("welcome", "tips", "nudge")
FIELDS = {
    "email": "email  email",
    "phone": "phone  phone?",
    "plan": "plan  one of trial, pro",
    "score": "score  number = 0",
}


@dataclass(frozen=True)
class State:
    """A project at one moment."""

    texts: Mapping[str, str]
    words: Vocabulary
    today: dt.date

    @property
    def sources(self) -> tuple[Source, ...]:
        return tuple(Source(path, text) for path, text in sorted(self.texts.items()))


@dataclass
class Desk:
    """Somebody who checks one state after the other, and remembers. `looked_at` are the files read for the last."""

    shares: int
    remembered: dict[str, Remembered]
    before: Mapping[str, str]
    looked_at: list[str]

    def check(self, state: State) -> None:
        """Checks as `campflow check` does, and compares."""
        same = {path for path, text in state.texts.items() if self.before.get(path) == text}
        known = {path: each for path, each in self.remembered.items() if path in same}
        self.looked_at = []
        found, kept = check_again(state.sources, state.words, known, self._read, state.today, shares=self.shares)
        assert found == check_sources(state.sources, state.words, today=state.today).diagnostics
        self.remembered, self.before = kept, state.texts

    def _read(self, source: Source) -> tuple[FlowFile, tuple[Diagnostic, ...]]:
        self.looked_at.append(source.path)
        return parse(source)


def desk(shares: int = 1) -> Desk:
    return Desk(shares, {}, {}, [])


# --- one edit after the other -----------------------------------------------------------------------------------

SOUND = {
    "people.flow": """contact {
  email  email
  phone  phone?
  plan   one of trial, pro
  score  number = 0
}
event signup
event purchase {
  amount  money
}
event said
segment vip = plan == "pro"
segment asleep = score > 10 and in segment vip
""",
    "a.flow": """campaign first {
  runs      from 2026-01-01
  audience  plan == "trial" and score > 3
  enter     on signup
  leave     on unsubscribed
  convert   on purchase where amount > 10 EUR within 3 days
  stage start {
    send email welcome
    send email nudge
    emit said
    on said if in segment asleep -> middle
    after 3 days                 -> middle
  }
  stage middle {
    split draw {
      50% a {
        send email tips
        on opened tips -> done
      }
      50% b
      measure clicked tips within 3 days
    }
    on clicked tips -> done
    after 3 days    -> done
  }
  final done
}
""",
    "b.flow": """campaign second {
  audience  score <= 30
  enter     on signup
  convert   on left first within 3 days
  convert   first_done on converted first within 3 days
  stage start {
    on clicked welcome              -> done
    when count(said) > 0            -> done
    on purchase where amount > 5 EUR -> done
    when in segment vip             -> done
    when score > 10                 -> done
    when not did purchase           -> done
  }
  final done
}
""",
    "c.flow": """campaign third {
  runs      2026-01-10 to 2026-02-01
  audience  plan == "trial"
  enter     on entered first
  convert   on opened within 3 days
  stage start {
    after 3 days -> done
  }
  final done
}
""",
    "d.flow": """campaign fourth {
  audience  plan == "trial" and score > 5
  enter     on signup
  convert   on visited within 3 days
  stage start {
    send sms tips
    split lot {
      50% a {
        send sms nudge
        on opened nudge -> done
      }
      50% b
      measure clicked nudge within 3 days
    }
    after 3 days -> done
  }
  final done
}
""",
    "e.flow": """test "a click" of first {
  contact ada {
    email "ada@a.example"
    plan  "trial"
    score 5
  }
  at 2026-01-12 10:00
  ada signup
  expect ada sent email welcome
  expect ada in start
}
test "another" of second {
  contact ada {
    email "ada@a.example"
  }
  expect ada in start
}
""",
}

#: A file, what stands in it, and what comes in its place.
EDITS = (
    ("a.flow", "    send email nudge\n", ""),
    ("a.flow", "send email nudge", "send sms nudge"),
    ("a.flow", "    emit said\n", ""),
    ("a.flow", "  leave     on unsubscribed\n", ""),
    ("a.flow", "  convert   on purchase where amount > 10 EUR within 3 days\n", ""),
    ("a.flow", " where amount > 10 EUR", ""),
    ("a.flow", "10 EUR", "10 USD"),
    ("a.flow", "campaign first", "campaign other"),
    ("a.flow", "campaign first", "campaign third"),
    ("a.flow", 'plan == "trial" and score > 3', 'plan == "pro"'),
    ("a.flow", "send email tips", "send sms tips"),
    ("a.flow", "on clicked tips -> done", "on clicked tips -> start"),
    ("a.flow", " if in segment asleep", ""),
    ("a.flow", "measure clicked tips", "measure clicked nudge"),
    ("a.flow", "stage start", "stage beginning"),
    ("a.flow", "send email welcome", "send email tips"),
    ("a.flow", "runs      from 2026-01-01", "runs      2026-01-01 to 2026-01-02"),
    ("a.flow", "    emit said", "    emit sad"),
    ("a.flow", "score > 3", "score > > 3"),
    ("a.flow", "    after 3 days                 -> middle\n", ""),
    ("a.flow", "campaign first", "# one line more\n\ncampaign first"),
    ("a.flow", "\n", "\r\n"),
    ("b.flow", "convert   on left first within 3 days", "leave     on unsubscribed"),
    ("b.flow", "welcome", "nudge"),
    ("b.flow", "score > 10 ", "score > 40 "),
    ("c.flow", "after 3 days -> done", 'send letter welcome\n    after 3 days -> done'),
    ("d.flow", "send sms nudge", "send email tips"),
    ("d.flow", " and score > 5", " and score < 2"),
    ("d.flow", "measure clicked nudge", "measure clicked tips"),
    ("e.flow", "welcome", "nudge"),
    ("e.flow", "expect ada in start\n}\n", "expect ada in done\n}\n"),
    ("people.flow", "  phone  phone?\n", ""),
    ("people.flow", "  plan   one of trial, pro", "  plan   one of trial, paid"),
    ("people.flow", "amount  money", "amount  number"),
    ("people.flow", "amount  money", "amount  money {"),
    ("people.flow", "event said\n", ""),
    ("people.flow", 'plan == "pro"', "score > 40"),
    ("people.flow", "segment vip", "segment vop"),
    ("people.flow", "score > 10 and in segment vip", "score > 10 and in segment asleep"),
)  # fmt: skip


def files(*left_out: str) -> ContentIndex:
    """Content for all messages of the project, and a page."""
    every = [f"{message}.{channel}.md" for channel in ("email", "sms") for message in MESSAGES]
    known = [name.split(".") for name in (*every, "demo.page.html") if name not in left_out]
    used = TemplateField("contact.plan", Span("content/welcome.email.md", 1, 1, 1, 9))
    return ContentIndex(
        tuple(ContentFile(f"content/{'.'.join(name)}", name[0], name[1], None, (used,)) for name in known)
    )


def sound() -> State:
    return State(SOUND, vocabulary(files()), dt.date(2026, 1, 15))


def states() -> list[State]:
    """The sound project with one edit each."""
    at = sound()
    assert all(old in SOUND[path] for path, old, _ in EDITS)
    others = [replace(at, texts={**SOUND, path: SOUND[path].replace(old, new)}) for path, old, new in EDITS]
    others += [replace(at, texts={each: text for each, text in SOUND.items() if each != path}) for path in SOUND]
    others += [replace(at, texts={**SOUND, "aa.flow": SOUND[path].replace("c", "k")}) for path in SOUND]
    others += [
        replace(at, words=replace(at.words, content=files(*gone)))
        for gone in (["nudge.email.md", "tips.sms.md"], ["demo.page.html"])
    ]
    others += [replace(at, words=replace(at.words, currency="USD")), replace(at, today=dt.date(2026, 3, 1))]
    others += [
        replace(at, words=replace(at.words, channels={})),
        replace(at, words=replace(at.words, rfm_event="said")),
    ]
    return others


@pytest.mark.parametrize("shares", [1, 3])
@pytest.mark.parametrize("edited", states())
def test_an_edit_and_its_undoing_are_seen_by_the_other_files(edited: State, shares: int) -> None:
    at = desk(shares)
    for state in (sound(), edited, sound()):
        at.check(state)


def changed(*edits: tuple[str, str, str], **more: str) -> State:
    """The sound project after several edits, and with other files."""
    texts = {**SOUND, **{f"{name}.flow": text for name, text in more.items()}}
    for path, old, new in edits:
        assert old in texts[path]
        texts[path] = texts[path].replace(old, new)
    return replace(sound(), texts=texts)


NO_PHONE = ("people.flow", "  phone  phone?\n", "")
NO_LEAVE = ("a.flow", "  leave     on unsubscribed\n", "")
ONLY_HERE = [("d.flow", SOUND["d.flow"], ""), ("e.flow", SOUND["e.flow"], ""), ("a.flow", "send email", "send sms")]
SAID_NOWHERE = [("a.flow", "emit said", "emit purchase"), ("a.flow", "on said if", "on purchase if"),
                ("b.flow", "when count(said) > 0 ", "when count(purchase) > 0 ")]  # fmt: skip
MISSPELT = [("a.flow", "said", "sayd"), ("b.flow", "said", "sayd")]
OVERLAP = ("d.flow", "measure clicked nudge", "measure clicked tips")
REMARK = ("c.flow", "campaign third", "# why\n\ncampaign third")
LINE_MORE = ("a.flow", "campaign first", "# a line more\ncampaign first")

#: A project with mistakes already, and an edit to it.
PAIRS = {
    "nothing is sent any more": (
        changed(*ONLY_HERE),
        changed(*ONLY_HERE, *(("a.flow", f"send sms {message}\n", "set score = 3\n") for message in MESSAGES)),
    ),
    "another file is the first that uses a channel": (
        changed(NO_PHONE, ("a.flow", "send email welcome", "send sms welcome")),
        changed(NO_PHONE),
    ),
    "a name stood on a line that could not be read": (
        changed(*SAID_NOWHERE, ("c.flow", "runs ", "rums said")),
        changed(*SAID_NOWHERE, ("c.flow", "runs ", "rums sad")),
    ),
    "a name that was near is gone": (
        changed(("a.flow", "send email nudge", "send email ghosts"), ("b.flow", "clicked welcome", "clicked ghost")),
        changed(("b.flow", "clicked welcome", "clicked ghost")),
    ),
    "a misspelt name is no longer near": (
        changed(*MISSPELT),
        changed(*((path, old, "other") for path, old, _ in MISSPELT)),
    ),
    "what a finding points to in another file has moved": (
        changed(f=SOUND["a.flow"]),
        changed(LINE_MORE, f=SOUND["a.flow"]),
    ),
    "a split that spoils one of another file": (changed(OVERLAP), changed(OVERLAP, LINE_MORE)),
    "a split that is spoilt": (changed(OVERLAP), changed(OVERLAP, ("d.flow", "campaign", "# why\ncampaign"))),
    "a clause comes back": (
        changed(NO_LEAVE),
        changed(NO_LEAVE, ("c.flow", "enter ", "leave on unsubscribed\n  enter ")),
    ),
}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_a_mistaken_project_is_seen_anew_as_well(pair: tuple[State, State]) -> None:
    at = desk()
    for state in (*pair, pair[0]):
        at.check(state)


def test_after_an_edit_that_is_nobody_elses_business_one_file_is_read() -> None:
    at = desk()
    at.check(sound())
    assert at.looked_at == sorted(SOUND)
    at.check(changed(("c.flow", "after 3 days -> done", "after 4 days -> done"), REMARK))
    assert at.looked_at == ["c.flow"]


def test_what_is_kept_on_disk_is_what_was_remembered(tmp_path: Path) -> None:
    _, known = check_again(sound().sources, sound().words, {}, today=sound().today)
    assert len(known) == len(SOUND)
    KeptFindings(tmp_path).write(sound().sources, known)
    assert KeptFindings(tmp_path).read(sound().sources) == known
    assert KeptFindings(tmp_path).read([Source("a.flow", SOUND["a.flow"] + "\n")]) == {}


@pytest.mark.parametrize("damage", [b"", b"\0\xff", b"[]", b"0" * 64 + b"\n{}"])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, damage: bytes) -> None:
    _, known = check_again(sound().sources, sound().words, {}, today=sound().today)
    KeptFindings(tmp_path).write(sound().sources, known)
    (file,) = (tmp_path / FOLDER).glob("findings.json")
    whole = file.read_bytes()
    for written in (damage, whole.replace(b"a", b"b", 1), whole[: len(whole) // 2]):
        file.write_bytes(written)
        assert KeptFindings(tmp_path).read(sound().sources) == {}


# --- projects that are made up ----------------------------------------------------------------------------------
# Most of what is drawn is sound: of files without findings the least is looked at.

NAMES = ("first", "second", "third", "fourth")


def now_and_then(*lines: str) -> st.SearchStrategy[list[str]]:
    """None, one or two of them."""
    few = st.lists(st.sampled_from(lines), min_size=1, max_size=2, unique=True)
    return st.one_of(st.just([]), few)


@st.composite
def people(draw: st.DrawFn) -> str:
    """What campaigns share; the contact may lack a field, an event may be misspelt or broken."""
    left_out = draw(st.sampled_from((None, None, None, *FIELDS)))
    fields = [f"  {line}" for name, line in FIELDS.items() if name != left_out]
    purchase = "event purchase { amount money }"
    bought = draw(
        st.sampled_from((purchase, purchase, "event purchase { amount number }", "event purchse { amount money"))
    )
    asleep = draw(st.sampled_from(("score > 10", "score > 10", "score > 10 and score < 5", "in segment vip")))
    vip = draw(st.sampled_from(('plan == "trial"', "did purchase and in segment asleep")))
    lines = ["contact {", *fields, "}", "event signup", bought, f"segment vip = {vip}", f"segment asleep = {asleep}"]
    return "\n".join([*lines, *draw(now_and_then("event unheard", "# a note", "event sold"))]) + "\n"


@st.composite
def campaign(draw: st.DrawFn, name: str) -> str:
    """A campaign that may have anything in it that another file may look at."""
    other = draw(st.sampled_from(NAMES))
    message, awaited = draw(st.sampled_from((*MESSAGES, *MESSAGES, "ghost"))), draw(st.sampled_from(MESSAGES))
    clauses = draw(now_and_then(
        "runs 2026-01-01 to 2026-02-01", "runs from 2026-01-01", "leave on unsubscribed",
        "convert on left within 3 days",
        f"convert on left {other} within 3 days", f"convert on converted {other} within 3 days",
        "convert on purchase within 3 days worth amount", "convert on opened within 3 days",
        f"convert on clicked {awaited} within 3 days -> done", "convert on visited within 3 days",
        "budget 40 EUR", "budget 40 USD", "leave when in segment vip", f"enter on entered {other}",
    ))  # fmt: skip
    actions = draw(now_and_then(
        f"send email {message}", f"send sms {message}", f'send email {awaited} {{ subject "Hello" }}', "emit purchase",
        "emit purchse", "set score = 3", "send",
        f"split draw {{\n 50% a {{ send email {message} }}\n 50% b\n measure clicked {message} within 3 days\n}}",
    ))  # fmt: skip
    exits = draw(now_and_then(
        f"on clicked {awaited} -> done", "on purchase where amount > 3 EUR -> done", "when in segment vip -> done",
        "when in segment asleep and score > 20 -> done", "on purchse -> done", "when score > 10 and score < 5 -> done",
        "when not did purchase in last 30 days -> start", "on purchase -> done",
    ))  # fmt: skip
    audience = draw(st.sampled_from(('plan == "trial"', "score >= 3", "email is set", "in segment vip")))
    end = draw(st.sampled_from(("after 3 days -> done", "after 3 days -> done", "")))
    inside = "\n    ".join([*actions, *exits, end])
    head = "\n  ".join([f"audience {audience}", "enter on signup", *clauses])
    return f"campaign {name} {{\n  {head}\n  stage start {{\n    {inside}\n  }}\n  final done\n}}\n"


@st.composite
def a_test(draw: st.DrawFn) -> str:
    message = draw(st.sampled_from(MESSAGES))
    steps = draw(now_and_then(
        f"ada clicked {message}", "ada purchase", f"expect ada sent email {message}", "expect ada in done"
    ))  # fmt: skip
    inside = "\n  ".join(['contact ada { email "a@x.example" }', "at 2026-01-05 10:00", *steps])
    return f'test "one" of {draw(st.sampled_from(NAMES))} {{\n  {inside}\n}}\n'


@st.composite
def content(draw: st.DrawFn) -> ContentIndex:
    every = [(channel, message) for channel in ("email", "sms") for message in MESSAGES] + [("page", "demo")]
    left_out = draw(st.lists(st.sampled_from(every), max_size=2))
    return ContentIndex(tuple(_file(draw, *each) for each in sorted(every) if each not in left_out))


def _file(draw: st.DrawFn, channel: str, message: str) -> ContentFile:
    path = f"content/{message}.{channel}.md"
    used = TemplateField(
        draw(st.sampled_from(("contact.plan", "contact.email", "entry.amount"))), Span(path, 1, 1, 1, 9)
    )
    front = draw(st.sampled_from(({}, {"transactional": True})))
    return ContentFile(path, message, channel, draw(st.sampled_from((None, None, "fr"))), (used,), (), front)


def text(name: str) -> st.SearchStrategy[str]:
    """A file: mostly one campaign, and what may stand beside it."""
    named = st.one_of(st.just(name), st.just(name), st.sampled_from(NAMES)).flatmap(campaign)
    beside = st.one_of(st.just(""), a_test(), st.sampled_from(("event own\n", "segment vap = score > 3\n")))
    return st.tuples(named, beside).map("\n".join)


@st.composite
def story(draw: st.DrawFn) -> Sequence[State]:
    """A project, and what becomes of it edit by edit."""
    texts = {f"{name}.flow": draw(text(name)) for name in NAMES[:3]} | {"people.flow": draw(people())}
    words = vocabulary(draw(content()), currency=draw(st.sampled_from((None, "EUR"))))
    states = [State(texts, words, dt.date(2026, 1, 15))]
    for _ in range(draw(st.integers(1, 4))):
        states.append(draw(edited(states[-1])))
    return states


@st.composite
def edited(draw: st.DrawFn, state: State) -> State:
    path = draw(st.sampled_from(sorted(state.texts)))
    match draw(st.sampled_from(("text", "text", "people", "line", "gone", "new", "content", "currency", "day"))):
        case "text":
            return replace(state, texts={**state.texts, path: draw(text(path.removesuffix(".flow")))})
        case "people":
            return replace(state, texts={**state.texts, "people.flow": draw(people())})
        case "line":
            return replace(state, texts={**state.texts, path: f"# a line more\n{state.texts[path]}"})
        case "gone":
            return replace(state, texts={each: text for each, text in state.texts.items() if each != path})
        case "new":
            return replace(state, texts={**state.texts, "fourth.flow": draw(text("fourth"))})
        case "content":
            return replace(state, words=replace(state.words, content=draw(content())))
        case "currency":
            return replace(state, words=replace(state.words, currency=draw(st.sampled_from((None, "EUR", "USD")))))
        case _:
            return replace(state, today=draw(st.sampled_from((dt.date(2026, 1, 15), dt.date(2026, 3, 1)))))


@settings(max_examples=60)
@given(story(), st.integers(1, 3))
def test_it_says_what_checking_everything_says(states: Sequence[State], shares: int) -> None:
    at = desk(shares)
    for state in states:
        at.check(state)
