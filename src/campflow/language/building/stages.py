"""Rules of stages: actions, ways out and splits."""

from typing import Any, cast

from campflow.diagnostics.diagnostic import Diagnostic, Label
from campflow.language import syntax
from campflow.language.building.ground import Block, Ground, Parts, kept


class StageRules(Ground):
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
            self.read.diagnostics.append(
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
