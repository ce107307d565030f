"""What filling one template may cost. Counted inside the template, so that nothing has to be stopped from outside.

Steps are calls, filters and turns of loops. Work is what these handle: characters, and items of lists; it is spent
before a text is made, so that no text is ever made that is too large. Both together bound the time and the memory.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, Undefined

from campflow.content.record import Record, fields_of

#: Steps that filling one template may take: about half a second. A turn of a loop is one, a call or a filter is three.
STEPS = 100_000

#: Characters that it may handle; an item of a list counts as so many of them as it takes time.
WORK, ITEM = 5_000_000, 20

#: Where a context keeps its budget; no template can write this name.
BUDGET = "$budget"


class Budget:
    """What is left."""

    __slots__ = ("steps", "work")

    def __init__(self) -> None:
        self.steps, self.work = STEPS, WORK

    def step(self, steps: int = 1) -> None:
        self.steps -= steps
        if self.steps < 0:
            raise SecurityError(f"it takes more than {STEPS:,} steps to fill")

    def spend(self, work: int) -> None:
        self.work -= work
        if self.work < 0:
            raise SecurityError("the result is too large, or is made of something too large")

    def weigh(self, *values: Any) -> None:
        """Spend what it takes to handle these."""
        for value in values:
            self.spend(len(value) if isinstance(value, str) else weight(value, self.work))

    def flow(self, items: Iterable[Any]) -> Iterator[Any]:
        """The items, each paid for as it is taken."""
        for item in items:
            self.spend(ITEM)
            self.weigh(item)
            yield item


def budget_of(context: Context) -> Budget:
    budget = context.resolve(BUDGET)
    return budget if isinstance(budget, Budget) else Budget()


def weight(value: Any, most: int) -> int:
    """The characters and items in a value, as often as they would be written; counted no further than beyond `most`.

    A list that holds the same list many times is small in memory, and endless when it is written.
    """
    total, waiting = 0, [value]
    while waiting and total <= most:
        each = waiting.pop()
        total += len(each) if isinstance(each, str) else 1
        if isinstance(each, str | Undefined) or not isinstance(each, Record | Collection):
            continue
        inner = fields_of(each) if isinstance(each, Record) else each
        total += ITEM * len(inner)
        if total <= most:
            waiting += inner
            waiting += inner.values() if isinstance(inner, Mapping) else ()
    return total
