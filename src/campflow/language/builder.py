"""What the parser calls as it recognises a rule of flow.lark: the method of that name makes the node of syntax.py.

Every method gets the tokens and nodes of its rule in the order written; None stands for an optional part left out.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from lark import Token, Transformer

from campflow.diagnostics.diagnostic import Diagnostic, Label, did_you_mean
from campflow.diagnostics.source import Span
from campflow.language import syntax
from campflow.language.values import ValueReader

TYPES = (
    "text",
    "number",
    "integer",
    "yesno",
    "date",
    "time",
    "money",
    "email",
    "phone",
    "country",
    "language",
    "timezone",
    "url",
)
MODELS = ("first touch", "last touch", "linear", "time decay", "position", "markov", "shapley")

Parts = list[Any]


@dataclass(frozen=True, slots=True)
class Block:
    """The items between { and }, with the place of both."""

    items: tuple[Any, ...]
    span: Span


_NAMED = ("name", "campaign", "message", "event", "action")


def kept(items: Parts) -> tuple[Any, ...]:
    """Without those whose beginning could not be read: the parser gives them an empty name, so as to read their inside."""
    return tuple(
        item for item in items if all(getattr(getattr(item, part, None), "text", None) != "" for part in _NAMED)
    )


if TYPE_CHECKING:
    _Base = Transformer[Token, syntax.FlowFile]
else:
    _Base = Transformer


class Builder(_Base):
    """Builds the tree of one file at a time: `begin`, then the parser's calls, then read `diagnostics`."""

    def __init__(self) -> None:
        super().__init__()
        self.begin("")

    def begin(self, path: str) -> None:
        self.path = path
        self.read = ValueReader()

    @property
    def diagnostics(self) -> list[Diagnostic]:
        return self.read.diagnostics

    # --- places and names ---------------------------------------------------------------------------------------

    def span(self, first: Any, last: Any = None) -> Span:
        """From the start of one token or node to the end of another."""
        start: Any = first if isinstance(first, Token) else first.span
        end: Any = first if last is None else last
        end = end if isinstance(end, Token) else end.span
        return Span(self.path, start.line, start.column, end.end_line, end.end_column)

    def whole(self, parts: Parts) -> Span:
        """From the first part to the last one that was written."""
        index = len(parts) - 1
        while parts[index] is None:
            index -= 1
        return self.span(parts[0], parts[index])

    def name(self, token: Token) -> syntax.Name:
        return syntax.Name(str(token), self.span(token))

    def optional_name(self, token: Token | None) -> syntax.Name | None:
        return None if token is None else self.name(token)

    def title(self, token: Token | None) -> syntax.Text | None:
        return None if token is None else self.read.text(token, self.span(token))

    # --- files and people ---------------------------------------------------------------------------------------

    def start(self, parts: Parts) -> syntax.FlowFile:
        return syntax.FlowFile(self.path, kept(parts))

    def contact_declaration(self, parts: Parts) -> syntax.ContactDeclaration:
        return syntax.ContactDeclaration(kept(parts[1:-1]), self.whole(parts))

    def event_declaration(self, parts: Parts) -> syntax.EventDeclaration:
        return syntax.EventDeclaration(self.name(parts[1]), kept(parts[2:-1]), self.whole(parts))

    def field_declaration(self, parts: Parts) -> syntax.FieldDeclaration:
        name, type_, question, default = parts
        return syntax.FieldDeclaration(self.name(name), type_, question is not None, default, self.whole(parts))

    def type_name(self, parts: Parts) -> syntax.TypeName:
        span, written = self.span(parts[0]), str(parts[0])
        if written in TYPES:
            return syntax.TypeName(written, (), None, span)
        nearest = did_you_mean(written, TYPES)
        self.read.refuse(
            span, f"`{written}` is not a type", nearest or f"types are {', '.join(TYPES)}, `one of` and `list of`"
        )
        return syntax.TypeName(nearest.split("`")[1] if nearest else "text", (), None, span)

    def choice_type(self, parts: Parts) -> syntax.TypeName:
        return syntax.TypeName("one of", tuple(map(self.name, parts[1:])), None, self.whole(parts))

    def list_type(self, parts: Parts) -> syntax.TypeName:
        return syntax.TypeName("list of", (), parts[1], self.whole(parts))

    def default_name(self, parts: Parts) -> syntax.Name:
        return self.name(parts[0])

    def negative_number(self, parts: Parts) -> syntax.Number:
        number = self.number(parts[1:])
        return syntax.Number(-number.value, number.whole, self.span(parts[0], number))

    def segment_declaration(self, parts: Parts) -> syntax.SegmentDeclaration:
        return syntax.SegmentDeclaration(self.name(parts[1]), self.title(parts[2]), parts[3], self.whole(parts))

    # --- clauses ------------------------------------------------------------------------------------------------

    def campaign_declaration(self, parts: Parts) -> syntax.CampaignDeclaration:
        return syntax.CampaignDeclaration(
            self.name(parts[1]), self.title(parts[2]), kept(parts[3:-1]), self.whole(parts)
        )

    def runs(self, parts: Parts) -> syntax.Runs:
        days = [self.date([day]) for day in parts[1:]]
        return syntax.Runs(days[0], days[1] if len(days) == 2 else None, self.whole(parts))

    def owner(self, parts: Parts) -> syntax.Owner:
        return syntax.Owner(self.text(parts[1:]), self.whole(parts))

    def timezone(self, parts: Parts) -> syntax.Timezone:
        zone = self.text(parts[1:]) if parts[1].type == "TEXT" else None
        return syntax.Timezone(zone, self.whole(parts))

    def purpose(self, parts: Parts) -> syntax.Purpose:
        return syntax.Purpose(self.name(parts[1]), self.whole(parts))

    def audience(self, parts: Parts) -> syntax.Audience:
        return syntax.Audience(parts[1], self.whole(parts))

    def enter(self, parts: Parts) -> syntax.Enter:
        _, trigger, reentry = parts
        trigger, per, guard = trigger if isinstance(trigger, tuple) else (trigger, None, None)
        last = reentry or guard or per or trigger
        return syntax.Enter(trigger, per, guard, reentry, self.span(parts[0], last))

    def enter_on(self, parts: Parts) -> tuple[syntax.OnEvent, syntax.Name | None, syntax.Expression | None]:
        on, event, about, per, where, guard = parts
        if about in ("once", "again", "every"):
            self.read.refuse(self.span(about), f"a comma is missing before `{about}`", f"write `, {about}`")
            about = None
        pattern = self.event_pattern([event, about, where])
        return syntax.OnEvent(pattern, self.span(on, pattern)), self.optional_name(per), guard

    def enter_every(self, parts: Parts) -> syntax.Every:
        weekday = cast(syntax.Weekday, str(parts[1])) if parts[1].type == "WEEKDAY" else None
        day = None
        if parts[1].type == "MONTH":
            day = self.read.integer(parts[2], self.span(parts[2]), "the day of a month")
            if not 1 <= day <= 31:
                self.read.refuse(self.span(parts[2]), f"a month has no day {day}", "write a day from 1 to 31")
                day = 1
        return syntax.Every(weekday, day, self.time(parts[-1:]), self.whole(parts))

    def enter_at(self, parts: Parts) -> syntax.At:
        return syntax.At(self.date_time(parts[1:]), self.whole(parts))

    def reentry(self, parts: Parts) -> syntax.Reentry:
        word, *rest = parts
        if word.type == "ONCE":
            return syntax.Reentry("once", None, self.span(word))
        if word.type == "AGAIN":
            return syntax.Reentry("again", self.duration(rest), self.whole(parts))
        return syntax.Reentry("every time", None, self.whole(parts))

    def leave(self, parts: Parts) -> syntax.Leave:
        guard = parts[2] if len(parts) == 3 else None
        return syntax.Leave(parts[1], guard, self.whole(parts))

    def convert(self, parts: Parts) -> syntax.Convert:
        _, name, _, pattern, within, worth, target = parts
        return syntax.Convert(
            self.optional_name(name),
            pattern,
            self.duration([within]),
            worth,
            self.optional_name(target),
            self.whole(parts),
        )

    def goal(self, parts: Parts) -> syntax.Goal:
        _, metric, sign, value, by = parts
        operator = str(sign)
        if operator in ("==", "!="):
            self.read.refuse(
                self.span(sign),
                f"a goal cannot be `{operator}`: it is reached or surpassed",
                "write `>=` for at least, `<=` for at most",
            )
            operator = ">="
        node = {"PERCENT": self.percent, "MONEY": self.money, "NUMBER": self.number}[value.type]([value])
        return syntax.Goal(
            " ".join(metric), cast(Any, operator), cast(Any, node), self.date([by]) if by else None, self.whole(parts)
        )

    def metric(self, parts: Parts) -> list[Token]:
        return parts

    def budget(self, parts: Parts) -> syntax.Budget:
        return syntax.Budget(self.money(parts[1:]), self.whole(parts))

    def holdout(self, parts: Parts) -> syntax.Holdout:
        return syntax.Holdout(self.share(parts[1]), self.whole(parts))

    def share(self, token: Token) -> syntax.Percent:
        """A part of people or of certainty: 0 to 100%."""
        percent = self.percent([token])
        if percent.value > 100:
            self.read.refuse(percent.span, f"{token} is more than everyone", "write a percentage from 0% to 100%")
        return percent

    def limit(self, parts: Parts) -> syntax.Limit:
        rules = tuple(part for part in parts if isinstance(part, syntax.LimitRule))
        return syntax.Limit(rules, parts[-1] is not None, self.whole(parts))

    def limit_rule(self, parts: Parts) -> syntax.LimitRule:
        number, channel, per = parts
        count = self.read.integer(number, self.span(number), "the number of messages")
        known = None if channel in ("message", "messages") else self.name(channel)
        duration = self.duration([per]) if per.type == "DURATION" else self.read.one_unit(per, self.span(per))
        return syntax.LimitRule(count, known, duration, self.whole(parts))

    def priority(self, parts: Parts) -> syntax.Priority:
        _, minus, number = parts
        value = self.read.integer(number, self.span(number), "a priority")
        return syntax.Priority(-value if minus else value, self.whole(parts))

    def quiet(self, parts: Parts) -> syntax.Quiet:
        return syntax.Quiet(self.time(parts[1:2]), self.time(parts[2:]), self.whole(parts))

    def attribute(self, parts: Parts) -> syntax.Attribute:
        _, words, within = parts
        model = " ".join(words)
        if model not in MODELS:
            known = did_you_mean(model, MODELS) or f"models are {', '.join(MODELS)}"
            self.read.refuse(self.span(words[0], words[-1]), f"`{model}` is not a model of attribution", known)
            model = "last touch"
        return syntax.Attribute(model, self.duration([within]), self.whole(parts))

    def edits(self, parts: Parts) -> syntax.Edits:
        return syntax.Edits("everyone" if parts[1].type == "EVERYONE" else "newcomers", self.whole(parts))

    def moved(self, parts: Parts) -> syntax.Moved:
        return syntax.Moved(self.name(parts[1]), self.name(parts[2]), self.whole(parts))

    # --- stages -------------------------------------------------------------------------------------------------

    def stage(self, parts: Parts) -> syntax.Stage:
        return syntax.Stage(self.name(parts[1]), self.title(parts[2]), False, kept(parts[3:-1]), self.whole(parts))

    def final(self, parts: Parts) -> syntax.Stage:
        return syntax.Stage(self.name(parts[1]), self.title(parts[2]), True, kept(parts[3:-1]), self.whole(parts))

    def send(self, parts: Parts) -> syntax.Send:
        _, channel, message, options, time = parts
        return syntax.Send(self.name(channel), self.name(message), self.written(options), time, self.whole(parts))

    def send_time(self, parts: Parts) -> syntax.SendTime:
        if parts[0].type == "IN":
            return syntax.SendTime(None, None, self.duration(parts[1:]), self.whole(parts))
        weekday = cast(syntax.Weekday, str(parts[1])) if parts[0].type == "ON" else None
        return syntax.SendTime(self.time(parts[-1:]), weekday, None, self.whole(parts))

    def set(self, parts: Parts) -> syntax.Set:
        return syntax.Set(self.name(parts[1]), parts[2], self.whole(parts))

    def emit(self, parts: Parts) -> syntax.Emit:
        return syntax.Emit(self.name(parts[1]), self.written(parts[2]), self.whole(parts))

    def notify(self, parts: Parts) -> syntax.Notify:
        return syntax.Notify(self.name(parts[1]), self.text(parts[2:]), self.whole(parts))

    def sync(self, parts: Parts) -> syntax.Sync:
        return syntax.Sync(self.name(parts[1]), self.whole(parts))

    def do(self, parts: Parts) -> syntax.Do:
        return syntax.Do(self.name(parts[1]), self.written(parts[2]), self.whole(parts))

    def options(self, parts: Parts) -> Block:
        return Block(kept(parts[:-1]), self.whole(parts))

    arm_items = options

    def written(self, block: Block | None) -> tuple[Any, ...]:
        return () if block is None else block.items

    def option(self, parts: Parts) -> syntax.Option:
        return syntax.Option(self.name(parts[0]), parts[1], self.whole(parts))

    def way_out(self, parts: Parts) -> syntax.WayOut:
        guard = parts[1] if len(parts) == 3 else None
        return syntax.WayOut(parts[0], guard, self.name(parts[-1]), self.whole(parts))

    def on_event(self, parts: Parts) -> syntax.OnEvent:
        return syntax.OnEvent(parts[1], self.whole(parts))

    def after(self, parts: Parts) -> syntax.After:
        return syntax.After(self.duration(parts[1:]), self.whole(parts))

    def at_time(self, parts: Parts) -> syntax.AtTime:
        weekday = cast(syntax.Weekday, str(parts[2])) if parts[2] else None
        return syntax.AtTime(self.time(parts[1:2]), weekday, self.whole(parts))

    def on_date(self, parts: Parts) -> syntax.OnDate:
        return syntax.OnDate(self.moment(parts[1]), self.whole(parts))

    def moment(self, token: Token) -> syntax.Date | syntax.DateTime:
        return self.date([token]) if token.type == "DATE" else self.date_time([token])

    def when(self, parts: Parts) -> syntax.When:
        return syntax.When(parts[1], self.whole(parts))

    def else_(self, parts: Parts) -> syntax.Else:
        return syntax.Else(self.whole(parts))

    def split(self, parts: Parts) -> syntax.Split:
        items = kept(parts[2:-1])
        return syntax.Split(
            self.name(parts[1]),
            tuple(item for item in items if isinstance(item, syntax.Arm)),
            self.only([item for item in items if isinstance(item, syntax.Measure)], "measure"),
            self.only([item for item in items if isinstance(item, syntax.Decide)], "decide"),
            self.whole(parts),
        )

    def only(self, found: list[Any], word: str) -> Any:
        """The first of them; any other is reported."""
        for other in found[1:]:
            first = Label(found[0].span, "the first one is here")
            self.diagnostics.append(
                Diagnostic(
                    "syntax",
                    f"a split has one `{word}`",
                    other.span,
                    f"remove this line or the first `{word}`",
                    (first,),
                )
            )
        return found[0] if found else None

    def arm(self, parts: Parts) -> syntax.Arm:
        share, name, items = parts
        return syntax.Arm(self.share(share), self.name(name), self.written(items), self.whole(parts))

    def measure(self, parts: Parts) -> syntax.Measure:
        return syntax.Measure(parts[1], self.duration(parts[2:]), self.whole(parts))

    def decide(self, parts: Parts) -> syntax.Decide:
        return syntax.Decide(self.share(parts[1]), self.duration(parts[2:]), self.whole(parts))

    # --- expressions --------------------------------------------------------------------------------------------

    def binary(self, parts: Parts) -> syntax.Binary:
        left, operator, right = parts
        return syntax.Binary(cast(Any, str(operator)), left, right, self.span(left, right))

    def unary(self, parts: Parts) -> syntax.Unary | syntax.InSegment:
        operator, operand = parts
        span = self.span(operator, operand)
        if operator == "not" and isinstance(operand, syntax.InSegment) and not operand.negated:
            return replace(operand, negated=True, span=span)
        return syntax.Unary(cast(Any, str(operator)), operand, span)

    def between(self, parts: Parts) -> syntax.Between:
        value, _, low, _, high = parts
        return syntax.Between(value, low, high, self.span(value, high))

    def is_missing(self, parts: Parts) -> syntax.IsMissing:
        return syntax.IsMissing(parts[0], parts[-1].type == "SET", self.whole(parts))

    def in_options(self, parts: Parts) -> syntax.InOptions:
        return syntax.InOptions(parts[0], tuple(parts[2:-1]), parts[1] is not None, self.whole(parts))

    def in_list(self, parts: Parts) -> syntax.InList:
        return syntax.InList(parts[0], parts[2], parts[1] is not None, self.whole(parts))

    def text_match(self, parts: Parts) -> syntax.TextMatch:
        value, word, pattern = parts
        return syntax.TextMatch(
            "contains" if word.type == "CONTAINS" else "starts with", value, pattern, self.whole(parts)
        )

    def in_segment(self, parts: Parts) -> syntax.InSegment:
        return syntax.InSegment(self.name(parts[1]), False, self.whole(parts))

    def brackets(self, parts: Parts) -> syntax.Expression:
        """The expression itself; its place includes the brackets, and `(in segment a)` keeps its own `not`."""
        return cast(syntax.Expression, replace(parts[1], span=self.whole(parts)))

    def reference(self, parts: Parts) -> syntax.Reference:
        return syntax.Reference(tuple(map(self.name, parts)), self.whole(parts))

    def aggregate(self, parts: Parts) -> syntax.Aggregate:
        function, (event, field, about), where, window, _ = parts
        pattern = self.event_pattern([event, about, where])
        if field is not None:
            pattern = replace(pattern, span=self.span(event, where or about or field))
        return syntax.Aggregate(cast(Any, str(function)), pattern, self.optional_name(field), window, self.whole(parts))

    def aggregated(self, parts: Parts) -> Parts:
        return parts

    def window(self, parts: Parts) -> syntax.Window:
        last = self.duration(parts[1:]) if parts[0].type != "SINCE" else None
        return syntax.Window(last, self.whole(parts))

    did_window = window

    def did_event(self, parts: Parts) -> Parts:
        return parts

    def did_tail(self, parts: Parts) -> Parts:
        return parts

    def times(self, parts: Parts) -> Block:
        return Block((parts[0],), self.whole(parts))

    def did(self, parts: Parts) -> syntax.Did:
        word, negation, event, *rest = parts
        if negation is not None:
            self.read.refuse(self.span(word, negation), "`not` stands before `did`", f"write `not did {event[0]}`")
        tail = rest.pop() if rest and isinstance(rest[-1], list) else []
        pattern = self.event_pattern([*event, *(rest or [None])])
        times, window, last = 1, None, pattern
        for part in tail:
            if isinstance(part, syntax.Window):
                window = part
            else:
                times = self.read.integer(part.items[0], self.span(part.items[0]), "the number of times")
            last = part
        return syntax.Did(pattern, times, window, self.span(word, last))

    did_where = did

    def event_pattern(self, parts: Parts) -> syntax.EventPattern:
        event, about, where = parts
        return syntax.EventPattern(self.name(event), self.optional_name(about), where, self.whole(parts))

    # --- values -------------------------------------------------------------------------------------------------

    def text(self, parts: Parts) -> syntax.Text:
        return self.read.text(parts[0], self.span(parts[0]))

    def number(self, parts: Parts) -> syntax.Number:
        return self.read.number(parts[0], self.span(parts[0]))

    def percent(self, parts: Parts) -> syntax.Percent:
        return self.read.percent(parts[0], self.span(parts[0]))

    def money(self, parts: Parts) -> syntax.Money:
        return self.read.money(parts[0], self.span(parts[0]))

    def yes_no(self, parts: Parts) -> syntax.YesNo:
        return syntax.YesNo(parts[0].type == "YES", self.span(parts[0]))

    def date(self, parts: Parts) -> syntax.Date:
        return self.read.date(parts[0], self.span(parts[0]))

    def date_time(self, parts: Parts) -> syntax.DateTime:
        return self.read.date_time(parts[0], self.span(parts[0]))

    def time(self, parts: Parts) -> syntax.TimeOfDay:
        return self.read.time(parts[0], self.span(parts[0]))

    def duration(self, parts: Parts) -> syntax.Duration:
        return self.read.duration(parts[0], self.span(parts[0]))

    # --- tests --------------------------------------------------------------------------------------------------

    def test_declaration(self, parts: Parts) -> syntax.TestDeclaration:
        _, title, campaign, *steps, _ = parts
        return syntax.TestDeclaration(self.text([title]), self.name(campaign), kept(steps), self.whole(parts))

    def test_contact(self, parts: Parts) -> syntax.TestContact:
        return syntax.TestContact(self.name(parts[1]), self.written(parts[2]), self.whole(parts))

    def at_moment(self, parts: Parts) -> syntax.AtMoment:
        return syntax.AtMoment(self.moment(parts[1]), self.whole(parts))

    def after_pause(self, parts: Parts) -> syntax.AfterPause:
        return syntax.AfterPause(self.duration(parts[1:]), self.whole(parts))

    def happens(self, parts: Parts) -> syntax.Happens:
        contact, event, about, fields = parts
        return syntax.Happens(
            self.name(contact), self.name(event), self.optional_name(about), self.written(fields), self.whole(parts)
        )

    def force_arm(self, parts: Parts) -> syntax.ForceArm:
        return syntax.ForceArm(self.name(parts[1]), self.name(parts[2]), self.whole(parts))

    def expect_in(self, parts: Parts) -> syntax.ExpectIn:
        return syntax.ExpectIn(self.name(parts[1]), self.name(parts[2]), self.whole(parts))

    def expect_sent(self, parts: Parts) -> syntax.ExpectSent:
        _, contact, negation, channel, message, at = parts
        return syntax.ExpectSent(
            self.name(contact),
            negation is not None,
            self.name(channel),
            self.name(message),
            self.date_time([at]) if at else None,
            self.whole(parts),
        )

    def expect_converted(self, parts: Parts) -> syntax.ExpectConverted:
        _, contact, negation, _, conversion = parts
        return syntax.ExpectConverted(
            self.name(contact), negation is not None, self.optional_name(conversion), self.whole(parts)
        )

    def expect_left(self, parts: Parts) -> syntax.ExpectLeft:
        _, contact, negation, _ = parts
        return syntax.ExpectLeft(self.name(contact), negation is not None, self.whole(parts))
