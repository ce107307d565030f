"""What the ledger of consent and the list of what is suppressed say, and whom they keep from being written to."""

import datetime as dt

import pytest
from sqlalchemy import insert, select
from tests.people.conftest import ADDRESSES, Shop

from campflow.engine.permission import address_columns, refusal
from campflow.hooks.contracts import ContactEvent
from campflow.people.consent import ConsentLine, lift, suppress, write_consent
from campflow.people.recording import record_events

PEOPLE = "key,email,phone\na,ada@acme.example,+33612345678\nb,bob@acme.example,+33612345679\n"


@pytest.fixture
def post(shop: Shop) -> Shop:
    """A shop that has sent to Ada: message 1 by mail for the newsletter, 2 by sms for nothing in particular."""
    shop.people(PEOPLE)
    t = shop.database.tables
    with shop.database.transaction() as connection:
        connection.execute(insert(t.campaign).values(row(campaign_id=1, name="spring", started_at=0, looked_at=0)))
        connection.execute(insert(t.stage).values(stage_id=1, campaign_id=1, name="hello", final=False))
        for send_id, channel, purpose in ((1, "email", "newsletter"), (2, "sms", ""), (3, "email", "receipt")):
            connection.execute(
                insert(t.send).values(
                    send_id=send_id, campaign_id=1, stage_id=1, channel=channel, message=f"m{send_id}", nth=0,
                    options="{}", purpose=purpose, transactional=False,
                )
            )  # fmt: skip
        for send_id, channel in ((1, "email"), (2, "sms"), (3, "email")):
            connection.execute(
                insert(t.message).values(
                    message_id=send_id, contact_id=1, campaign_id=1, journey_id=1, nth=1, send_id=send_id,
                    channel=channel, planned_at=2_000, release_at=2_000, expires_at=9_000, state="accepted",
                    settled_at=2_000,
                )
            )  # fmt: skip
    return shop


def row(**values: object) -> dict[str, object]:
    return {"looked_event": 0, "looked_change": 0, "looked_contact": 0, **values}


def told(shop: Shop, name: str, *, id: str = "1", at: int = 3_000, source: str = "hook", **more: object) -> None:
    """Ada's event."""
    moment = dt.datetime.fromtimestamp(at / 1000, dt.UTC)
    event = ContactEvent("a", name, moment, source, id, **more)  # type: ignore[arg-type]  # about, fields and message_id
    recorded = record_events(
        shop.database, shop.contact, shop.events, [event], currency="EUR", zone="UTC", now=5_000, addresses=ADDRESSES
    )
    assert recorded.refused == ()


def refused(shop: Shop, *opt_in: str) -> list[str | None]:
    """Why each of the three messages may not go."""
    t = shop.database.tables
    why = refusal(t, address_columns(t, ADDRESSES), opt_in)
    query = select(why).join_from(t.message, t.send, t.send.c.send_id == t.message.c.send_id)
    with shop.database.reader() as connection:
        return list(connection.scalars(query.order_by(t.message.c.message_id)))


def suppressed(shop: Shop) -> list[tuple[object, ...]]:
    return shop.rows("SELECT channel, address, reason, at FROM suppression ORDER BY suppression_id")


def withdrawn(shop: Shop) -> list[tuple[object, ...]]:
    return shop.rows("SELECT channel, purpose, given, source, proof, at FROM consent ORDER BY consent_id")


def line(shop: Shop, given: bool, channel: str = "", purpose: str = "", at: int = 1_000) -> None:
    with shop.database.transaction() as connection:
        write_consent(connection, shop.database.tables, 1, ConsentLine(channel, purpose, given), at)


# --- what events write -----------------------------------------------------------------------------------------


def test_a_bounce_suppresses_the_address_of_its_message_and_nothing_else(post: Shop) -> None:
    told(post, "bounced", about="m1", message_id=1)
    assert suppressed(post) == [("email", "ada@acme.example", "bounced", 3_000)]
    assert refused(post) == ["suppressed: bounced", None, "suppressed: bounced"]


def test_a_message_is_known_by_its_name_where_the_event_does_not_say_which(post: Shop) -> None:
    told(post, "complained", about="m2")
    assert suppressed(post) == [("sms", "+33612345678", "complained", 3_000)]
    assert refused(post) == [None, "suppressed: complained", None]


def test_a_bounce_without_a_message_is_of_the_channel_that_told_it(post: Shop) -> None:
    told(post, "bounced", source="sms")
    assert suppressed(post) == [("sms", "+33612345678", "bounced", 3_000)]


def test_a_bounce_that_nobody_can_place_keeps_everything_back(post: Shop) -> None:
    told(post, "bounced", source="a list somebody sent")
    assert suppressed(post) == [("", "", "bounced", 3_000)]
    assert refused(post) == ["suppressed: bounced"] * 3


def test_the_address_that_bounced_is_the_one_that_was_written_to(post: Shop) -> None:
    post.people("key,email\na,new@acme.example\n", now=2_500)  # after the message went out
    told(post, "bounced", about="m1", message_id=1)
    assert suppressed(post) == [("email", "ada@acme.example", "bounced", 3_000)]
    assert refused(post) == [None, None, None]
    post.people("key,email\na,ADA@acme.example\n", now=4_000)
    assert refused(post) == ["suppressed: bounced", None, "suppressed: bounced"]


def test_unsubscribing_from_a_message_withdraws_its_channel_and_purpose(post: Shop) -> None:
    told(post, "unsubscribed", about="m1", message_id=1)
    assert withdrawn(post) == [("email", "newsletter", 0, "hook", "1", 3_000)]
    assert refused(post) == ["consent withdrawn", None, None]


def test_unsubscribing_from_a_message_without_a_purpose_withdraws_its_channel(post: Shop) -> None:
    told(post, "unsubscribed", about="m2", message_id=2)
    assert refused(post) == [None, "consent withdrawn", None]


def test_unsubscribing_from_nothing_in_particular_withdraws_everything(post: Shop) -> None:
    told(post, "unsubscribed")
    assert refused(post) == ["consent withdrawn"] * 3


def test_what_a_person_wrote_is_the_proof_and_they_may_come_back(post: Shop) -> None:
    told(post, "unsubscribed", source="sms", fields={"text": "STOP please"})
    assert withdrawn(post) == [("sms", "", 0, "sms", "STOP please", 3_000)]
    told(post, "resubscribed", id="2", at=4_000, source="sms", fields={"text": "Start"})
    assert withdrawn(post)[1:] == [("sms", "", 1, "sms", "Start", 4_000)]


def test_another_ones_message_says_nothing(post: Shop) -> None:
    with post.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE message SET contact_id = 2 WHERE message_id = 1")
    told(post, "unsubscribed", message_id=1)
    assert withdrawn(post) == [("", "", 0, "hook", "1", 3_000)]


def test_an_event_that_is_told_twice_is_one_line(post: Shop) -> None:
    for _ in range(2):
        told(post, "bounced", about="m1", message_id=1)
        told(post, "unsubscribed", id="2", about="m1", message_id=1)
    assert (len(suppressed(post)), len(withdrawn(post))) == (1, 1)


def test_imported_events_write_lines_too_and_other_events_none(post: Shop) -> None:
    post.happened("key,at,event,about,amount\na,2026-01-01,purchase,,1\na,2026-01-02,unsubscribed,,\n", event=None)
    post.happened("key,at,event,about\nb,2026-01-02,bounced,\na,2026-01-02,opened,m1\n", event=None)
    assert [each[:4] for each in withdrawn(post)] == [("", "", 0, "import")]
    assert post.rows("SELECT contact_id, reason FROM suppression") == [(2, "bounced")]


# --- what the ledger says --------------------------------------------------------------------------------------


def test_without_any_line_only_a_purpose_that_needs_opt_in_is_refused(post: Shop) -> None:
    assert refused(post) == [None, None, None]
    assert refused(post, "newsletter", "offers") == ["no consent for purpose newsletter", None, None]


@pytest.mark.parametrize(("channel", "purpose"), [("email", "newsletter"), ("", "newsletter"), ("email", ""), ("", "")])
def test_consent_that_was_given_lets_a_message_out(post: Shop, channel: str, purpose: str) -> None:
    line(post, True, channel, purpose)
    assert refused(post, "newsletter") == [None, None, None]


@pytest.mark.parametrize(("channel", "purpose"), [("sms", "newsletter"), ("email", "offers"), ("sms", "")])
def test_consent_to_something_else_is_none(post: Shop, channel: str, purpose: str) -> None:
    line(post, True, channel, purpose)
    assert refused(post, "newsletter")[0] == "no consent for purpose newsletter"


def test_the_latest_line_decides_and_at_one_moment_the_one_written_last(post: Shop) -> None:
    line(post, False, at=3_000)
    line(post, True, "email", "newsletter", at=2_000)
    assert refused(post)[0] == "consent withdrawn"
    line(post, True, "email", "newsletter", at=3_000)
    assert refused(post) == [None, "consent withdrawn", "consent withdrawn"]


def test_a_suppression_holds_until_it_is_lifted_whatever_consent_says(post: Shop) -> None:
    line(post, True)
    told(post, "bounced", about="m1", message_id=1)
    t = post.database.tables
    with post.database.transaction() as connection:
        suppress(connection, t, 1, "email", "asked by telephone", 4_000)
    assert refused(post) == ["suppressed: bounced", None, "suppressed: bounced"]
    with post.database.transaction() as connection:
        assert lift(connection, t, 1, "sms", 5_000) == 0
        assert lift(connection, t, 1, "email", 5_000) == 2
        assert lift(connection, t, 1, "", 6_000) == 0
    assert refused(post) == [None, None, None]
    assert post.rows("SELECT lifted_at FROM suppression") == [(5_000,), (5_000,)]


def test_a_bounce_after_the_lifting_suppresses_again(post: Shop) -> None:
    told(post, "bounced", about="m1", message_id=1)
    with post.database.transaction() as connection:
        lift(connection, post.database.tables, 1, "", 4_000)
    told(post, "bounced", id="2", at=4_500, about="m1", message_id=1)
    assert refused(post)[0] == "suppressed: bounced"


def test_nothing_is_scanned_to_ask_for_permission(post: Shop) -> None:
    t = post.database.tables
    why = refusal(t, address_columns(t, ADDRESSES), ["newsletter"])
    query = select(t.message.c.message_id).join_from(t.message, t.send, t.send.c.send_id == t.message.c.send_id)
    compiled = (
        query.where(t.message.c.message_id == 1, why.is_(None))
        .params(now=0)
        .compile(post.database.engine, compile_kwargs={"literal_binds": True})
    )
    plan = [str(step[3]) for step in post.rows(f"EXPLAIN QUERY PLAN {compiled}")]
    assert [step for step in plan if step.startswith("SCAN")] == []
    assert (
        sum("contact_id=?" in step for step in plan) == 3
    )  # suppression, consent and a pause; a contact is its row id
