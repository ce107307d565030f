"""What went wrong in other engines, cases 38 to 43: mistakes that a checker catches, and experiments. See
`test_pains_sending.py`."""

from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.engine.mailroom import PEOPLE, Mailroom, campaign, mailroom
from tests.engine.workbench import instant

from campflow.checking.vocabulary import ChannelWords, ContentFile, ContentIndex, Vocabulary
from campflow.compiler import check_sources
from campflow.content.inspect import inspect_content
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Source

MAIL = {"mail": ChannelWords("mail", "email", frozenset({"subject"}), ("txt",))}


def errors(text: str, content: ContentIndex | None = None) -> list[Diagnostic]:
    files = ContentIndex((ContentFile("content/hello.mail.txt", "hello", "mail"),)) if content is None else content
    found = check_sources([Source("a.flow", PEOPLE + text)], Vocabulary(channels=MAIL, content=files)).diagnostics
    return [one for one in found if one.severity == "error"]


def test_pain_38_a_campaign_whose_mail_does_not_exist_is_not_put_in_force() -> None:
    (found,) = errors(campaign("stage a { send mail welcome\n after 3 days -> z }\n final z"))
    assert found.code == "missing-content"
    assert "content/welcome.mail" in f"{found.message} {found.hint}"


def test_pain_39_a_token_that_nothing_fills_never_reaches_a_customer(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "hello.mail.txt").write_text("Dear {{ contact.nickname }},\n{{ planet }}\n")
    text = campaign("stage a { send mail hello\n after 3 days -> z }\n final z")
    found = errors(text, inspect_content(tmp_path, {}))
    assert [(one.code, one.span.path, one.span.line) for one in found] == [
        ("unknown-field", "content/hello.mail.txt", 1), ("unknown-field", "content/hello.mail.txt", 2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("audiance email is set", "audience"),
        ("leav on unsubscribed", "leave"),
        ("limits 1 mail per day", "limit"),
        ('send mail hello { subjekt "Hi" }', "subject"),
    ],
)
def test_pain_40_a_misspelt_word_is_an_error_and_not_an_open_door(wrong: str, meant: str) -> None:
    in_stage = wrong.startswith("send")
    text = campaign(
        f"stage a {{ {wrong if in_stage else ''}\n after 3 days -> z }}\n final z", "" if in_stage else wrong
    )
    found = errors(text)
    assert found
    assert any(meant in f"{one.message} {one.hint}" for one in found), found


def test_pain_40_a_misspelt_segment_lets_nobody_in_because_nothing_runs() -> None:
    text = 'segment committee = plan == "board"\n' + campaign("stage a { after 3 days -> z }\n final z").replace(
        "email is set", "in segment comittee"
    )
    (found,) = errors(text)
    assert (found.code, "committee" in str(found.hint)) == ("unknown-name", True)


def test_pain_41_a_campaign_for_ten_people_mails_ten_people() -> None:
    text = 'segment board = plan == "board"\n' + campaign(
        "stage a { send mail hello\n after 3 days -> z }\n final z", enter="at 2026-03-02 10:00"
    ).replace("email is set", "in segment board")
    room = mailroom(text)
    rows = [f"p{n:04},p{n}@x.example,{'board' if n % 100 == 7 else 'trial'}" for n in range(1_000)]
    room.people("key,email,plan\n" + "\n".join(rows), now=instant("2026-03-01"))
    room.every(12, "2026-03-01 12:00", "2026-03-05 12:00")
    assert [who for who, _, _ in room.taken] == [f"p{n:04}" for n in range(7, 1_000, 100)]


CART = campaign(
    "stage a { on checkout where cart_id == entry.cart_id -> z\n after 2 hours -> late }\n"
    " stage late { send mail hello\n after 1 day -> z }\n final z",
    enter="on cart_updated per cart_id",
)


def test_pain_42_an_abandoned_cart_is_waited_for_by_its_own_id() -> None:
    room = mailroom(CART)
    room.people("key,email\nada,ada@x.example")
    told = [("cart_updated", "x", "10:00"), ("cart_updated", "y", "10:30"), ("checkout", "x", "11:00"),
            ("cart_updated", "y", "11:30")]  # fmt: skip
    rows = "\n".join(f"ada,{event},2026-03-02 {at},{cart}" for event, cart, at in told)
    room.events(f"key,event,at,cart_id\n{rows}", now=room.clock)
    room.every(1, "2026-03-02 10:00", "2026-03-04 10:00")
    with room.database.reader() as connection:
        j = room.database.tables.journey.c
        carts = {row.journey_key: row.nth for row in connection.execute(select(j.journey_key, j.nth))}
    assert carts == {"x": 2, "y": 3}  # x was bought; y waited, was reminded and ended
    assert room.taken == [("ada", "hello", "2026-03-02 13:00")]


HALVES = """
  stage a {
    split half {
      50% left { send mail hello }
      50% right { send mail bye }
      measure clicked within 1 day
      decide at 95% after 2 days
    }
    on clicked hello -> z
    on clicked bye   -> z
    after 3 days     -> z
  }
  final z
"""


def experiment(people: int = 2_000) -> Mailroom:
    room = mailroom(campaign(HALVES, enter="on signup, every time"))
    room.people("key,email\n" + "\n".join(f"p{n:04},p{n}@x.example" for n in range(people)))
    rows = "\n".join(f"p{n:04},signup,2026-03-02 10:00" for n in range(people))
    room.events(f"key,event,at\n{rows}", now=instant("2026-03-02 10:00"))
    return room


@pytest.mark.parametrize("chunk", [50, 50_000])
def test_pain_43_half_is_half_whatever_the_batch(chunk: int) -> None:
    room = experiment()
    room.tick("2026-03-02 10:00", chunk=chunk)
    shares = Counter(name for _, name, _, _ in room.planned())
    assert 930 < shares["hello"] < 1_070  # three standard deviations
    assert shares["hello"] + shares["bye"] == 2_000


def test_pain_43_nobody_gets_both_variants_not_even_by_coming_again() -> None:
    room = experiment(100)
    room.look("2026-03-02 10:00", "2026-03-06 10:00")
    rows = "\n".join(f"p{n:04},signup,2026-03-07 10:00" for n in range(100))
    room.events(f"key,event,at\n{rows}", now=instant("2026-03-07 10:00"))
    room.look("2026-03-07 10:00")
    variants: dict[str, set[str]] = {}
    for who, message, _ in room.taken:
        variants.setdefault(who, set()).add(message)
    assert Counter(len(each) for each in variants.values()) == {1: 100}
    assert len(room.taken) == 200


def test_pain_43_a_reaction_to_either_variant_moves_its_person() -> None:
    room = experiment(50)
    room.look("2026-03-02 10:00")
    got = {who: message for who, message, _ in room.taken}
    assert set(got.values()) == {"hello", "bye"}
    room.happened(*((who, f"clicked {message}", "2026-03-02 12:00") for who, message in got.items()))
    room.look("2026-03-02 12:00")
    assert {at for _, old, _, at in room.moves() if old} == {"2026-03-02 12:00"}


def test_pain_43_a_declared_winner_keeps_being_sent() -> None:
    """Everybody who got `bye` clicks; so after two days all who come get `bye`, and nobody gets nothing."""
    room = experiment(400)
    room.look("2026-03-02 10:00")
    room.happened(*((who, "clicked bye", "2026-03-02 12:00") for who, message, _ in room.taken if message == "bye"))
    room.look("2026-03-02 12:00", "2026-03-05 00:00")
    room.join(*(f"new{n}" for n in range(30)), at="2026-03-05 10:00")
    room.look("2026-03-05 10:00")
    assert Counter(message for who, message, _ in room.taken if who.startswith("new")) == {"bye": 30}
