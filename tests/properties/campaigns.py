"""Random campaigns, as text: every clause and statement that runs, two to four stages, always a way to the end."""

import datetime as dt
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from tests.properties.drawing import DURATIONS, EVENTS, FIELDS, TIMES, WEEKDAYS, Frame, conditions, pick, wheres

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kathmandu")

#: What a stage may set; nothing but the ways in and out of the same campaign reads these fields.
SETTABLE = {
    "score": ("score + 2", "0", "count(ping)", "score * 2"),
    "vip": ("yes", "no", "did purchase"),
    "age": ("age + 1", "count(purchase, since entry)", "3"),
    "seen": ("now", "last(ping)", "now + 1 day"),
}

ERRANDS = (
    'notify sales "Call"', 'notify sales "Call now"', "sync lookalike", "do coupon { value count(ping) }",
    "do coupon { value 5, note \"five\" }",
)  # fmt: skip


@dataclass
class _Draft:
    """A campaign while it is drawn."""

    name: str
    frame: Frame
    stages: list[str]
    per: str | None
    sets: frozenset[str]
    hears: str | None
    sends: bool = False
    targets: set[str] = field(default_factory=set)

    @property
    def inside(self) -> Frame:
        return replace(self.frame, inside=True, entry=self.per)

    @property
    def stable(self) -> Frame:
        """For what is asked beside the walk: conversions, and becoming true again."""
        return self.inside.without(self.sets)


@st.composite
def campaigns(
    draw: DrawFn,
    name: str,
    day: dt.date,
    events: tuple[str, ...] = EVENTS,
    sets: bool = True,
    hears: str | None = None,
    fields: frozenset[str] = FIELDS,
    sends: bool = False,
    decides: bool = True,
) -> str:
    """`sets` says whether stages may set fields; `hears` is a campaign whose events this one may listen to.

    `events` and `fields` are those that it speaks of: few of them meet more often. `sends` says whether messages are
    handed over: then there are clauses about that, and no keys (of two messages planned for one moment, the one that
    was planned first goes first, and two journeys of one contact may plan in any order). `decides` allows `decide`.
    """
    per = None if sends else draw(st.sampled_from([None, None, None, "cart_id", "sku", "n"]))
    chosen = frozenset[str]()
    if sets and per is None:
        chosen = draw(st.frozensets(st.sampled_from(sorted(SETTABLE)), max_size=2))
    count = draw(st.integers(1, 3))
    fields = fields if sets or hears is None else fields - frozenset(SETTABLE)
    draft = _Draft(name, Frame(day, events, fields), ["a", "b", "c"][:count], per, chosen, hears, sends)
    lines = draw(_clauses(draft))
    if sends:
        lines += draw(_gates())
    stages = [draw(_stage(draft, index, decides)) for index in range(count)]
    finals = [draw(_final(draft, final)) for final in ("y", "z") if final in draft.targets]
    return "\n".join([f"campaign {name} {{", *lines, *stages, *finals, "}"]) + "\n"


# --- clauses ------------------------------------------------------------------------------------------------------


@st.composite
def _clauses(draw: DrawFn, draft: _Draft) -> list[str]:
    lines = []
    zone = pick(draw, ["", "", "contact", *(f'"{zone}"' for zone in ZONES)])
    if zone:
        lines.append(f"  timezone {zone}")
    runs = draw(st.sampled_from([None, None, None, None, None, (0, None), (0, 4), (-1, 6)]))
    if runs:
        start, end = ((draft.frame.day + dt.timedelta(days=n)) if n is not None else None for n in runs)
        lines.append(f"  runs {start} to {end}" if end else f"  runs from {start}")
    audience = (
        draw(conditions(draft.frame)) if draw(st.integers(0, 3)) == 3 else 'plan in ("trial", "pro", "enterprise")'
    )
    lines.append(f"  audience {audience}")
    if draw(st.integers(0, 7)) == 7:
        lines.append(f"  holdout {pick(draw, ['50%', '30%', '80%'])}")
    lines += [draw(_enter(draft)) for _ in range(draw(st.integers(1, 2)))]
    lines += [draw(_leave(draft)) for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2])))]
    names = draw(st.sampled_from([[], [], [""], ["", "second "], ["second "]]))
    return [*lines, *(draw(_convert(draft, name)) for name in names)]


@st.composite
def _gates(draw: DrawFn) -> list[str]:
    """What stands between a message and its channel."""
    lines = []
    rules = ["1 email per day", "1 message per 2 days", "2 messages per 36 hours", "1 sms per hour", "2 email per week"]
    if draw(st.booleans()):
        written = ", ".join(draw(st.lists(st.sampled_from(rules), min_size=1, max_size=2, unique=True)))
        lines.append(f"  limit {written}{pick(draw, ['', '', ' or skip'])}")
    if draw(st.booleans()):
        lines.append(f"  quiet {pick(draw, ['21:00 to 08:00', '22:00 to 02:30', '09:00 to 12:00', '00:00 to 06:00'])}")
    if draw(st.integers(0, 2)) == 0:
        lines.append(f"  priority {pick(draw, ['1', '5', '- 1'])}")
    if draw(st.integers(0, 5)) == 0:
        lines.append(f"  budget {pick(draw, ['0.20 EUR', '0.10 EUR', '5 EUR', '0.05 EUR'])}")
    if draw(st.integers(0, 4)) == 0:
        lines.append(f"  purpose {pick(draw, ['newsletter', 'orders'])}")
    return lines


@st.composite
def _enter(draw: DrawFn, draft: _Draft) -> str:
    frame = draft.frame
    reentry = pick(draw, [", every time", "", ", again after 1 day", ", every time"])
    kind = pick(draw, ["on"] if draft.per else ["on", "on", "on", "on", "every", "at", "when", "heard"])
    time = pick(draw, TIMES)
    if kind == "heard" and draft.hears:
        return f"  enter on {pick(draw, ['praised', f'entered {draft.hears}', f'left {draft.hears}'])}{reentry}"
    if kind == "every":
        which = pick(draw, ["day", *WEEKDAYS, f"month on {draw(st.sampled_from([1, 28, 31]))}"])
        return f"  enter every {which} at {time}{reentry}"
    if kind == "at":
        return f"  enter at {frame.date(draw)} {time}{reentry}"
    if kind == "when":
        # What the fields were just before is known to nobody, so who comes back must not depend on them.
        free = frame.without(draft.sets) if "again" in reentry or "every" in reentry else frame
        return f"  enter when {draw(conditions(free))}{reentry}"
    keyed = {"cart_id": ["cart_updated"], "sku": ["purchase"], "n": ["purchase", "ping"], None: list(frame.events)}
    event = pick(draw, keyed[draft.per])
    per = f" per {draft.per}" if draft.per else ""
    guard = f" if {draw(conditions(frame, 1))}" if draw(st.integers(0, 6)) == 6 else ""
    return f"  enter on {event}{per}{draw(wheres(event, frame))}{guard}{reentry}"


@st.composite
def _leave(draw: DrawFn, draft: _Draft) -> str:
    if draw(st.integers(0, 3)) == 3:
        return f"  leave when {draw(conditions(draft.inside))}"
    guard = f" if {draw(conditions(draft.inside, 1))}" if draw(st.booleans()) else ""
    event = pick(draw, draft.frame.events)
    return f"  leave on {event}{draw(wheres(event, draft.inside))}{guard}"


@st.composite
def _convert(draw: DrawFn, draft: _Draft, name: str) -> str:
    event, within = pick(draw, draft.frame.events), pick(draw, [*DURATIONS, "2 days", "1 month", "1 month"])
    worth = pick(draw, {"purchase": ["", " worth amount", " worth n * 2"]}.get(event, ["", " worth 3"]))
    arrow = f" -> {draw(_target(draft, [*draft.stages, 'y', 'z']))}" if draw(st.booleans()) else ""
    return f"  convert {name}on {event}{draw(wheres(event, draft.stable))} within {within}{worth}{arrow}"


# --- stages -------------------------------------------------------------------------------------------------------


@st.composite
def _stage(draw: DrawFn, draft: _Draft, index: int, decides: bool) -> str:
    """The last way out leads on by time (or `else`), so that every stage is reached and left."""
    following = draft.stages[index + 1] if index + 1 < len(draft.stages) else "z"
    forward = [*draft.stages[index + 1 :], "y", "z"]
    lines = draw(_actions(draft))
    lines += [draw(_way_out(draft, forward)) for _ in range(draw(st.integers(0, 3)))]
    waits = any(line.strip().startswith("when") for line in lines)
    if draw(st.integers(0, 3)) == 3:
        split = draw(_split(draft, f"s{index}", forward, decides))
        lines.insert(draw(st.integers(0, len(lines))), split)
    ends = [*["after"] * 6, "at", "on", *(["else"] * 4 if waits else [])]
    last = draw(_by_time(draft, pick(draw, ends)))
    draft.targets.add(following)
    return "\n".join([f"  stage {draft.stages[index]} {{", *lines, f"    {last} -> {following}", "  }"])


#: Shares of two or three arms.
SHARES = (("50", "50"), ("30", "70"), ("99", "1"), ("20", "30", "50"), ("0.5", "49.5", "50"))


@st.composite
def _split(draw: DrawFn, draft: _Draft, name: str, forward: list[str], decides: bool) -> str:
    """Arms with their own actions and ways out; often decided as early as that can be."""
    arms = []
    for arm, share in zip(("x", "y", "z"), draw(st.sampled_from(SHARES)), strict=False):
        lines = draw(_actions(draft)) if draw(st.booleans()) else []
        lines += [draw(_way_out(draft, forward)) for _ in range(draw(st.sampled_from([0, 0, 1])))]
        arms.append("\n".join([f"      {share}% {arm} {{", *lines, "      }"]) if lines else f"      {share}% {arm}")
    if decides and draw(st.integers(0, 3)):
        event = pick(draw, draft.frame.events)
        within = pick(draw, ["1 hour", "1 day", "2 days"])
        arms.append(f"      measure {event}{draw(wheres(event, draft.frame))} within {within}")
        confidence = pick(draw, ["0.1%", "0.1%", "0.3%", "50%"])
        arms.append(f"      decide at {confidence} after {pick(draw, ['1 hour', '1 hour', '1 day', '2 days'])}")
    return "\n".join([f"    split {name} {{", *arms, "    }"])


@st.composite
def _way_out(draw: DrawFn, draft: _Draft, forward: list[str]) -> str:
    kind = pick(
        draw, ["on", "on", "on", "on", "when", "when", "after", "at", "date", *(["heard"] if draft.hears else [])]
    )
    guard = f" if {draw(conditions(draft.inside, 1))}" if draw(st.integers(0, 3)) == 3 else ""
    anywhere = [*draft.stages, "y", "z"]
    match kind:
        case "on":
            event = pick(draw, draft.frame.events)
            return f"    on {event}{draw(wheres(event, draft.inside))}{guard} -> {draw(_target(draft, anywhere))}"
        case "heard":
            event = pick(draw, ["praised where points > 2", f"converted {draft.hears}", f"left {draft.hears}"])
            return f"    on {event}{guard} -> {draw(_target(draft, anywhere))}"
        case "when":
            return f"    when {draw(conditions(draft.inside))} -> {draw(_target(draft, forward))}"
        case "date":
            return f"    {draw(_by_time(draft, 'on'))}{guard} -> {draw(_target(draft, forward))}"
    return f"    {draw(_by_time(draft, kind))}{guard} -> {draw(_target(draft, anywhere))}"


@st.composite
def _by_time(draw: DrawFn, draft: _Draft, kind: str) -> str:
    match kind:
        case "after":
            return f"after {pick(draw, [*DURATIONS, '2 days', '2 days', '36 hours'])}"
        case "at":
            weekday = f" on {pick(draw, WEEKDAYS)}" if draw(st.booleans()) else ""
            return f"at {pick(draw, TIMES)}{weekday}"
        case "on":
            time = f" {pick(draw, TIMES)}" if draw(st.booleans()) else ""
            return f"on {draft.frame.date(draw, 2)}{time}"
    return "else"


@st.composite
def _target(draw: DrawFn, draft: _Draft, allowed: list[str]) -> str:
    target = pick(draw, allowed)
    draft.targets.add(target)
    return target


@st.composite
def _actions(draw: DrawFn, draft: _Draft) -> list[str]:
    lines = []
    kinds = ["send", "send", "send", "set", "emit", "errand", *(["send"] * 3 if draft.sends else [])]
    for kind in draw(st.lists(st.sampled_from(kinds), max_size=3)):
        if kind == "errand":
            lines.append(f"    {pick(draw, ERRANDS)}")
        elif kind == "send":
            options = pick(draw, ["", "", "", " { expires 2 hours }", " { expires 1 month }"])
            time = pick(draw, ["", f" at {pick(draw, TIMES)}", f" in {pick(draw, DURATIONS)}"])
            when = pick(draw, [time, time, f" on {pick(draw, WEEKDAYS)} at {pick(draw, TIMES)}"])
            message = pick(draw, ["welcome", "tips", *(["news", "receipt"] if draft.sends else [])])
            channel = pick(draw, ["email", "email", "email", "sms" if draft.sends else "email", "wall"])
            lines.append(f"    send {channel} {message}{options}{when}")
        elif kind == "set" and draft.sets:
            name = pick(draw, sorted(draft.sets))
            lines.append(f"    set {name} = {pick(draw, SETTABLE[name])}")
        elif kind == "emit" and not draft.hears:
            lines.append(f"    emit praised {{ points {pick(draw, ['1', 'count(ping) + 1', '3'])} }}")
    return lines


@st.composite
def _final(draw: DrawFn, draft: _Draft, name: str) -> str:
    lines = draw(_actions(draft))
    return "\n".join([f"  final {name} {{", *lines, "  }"]) if lines else f"  final {name}"
