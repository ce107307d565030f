"""Small campaigns over so few values that all of them can be tried: what proofs say is compared with what happens."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

Contact: TypeAlias = Mapping[str, object]
Predicate: TypeAlias = Callable[[Contact], bool]

PEOPLE = """
contact {
  email  email
  n      integer = 0
  k      integer?
  score  number = 0
  plan   one of a, b, c
  tier   country?
  flag   yesno?
  tags   list of text
}
event signup
"""

#: All that a field can be, as far as the conditions below can tell values apart.
VALUES: dict[str, tuple[object, ...]] = {
    "n": (-1, 0, 1, 2, 3),
    "k": (None, -1, 0, 1, 2, 3),
    "score": (-1, 0, 0.5, 1, 1.5, 2, 3),
    "plan": ("a", "b", "c"),
    "tier": (None, "FR", "CH", "DE"),
    "flag": (None, True, False),
    "tags": (frozenset(), frozenset({"x"})),
}


@dataclass(frozen=True)
class Condition:
    """The text of a condition, and what it means."""

    text: str
    holds: Predicate
    fields: frozenset[str]

    def __repr__(self) -> str:
        return self.text


def contacts(fields: Iterable[str]) -> Iterator[Contact]:
    """Every contact, as far as these fields go."""
    names = sorted(fields)
    for values in itertools.product(*(VALUES[name] for name in names)):
        yield dict(zip(names, values, strict=True))


# --- conditions -------------------------------------------------------------------------------------------------

_SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b,
}  # fmt: skip


def _number(name: str, sign: str, bound: float) -> Condition:
    def holds(contact: Contact) -> bool:
        value = contact[name]
        return isinstance(value, int | float) and _SIGNS[sign](value, bound)

    return Condition(f"{name} {sign} {bound}", holds, frozenset({name}))


def _among(name: str, items: tuple[str, ...], negated: bool) -> Condition:
    listed = ", ".join(f'"{item}"' for item in items)
    text = f"{name} {'not in' if negated else 'in'} ({listed})"
    return Condition(text, lambda c: (c[name] in items) != negated, frozenset({name}))


def _differs(name: str, item: str) -> Condition:
    return Condition(f'{name} != "{item}"', lambda c: c[name] not in (None, item), frozenset({name}))


def _missing(name: str, negated: bool) -> Condition:
    word = "set" if negated else "missing"
    return Condition(f"{name} is {word}", lambda c: (c[name] is None) != negated, frozenset({name}))


def _begins(start: str) -> Condition:
    return Condition(
        f'tier starts with "{start}"', lambda c: str(c["tier"] or "").startswith(start), frozenset({"tier"})
    )


_FLAG = Condition("flag", lambda c: c["flag"] is True, frozenset({"flag"}))
_TAGGED = Condition('"x" in tags', lambda c: "x" in c["tags"], frozenset({"tags"}))  # type: ignore[operator]  # a set


def atoms(fields: Iterable[str]) -> st.SearchStrategy[Condition]:
    """Conditions on one field."""
    signs = st.sampled_from(sorted(_SIGNS))
    kinds = {
        "n": st.builds(_number, st.just("n"), signs, st.sampled_from([0, 1, 2])),
        "k": st.one_of(
            st.builds(_number, st.just("k"), signs, st.sampled_from([0, 1, 2])),
            st.builds(_missing, st.just("k"), st.booleans()),
        ),
        "score": st.builds(_number, st.just("score"), signs, st.sampled_from([0, 1, 2])),
        "plan": st.one_of(
            st.builds(_among, st.just("plan"), st.sampled_from([("a",), ("a", "b"), ("b", "c")]), st.booleans()),
            st.builds(_differs, st.just("plan"), st.sampled_from("abc")),
        ),
        "tier": st.one_of(
            st.builds(_among, st.just("tier"), st.sampled_from([("FR",), ("FR", "CH")]), st.booleans()),
            st.builds(_differs, st.just("tier"), st.sampled_from(["FR", "CH"])),
            st.builds(_missing, st.just("tier"), st.booleans()),
        ),
        "flag": st.one_of(st.just(_FLAG), st.builds(_missing, st.just("flag"), st.booleans())),
        "tags": st.just(_TAGGED),
    }  # fmt: skip
    return st.one_of([kinds[name] for name in fields])


def _both(a: Condition, b: Condition) -> Condition:
    return Condition(f"({a.text} and {b.text})", lambda c: a.holds(c) and b.holds(c), a.fields | b.fields)


def _either(a: Condition, b: Condition) -> Condition:
    return Condition(f"({a.text} or {b.text})", lambda c: a.holds(c) or b.holds(c), a.fields | b.fields)


def negated(a: Condition) -> Condition:
    return Condition(f"not ({a.text})", lambda c: not a.holds(c), a.fields)


def conditions(fields: Iterable[str] = tuple(VALUES), leaves: int = 5) -> st.SearchStrategy[Condition]:
    """Conditions on single fields, joined by and, or, not."""
    return st.recursive(
        atoms(fields),
        lambda inner: st.one_of(
            st.builds(_both, inner, inner), st.builds(_either, inner, inner), st.builds(negated, inner)
        ),
        max_leaves=leaves,
    )


# --- campaigns --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Way:
    """A way out: `when`, `else`, or a timer of 1 or 2 days."""

    kind: str
    condition: Condition | None
    target: str
    place: tuple[str, int]

    @property
    def text(self) -> str:
        if self.kind == "else":
            return f"else -> {self.target}"
        if self.kind == "when":
            return f"when {self.condition} -> {self.target}"
        guard = f" if {self.condition}" if self.condition else ""
        return f"after {self.kind} days{guard} -> {self.target}"

    def open(self, contact: Contact) -> bool:
        return self.condition is None or self.condition.holds(contact)


@dataclass(frozen=True)
class World:
    """A campaign for everyone; the first stage is `s0`, and `done` is final."""

    stages: Mapping[str, tuple[Way, ...]]

    @property
    def text(self) -> str:
        blocks = [
            "\n".join([f"  stage {name} {{", *(f"    {way.text}" for way in ways), "  }"])
            for name, ways in self.stages.items()
        ]
        return "\n".join(
            ["campaign w {", "  audience email is set", "  enter on signup", *blocks, "  final done", "}", ""]
        )

    def places(self, line: int) -> Iterator[tuple[int, Way]]:
        """Each way out with its line, where the text begins at `line`."""
        line += 3
        for ways in self.stages.values():
            yield from enumerate(ways, line + 1)
            line += len(ways) + 2


FEW = ("n", "flag")


@st.composite
def worlds(draw: DrawFn, stages: int = 3) -> World:
    names = [f"s{number}" for number in range(draw(st.integers(1, stages)))]
    return World({name: tuple(draw(_ways(name, [*names, "done"]))) for name in names})


@st.composite
def _ways(draw: DrawFn, stage: str, targets: list[str]) -> list[Way]:
    kinds = draw(st.lists(st.sampled_from(["when", "when", "1", "1", "2"]), max_size=4))
    if draw(st.integers(0, 3)) == 0:
        kinds.append("else")
    ways: list[Way] = []
    for kind in kinds:
        bare = kind == "else" or (kind != "when" and draw(st.integers(0, 3)) == 0)
        condition = None if bare else draw(conditions(FEW, 3))
        ways.append(Way(kind, condition, draw(st.sampled_from(targets)), (stage, len(ways))))
    return ways


# --- walking ----------------------------------------------------------------------------------------------------


@dataclass
class Explored:
    """What can happen to anyone, whose fields may change at any time."""

    entered: set[str] = field(default_factory=set)
    acted: set[Way] = field(default_factory=set)
    stuck: set[str] = field(default_factory=set)
    spins: bool = False


def explore(world: World) -> Explored:
    """Every entry of every contact into every stage, and where it leads."""
    everyone = [tuple(sorted(contact.items(), key=lambda item: item[0])) for contact in contacts(FEW)]
    found = Explored()
    start = [("s0", contact) for contact in everyone]
    seen, waiting, at_once = set(start), list(start), {}
    while waiting:
        stage, contact = waiting.pop()
        found.entered.add(stage)
        if stage == "done":
            continue
        moved = _at_entry(world.stages[stage], dict(contact))
        if moved:
            found.acted.add(moved)
            at_once[stage, contact] = (moved.target, contact)
            following = [(moved.target, contact)]
        else:
            following = list(_later(stage, world.stages[stage], everyone, found))
        for state in following:
            if state not in seen:
                seen.add(state)
                waiting.append(state)
    found.spins = any(_comes_back(state, at_once) for state in at_once)
    return found


_State: TypeAlias = tuple[str, tuple[tuple[str, object], ...]]


def _at_entry(ways: tuple[Way, ...], contact: Contact) -> Way | None:
    for way in ways:
        if way.kind == "when" and way.open(contact):
            return way
    return next((way for way in ways if way.kind == "else"), None)


def _later(
    stage: str, ways: tuple[Way, ...], everyone: list[tuple[tuple[str, object], ...]], found: Explored
) -> Iterator[_State]:
    """Where who waits in the stage can go, whatever becomes of the fields in between."""
    whens = [way for way in ways if way.kind == "when"]
    for contact in everyone:
        moved = next((way for way in whens if way.open(dict(contact))), None)
        if moved:
            found.acted.add(moved)
            yield moved.target, contact
    staying = [contact for contact in everyone if not any(way.open(dict(contact)) for way in whens)]
    for moment in ("1", "2"):
        timers = [way for way in ways if way.kind == moment]
        slips = not timers
        for contact in staying:
            moved = next((way for way in timers if way.open(dict(contact))), None)
            if moved:
                found.acted.add(moved)
                yield moved.target, contact
            slips = slips or moved is None
        if not slips:
            return
    found.stuck.add(stage)


def _comes_back(state: _State, at_once: Mapping[_State, _State]) -> bool:
    here = at_once.get(state)
    for _ in range(len(at_once)):
        if here is None:
            return False
        if here == state:
            return True
        here = at_once.get(here)
    return False
