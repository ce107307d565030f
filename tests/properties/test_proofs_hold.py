"""What the checker proves is true: in small campaigns every contact is tried, and what is found is what is reported."""

import pytest
from hypothesis import given, settings
from tests.properties.small_worlds import PEOPLE, Condition, World, conditions, contacts, explore, worlds
from tests.shares import fixed

from campflow.checking.collecting import collect
from campflow.checking.placed import Placed
from campflow.checking.proofs.examples import example
from campflow.checking.proofs.terms import nobody
from campflow.checking.resolver import resolve
from campflow.checking.texts import Texts
from campflow.checking.vocabulary import Vocabulary
from campflow.compiler import check_sources
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Source
from campflow.language.parser import parse
from campflow.model.expressions import Expression

USE = """
campaign uses {{
  audience email is set
  enter on signup
  stage start {{
    after 1 day if {text} -> done
    after 2 days -> done
  }}
  final done
}}
"""


def reported(text: str) -> list[Diagnostic]:
    found = check_sources([Source("w.flow", PEOPLE + text)], Vocabulary()).diagnostics
    assert not [one for one in found if one.code in ("syntax", "unknown-name", "type-mismatch")], found
    return list(found)


def model_of(condition: Condition) -> Expression:
    """The condition as the resolver makes it, whatever proofs say of it."""
    source = Source("w.flow", f"{PEOPLE}segment asked = {condition}\n")
    texts = Texts({source.path: source})
    names, _ = collect([parse(source)[0]], Vocabulary(), texts)
    return resolve([parse(source)[0]], names, texts, Placed())[0].segments[0].condition


def codes(found: list[Diagnostic]) -> set[str]:
    return {one.code for one in found}


@pytest.mark.long
@given(conditions())
@settings(max_examples=fixed(100, 2_000), deadline=None)
def test_a_condition_is_told_exactly_where_nobody_or_everybody_meets_it(condition: Condition) -> None:
    answers = {condition.holds(contact) for contact in contacts(condition.fields)}
    found = codes(reported(USE.format(text=condition.text)))
    assert ("always-true" in found) == (answers == {True})
    if answers == {False}:
        assert "never-true" in found


@pytest.mark.long
@given(conditions(), conditions())
@settings(max_examples=fixed(50, 1_000), deadline=None)
def test_two_conditions_exclude_each_other_exactly_where_no_contact_meets_both(
    one: Condition, other: Condition
) -> None:
    everyone = list(contacts(one.fields | other.fields))
    both = any(one.holds(contact) and other.holds(contact) for contact in everyone)
    claims = [(model_of(one), True), (model_of(other), True)]
    assert nobody(claims) is not both
    assert (example(claims) is not None) is both


@pytest.mark.long
@given(worlds())
@settings(max_examples=fixed(100, 3_000), deadline=None)
def test_stages_are_told_exactly_where_somebody_stays_or_goes_round_for_ever(world: World) -> None:
    found, explored = reported(world.text), explore(world)
    dead_ends = {
        word for one in found if one.code == "dead-end" for word in world.stages if f"`{word}` for ever" in one.message
    }
    assert dead_ends == explored.stuck, world.text
    assert ("spin-cycle" in codes(found)) == explored.spins, world.text


@pytest.mark.long
@given(worlds())
@settings(max_examples=fixed(50, 1_500), deadline=None)
def test_what_is_never_reached_or_never_acts_really_does_not(world: World) -> None:
    found, explored = reported(world.text), explore(world)
    lines = (PEOPLE + world.text).split("\n")
    ways = dict(world.places(PEOPLE.count("\n") + 1))
    for one in found:
        if one.code == "unreachable-stage":
            assert lines[one.span.line - 1].split()[1] not in explored.entered, world.text
        if one.code == "shadowed-exit":
            assert ways[one.span.line] not in explored.acted, world.text
