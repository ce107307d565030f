"""Rules of the clauses of a campaign."""

from typing import Any, cast

from lark import Token

from campflow.diagnostics.diagnostic import did_you_mean
from campflow.language import syntax
from campflow.language.building.ground import Ground, Parts, kept

MODELS = ("first touch", "last touch", "linear", "time decay", "position", "markov", "shapley")


class ClauseRules(Ground):
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
