"""What a campaign asks of its messages before they may be handed over: quiet hours, limits, its budget.

Each statement looks at the messages in `candidate` and takes back those that must wait or are skipped: who passes
stays as it is. A message waits until its `release_at`; `detail` says what for. What waited for quiet hours or a limit
lives as long as if it had been planned for then, unless `expires` on its `send` is a deadline: with `limit 1 email per
day` the second of a day would else always expire.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import (
    BigInteger,
    Executable,
    FromClause,
    Select,
    Text,
    and_,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    or_,
    select,
    update,
)

from campflow.model.flow import LimitRule, Quiet, Send
from campflow.sql.calendar import DAY, LocalTime, day_of, time_of_day
from campflow.sql.conditions import Column
from campflow.sql.dialects import NEVER, least
from campflow.sql.queue import ready_ids
from campflow.sql.rows import CAMPAIGN, NOW, Rows, Written, parameter
from campflow.sql.subqueries import one

#: What the details of waiting messages begin with.
WAITS = "waits: "
WAITS_FOR_BUDGET = WAITS + "budget"

#: How long a message waits until it is asked again whether there is money for it.
HOUR = 3_600_000

#: Which of the candidates are asked, one after the other those of one contact.
TURN = parameter("turn")
#: The state that counts beside those of sent messages: `ready` at the release, which are as good as sent.
PROMISED: Column = bindparam("promised", None, type_=Text(), required=False)


def quiet(r: Rows) -> Written | None:
    hours = r.plan.campaign.quiet
    if hours is None:
        return None
    return "quiet", "what waits for the end of the quiet hours", _wait_for_quiet(r, hours)


def limits(r: Rows) -> Iterator[Written]:
    """For each limit; the first says what a message waits for."""
    rules = [(rule, limit.or_skip) for limit in r.plan.campaign.limits for rule in limit.rules]
    for number, (rule, or_skip) in enumerate(rules):
        said = _spelled(rule)
        if or_skip:
            yield f"skip_{number}", f"what goes beyond {said} as it was planned", _skip(r, rule, said)
        yield f"wait_{number}", f"what waits for {said}", _wait_for_limit(r, rule, said)


def budget(r: Rows) -> Written | None:
    money = r.plan.campaign.budget
    return None if money is None else ("budget", "what waits for money", _wait_for_budget(r, money.minor))


def _spelled(rule: LimitRule) -> str:
    what = rule.channel or ("message" if rule.count == 1 else "messages")
    return f"{rule.count} {what} per {rule.per}"


def _candidates(r: Rows, *conditions: Column) -> Select[tuple[int]]:
    """The campaign's messages among the candidates."""
    c = r.work.candidate
    return select(c.c.message_id).where(c.c.campaign_id == CAMPAIGN, *conditions)


def _bound(r: Rows, rule: LimitRule) -> Select[tuple[int]]:
    """Those of them that the rule is about."""
    c = r.work.candidate.c
    return _candidates(
        r, c.turn == TURN, ~c.transactional, *(() if rule.channel is None else (c.channel == rule.channel,))
    )


def _wait(r: Rows, until: Column, expected: Column, why: str, *which: Column) -> Executable:
    """Look again at `until`; time stands still until it is `expected` to go, but not for a deadline."""
    m, c = r.tables.message, r.work.candidate
    patience = one(select(c.c.patience).where(c.c.message_id == m.c.message_id, c.c.contact_id == m.c.contact_id), c)
    values: dict[str, Column | str] = {
        "state": "planned",
        "queue": "planned",
        "release_at": case((patience.is_(None), least(until, m.c.expires_at)), else_=until),
        "expires_at": func.coalesce(expected + patience, m.c.expires_at, type_=BigInteger()),
        "detail": WAITS + why,
    }
    return update(m).where(*which).values(values)


# --- quiet hours ------------------------------------------------------------------------------------------------------


def _wait_for_quiet(r: Rows, quiet: Quiet) -> Executable:
    m, c = r.tables.message, r.tables.contact.alias("c")
    clock = _clock_of_contact(r, c)
    local = clock.of_instant(NOW)
    now = local - day_of(local) * DAY
    start, end = time_of_day(quiet.start), time_of_day(quiet.end)
    is_quiet = and_(now >= start, now < end) if start < end else or_(now >= start, now < end)
    until = select(case((is_quiet, clock.next_time(NOW, quiet.end, None, strictly=True))))
    ends = one(until.where(c.c.contact_id == m.c.contact_id), c)
    waiting = _candidates(r, ~r.work.candidate.c.transactional)
    return _wait(r, ends, ends, "quiet hours", m.c.message_id.in_(waiting), m.c.state != "skipped", ends.is_not(None))


def _clock_of_contact(r: Rows, c: FromClause) -> LocalTime:
    """The contact's own time, else the project's, whatever the campaign's is."""
    if "timezone" in c.c:
        return LocalTime(r.tables, func.coalesce(c.c.timezone, r.project_zone))
    return LocalTime(r.tables, literal(r.project_zone), utc=r.project_zone in ("UTC", "Etc/UTC"))


# --- limits -----------------------------------------------------------------------------------------------------------


def _others(r: Rows, rule: LimitRule) -> tuple[FromClause, FromClause, Sequence[Column]]:
    """The messages of all campaigns to the same contact that the rule counts, with their sends."""
    m, x, s = r.tables.message, r.tables.message.alias("x"), r.tables.send.alias("s")
    counted = [x.c.contact_id == m.c.contact_id, x.c.message_id != m.c.message_id, s.c.send_id == x.c.send_id,
               ~s.c.transactional]  # fmt: skip
    if rule.channel is not None:
        counted.append(x.c.channel == rule.channel)
    return x, s, counted


def _wait_for_limit(r: Rows, rule: LimitRule, said: str) -> Executable:
    """Until the N-th latest of those sent has left the window. One that is about to be sent is expected to be sent now;
    it may still fail, so what waits for it is looked at again at once."""
    m = r.tables.message
    expected = _frees(r, rule, promised_at=NOW)
    waits = (m.c.state != "skipped", expected > NOW, expected > m.c.release_at)  # else another limit holds it longer
    until = case((_frees(r, rule, promised_at=None).is_(None), NOW + 1), else_=expected)
    return _wait(r, until, expected, f"limit {said}", m.c.message_id.in_(_bound(r, rule)), *waits)


def _frees(r: Rows, rule: LimitRule, promised_at: Column | None) -> Column:
    """When there is room again in the window of a message: NULL where there is, or where the N-th latest is promised
    and not said to be sent at `promised_at`."""
    c = r.tables.contact.alias("c")
    x, s, counted = _others(r, rule)
    promised = x.c.state == literal_column("'ready'")
    sent_at = case(
        (promised, literal(None, BigInteger()) if promised_at is None else promised_at), else_=x.c.settled_at
    )
    nth = (
        select(r.clock(c).add(sent_at, rule.per))
        .where(*counted, x.c.state.in_([literal_column("'accepted'"), literal_column("'uncertain'"), PROMISED]))
        .where(c.c.contact_id == x.c.contact_id)
        .order_by(case((promised, literal(NEVER, BigInteger())), else_=x.c.settled_at).desc())
        .limit(literal_column("1"))
        .offset(literal_column(str(rule.count - 1)))
    )
    return one(nth, x, s, c)


def _skip(r: Rows, rule: LimitRule, said: str) -> Executable:
    """By planned times, so that a late engine skips what a punctual one would have skipped."""
    m, c = r.tables.message, r.tables.contact.alias("c")
    x, s, counted = _others(r, rule)
    mine, other = r.tables.campaign.alias("mine"), r.tables.campaign.alias("other")
    earlier = or_(
        x.c.planned_at < m.c.planned_at,
        and_(
            x.c.planned_at == m.c.planned_at,
            or_(
                other.c.priority > mine.c.priority,
                and_(other.c.priority == mine.c.priority, x.c.message_id < m.c.message_id),
            ),
        ),
    )
    before = (
        select(func.count())
        .where(*counted, x.c.state.not_in(["skipped", "cancelled", "expired", "rejected"]))
        .where(mine.c.campaign_id == m.c.campaign_id, other.c.campaign_id == x.c.campaign_id)
        .where(c.c.contact_id == x.c.contact_id, earlier, r.clock(c).add(x.c.planned_at, rule.per) > m.c.planned_at)
    )
    over = one(before, x, s, c, mine, other) >= rule.count
    values = {"state": "skipped", "queue": None, "settled_at": NOW, "detail": f"limit {said}"}
    return update(m).where(m.c.message_id.in_(_bound(r, rule)), m.c.state != "skipped", over).values(values)


# --- budget -----------------------------------------------------------------------------------------------------------


def _wait_for_budget(r: Rows, budget: int) -> Executable:
    """Spent, promised, and asked for in the order in which it was planned: what goes beyond the budget waits."""
    m, k, x = r.tables.message, r.tables.cost.alias("k"), r.tables.message.alias("x")
    asked = _candidates(r, r.work.candidate.c.turn == TURN)
    spent = select(func.coalesce(func.sum(k.c.amount), 0)).where(k.c.campaign_id == CAMPAIGN)
    order = (x.c.message_id.in_(asked), x.c.planned_at, x.c.message_id)
    promised = select(x.c.message_id, func.sum(_price(r, x.c.channel)).over(order_by=order))
    sums = promised.where(x.c.campaign_id == CAMPAIGN, x.c.message_id.in_(ready_ids(r.tables, r.database))).subquery(
        "sums"
    )
    beyond = select(sums.c[0]).where(sums.c[1] + one(spent, k) > budget)
    which = (m.c.message_id.in_(asked), m.c.message_id.in_(beyond))
    values = {
        "state": "planned", "queue": "planned", "release_at": least(NOW + HOUR, m.c.expires_at),
        "detail": WAITS_FOR_BUDGET,
    }  # fmt: skip
    return update(m).where(*which, _price(r, m.c.channel) > 0).values(values)


def _price(r: Rows, channel: Column) -> Column:
    """What a message costs by its channel, in minor units: parameters that the release gives."""
    acting = (each.action for stage in r.plan.stages for each in stage.actions)
    channels = sorted({action.channel for action in acting if isinstance(action, Send)})
    prices = [(channel == name, parameter(f"price_{name}")) for name in channels]
    return case(*prices, else_=literal(0, BigInteger())) if prices else literal(0, BigInteger())
