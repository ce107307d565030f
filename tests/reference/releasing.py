"""When a message may be handed over: at each look, every message whose time has come is asked about anew.

Channels take at once what may go out. What may not waits (and says for what), is skipped, or has expired.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tests.reference.clock import add, occurrences, to_local
from tests.reference.story import Message, Permission, Stored

from campflow.model.flow import Campaign, Flow, LimitRule, Send

HOUR = 3_600_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a project says about its messages: who must have opted in, what binds whom, and what each costs.

    `purposes` and `transactional` are by the message's name; costs are in minor units, by channel.
    """

    opt_in: frozenset[str] = frozenset()
    purposes: Mapping[str, str] = field(default_factory=dict)
    transactional: frozenset[str] = frozenset()
    costs: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Letter:
    """A message while its fate is open. `number` is the order of planning; `whose` begins with campaign and contact."""

    whose: tuple[str, str, str, int, int]
    campaign: Campaign
    send: Send
    number: int
    planned_at: int
    expires_at: int
    planned_when: int
    release_at: int = 0
    state: str = "planned"
    settled_at: int | None = None
    why: str = ""
    left: bool = False

    def __post_init__(self) -> None:
        self.release_at = self.planned_at
        if self.expires_at <= self.planned_when:
            self.settle("expired", self.planned_when)

    def settle(self, state: str, now: int, why: str = "") -> None:
        self.state, self.settled_at, self.why = state, now, why

    def wait(self, why: str, until: int, expected: int, patience: int) -> None:
        """Time stands still until a message is expected to go, but not for a deadline, nor for want of money."""
        if self.send.expires is not None or why == "budget":
            until = min(until, self.expires_at)
        else:
            self.expires_at = expected + patience
        self.why, self.release_at = why, until

    def cancel(self, now: int) -> None:
        """The contact left: what no channel has yet is not sent."""
        self.left = True
        if self.state == "planned":
            self.settle("cancelled", now)

    def message(self, sending: bool) -> Message:
        """Where nothing is ever sent, all that leaving cancels is cancelled."""
        own = (self.send.channel, self.send.message, self.send.nth, self.planned_at, self.expires_at)
        if sending:
            return Message(*self.whose, *own, self.state, self.settled_at, self.why)
        return Message(*self.whose, *own, "cancelled" if self.left else "planned", None, "")

    @property
    def rank(self) -> tuple[int, int, int]:
        """In which order a contact's messages are asked about."""
        return -self.campaign.priority, self.planned_at, self.number

    @property
    def place(self) -> tuple[int, int, int]:
        """In which order they were planned, as `or skip` counts them."""
        return self.planned_at, -self.campaign.priority, self.number


class Recipient(Protocol):
    """A contact with its messages."""

    key: str
    fields: dict[str, Stored]
    letters: list[Letter]

    @property
    def own_zone(self) -> str: ...

    def zone(self, campaign: Campaign) -> str: ...


class Post:
    def __init__(
        self, flow: Flow, zone: str, permissions: Sequence[Permission], allowance: Allowance, patience: int
    ) -> None:
        self.patience = patience
        self.permissions, self.allowance = sorted(permissions, key=lambda one: one.at), allowance
        self.spent = {campaign.name: 0 for campaign in flow.campaigns}

    def release(self, people: Sequence[Recipient], now: int) -> None:
        """Decide about everything whose time has come, then hand over what is ready."""
        for person in people:
            for letter in sorted(person.letters, key=lambda letter: letter.rank):
                if letter.state == "planned" and letter.release_at <= now:
                    self._decide(person, letter, now)
        for person in people:
            for letter in person.letters:
                if letter.state == "ready":
                    letter.settle("accepted", now)

    def _decide(self, person: Recipient, letter: Letter, now: int) -> None:
        refused = self._refused(person, letter, now)
        if letter.expires_at <= now:
            letter.settle("expired", now)
        elif refused:
            letter.settle("skipped", now, refused)
        elif self._is_over_a_limit_that_skips(person, letter, now):
            letter.settle("skipped", now, "limit")
        else:
            self._ask(person, letter, now)
            if letter.release_at <= now:
                letter.state, letter.why = "ready", ""
                self.spent[letter.campaign.name] += self._cost(letter)

    # Consent.

    def _refused(self, person: Recipient, letter: Letter, now: int) -> str:
        channel = letter.send.channel
        mine = [one for one in self.permissions if one.contact == person.key and one.at <= now]
        if any(one.suppresses and one.channel in (channel, "") for one in mine if not one.is_lifted(now)):
            return "suppressed"
        purpose = self._purpose(letter)
        lines = [one for one in mine if not one.suppresses]
        lines = [one for one in lines if one.channel in (channel, "") and one.purpose in (purpose, "")]
        if lines:
            return "" if lines[-1].given else "consent"
        return "consent" if purpose in self.allowance.opt_in else ""

    def _purpose(self, letter: Letter) -> str:
        return self.allowance.purposes.get(letter.send.message) or letter.campaign.purpose or ""

    # Waiting.

    def _ask(self, person: Recipient, letter: Letter, now: int) -> None:
        """Put it off where it may not go out; of several limits the one that holds it longest."""
        if not self._is_transactional(letter):
            quiet_until = self._quiet_until(person, letter.campaign, now)
            if quiet_until:
                letter.wait("quiet", quiet_until, quiet_until, self.patience)
                return
            for rule in _rules(letter):
                until, expected = self._waits_for(person, letter, rule, now)
                if expected > max(now, letter.release_at):
                    letter.wait("limit", until, expected, self.patience)
        budget = letter.campaign.budget
        is_free = letter.release_at <= now
        if budget is not None and is_free and self.spent[letter.campaign.name] + self._cost(letter) > budget.minor:
            letter.wait("budget", now + HOUR, 0, 0)

    def _quiet_until(self, person: Recipient, campaign: Campaign, now: int) -> int:
        """The end of the quiet hours that it is now where the contact lives; 0 where it is none."""
        quiet = campaign.quiet
        if quiet is None:
            return 0
        time = to_local(person.own_zone, now).time()
        inside = (
            quiet.start <= time < quiet.end if quiet.start <= quiet.end else time >= quiet.start or time < quiet.end
        )
        return next(occurrences(person.own_zone, quiet.end, now + 1)) if inside else 0

    def _waits_for(self, person: Recipient, letter: Letter, rule: LimitRule, now: int) -> tuple[int, int]:
        """Until when a limit lets nothing through, and when that is expected to end; (0, 0) where it does.

        What is promised is expected to be sent now, but may still fail: so it is looked at again at once.
        """
        others = self._counted(person, rule)
        promised = [one for one in others if one.state == "ready"]
        zone = person.zone(letter.campaign)
        leaves = [add(zone, one.settled_at or 0, rule.per) for one in others if one.state == "accepted"]
        leaves = sorted(moment for moment in leaves if moment > now)
        over = len(promised) + len(leaves) - rule.count
        if over < 0:
            return 0, 0
        return (leaves[over], leaves[over]) if over < len(leaves) else (now + 1, add(zone, now, rule.per))

    def _is_over_a_limit_that_skips(self, person: Recipient, letter: Letter, now: int) -> bool:
        """As things were planned, whatever waits: so that it is the same however often one looks."""
        if self._is_transactional(letter) or self._quiet_until(person, letter.campaign, now):
            return False
        zone = person.zone(letter.campaign)
        for rule in _rules(letter, only_or_skip=True):
            before = [
                one
                for one in self._counted(person, rule)
                if one.place < letter.place and add(zone, one.planned_at, rule.per) > letter.planned_at
            ]
            if len([one for one in before if one.state in ("planned", "ready", "accepted")]) >= rule.count:
                return True
        return False

    def _counted(self, person: Recipient, rule: LimitRule) -> list[Letter]:
        """The messages of all campaigns that this limit is about."""
        mine = [one for one in person.letters if not self._is_transactional(one)]
        return [one for one in mine if rule.channel in (None, one.send.channel)]

    def _is_transactional(self, letter: Letter) -> bool:
        return letter.send.message in self.allowance.transactional

    def _cost(self, letter: Letter) -> int:
        return self.allowance.costs.get(letter.send.channel, 0)


def _rules(letter: Letter, *, only_or_skip: bool = False) -> list[LimitRule]:
    """Those that are about a message of this channel."""
    rules = [rule for limit in letter.campaign.limits if limit.or_skip or not only_or_skip for rule in limit.rules]
    return [rule for rule in rules if rule.channel in (None, letter.send.channel)]
