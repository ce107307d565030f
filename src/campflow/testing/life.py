"""The life of what a plugin makes: opened, used, closed, with nothing left behind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar

import pytest
from pydantic import BaseModel, ValidationError

#: Seconds in which anything here must be done.
PATIENCE = 20.0


class Openable(Protocol):
    async def open(self) -> None: ...

    async def close(self) -> None: ...


T = TypeVar("T", bound=Openable)
R = TypeVar("R")


@asynccontextmanager
async def opened(made: T) -> AsyncIterator[T]:
    """Open in the block, closed after it."""
    await made.open()
    try:
        yield made
    finally:
        await made.close()


def run(work: Callable[[], Awaitable[R]]) -> R:
    """Run it in a loop of its own. Fails where it takes too long, or leaves tasks behind."""

    async def bounded() -> R:
        before = asyncio.all_tasks()
        result = await asyncio.wait_for(work(), PATIENCE)
        # What `close` has cancelled ends within a few turns of the loop.
        for _ in range(10):
            await asyncio.sleep(0)
        left = [task for task in asyncio.all_tasks() - before if not task.done()]
        assert left == [], "tasks are left after close(): cancel them there and wait for them"
        return result

    return asyncio.run(bounded())


def refuse_a_misspelt_setting(settings: type[BaseModel], right: Any) -> None:
    """A setting that does not exist is an error that names it: campflow says it with file and line."""
    settings.model_validate(right)
    with pytest.raises(ValidationError) as refused:
        settings.model_validate({**right, "no_such_setting": 1})
    named = {str(part) for error in refused.value.errors() for part in error["loc"]}
    assert "no_such_setting" in named, "give the settings model extra='forbid'"


def once_each(ids: Iterable[int], answered: Iterable[int]) -> None:
    """One answer for each, and for nobody else."""
    assert sorted(answered) == sorted(ids), "there must be one answer for each that was given"


class Applicable:
    """A suite whose tests with a mark `_needs` are taken out of the classes that do not need them."""

    @classmethod
    def applies(cls, need: str) -> bool:
        """Whether tests of this need are for this class."""
        return True

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        for name in dir(cls):
            need = getattr(getattr(cls, name), "_needs", None) if name.startswith("test_") else None
            if need is not None and not cls.applies(need):
                setattr(cls, name, None)


def needs(what: str) -> Callable[[R], R]:
    """Marks a test that is only for classes to which this applies."""

    def mark(test: R) -> R:
        test._needs = what  # type: ignore[attr-defined]
        return test

    return mark
