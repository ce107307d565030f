"""Places at which a test makes the process die: before and after each commit and each call to a provider.

`CAMPFLOW_FAILPOINT=NAME[:N][=kill|raise|stop]` acts when NAME is reached for the N-th time (the first): `kill` is
`kill -9`, `raise` raises Failed, `stop` is SIGSTOP. An empty value only counts, in `reached`. Without the variable
nothing of this is in the way: what is wrapped elsewhere is left as it is.

A commit is named after the function that opened the transaction, `engine.leasing.lease.before` and `.after`; a call to
a provider after the plugin's method, `channel.deliver.before`. `names` lists them all.
"""

import ast
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

VARIABLE = "CAMPFLOW_FAILPOINT"
ACTIONS = ("kill", "raise", "stop")

#: How often each place was reached by this process.
reached: Counter[str] = Counter()

#: By the function that names them: `call` is around a stream of answers, `around` around anything else.
_PLACES = {"call": ("before", "answer", "after"), "around": ("before", "after")}

_ROOT = "campflow."


class Failed(Exception):
    """What `raise` raises."""


def _parse(text: str) -> tuple[str, int, str]:
    """Raises ValueError with what to write."""
    place, _, action = text.partition("=")
    name, _, nth = place.partition(":")
    action = action or "kill"
    if action not in ACTIONS or not (nth or "1").isdecimal():
        raise ValueError(f"{VARIABLE}={text} is not understood: write NAME[:N][={'|'.join(ACTIONS)}]")
    return name, int(nth or 1), action


IN_USE = VARIABLE in os.environ
_armed = _parse(os.environ.get(VARIABLE, ""))


def arm(text: str) -> None:
    """Another place and action, in a process that began with the variable set."""
    global _armed
    _armed = _parse(text)
    reached.clear()


def _reach(name: str) -> None:
    reached[name] += 1
    wanted, nth, action = _armed
    if name != wanted or reached[name] != nth:
        return
    if action == "raise":
        raise Failed(f"failpoint {name}")
    os.kill(os.getpid(), signal.SIGKILL if action == "kill" else signal.SIGSTOP)


def _pass(name: str) -> None:
    """Nothing is asked for."""


#: Called at a place with its name.
reach: Callable[[str], None] = _reach if IN_USE else _pass


# --- commits ------------------------------------------------------------------------------------------------------

Self = TypeVar("Self")
Opened = TypeVar("Opened")
P = ParamSpec("P")


def commits(
    begin: Callable[Concatenate[Self, P], AbstractContextManager[Opened]],
) -> Callable[Concatenate[Self, P], AbstractContextManager[Opened]]:
    """Of a method that opens a transaction: the same method, with a place before its commit and one after."""
    if not IN_USE:
        return begin

    def begin_watched(self: Self, /, *args: P.args, **options: P.kwargs) -> AbstractContextManager[Opened]:
        caller = sys._getframe(1)
        block = f"{caller.f_globals['__name__']}.{caller.f_code.co_qualname}".removeprefix(_ROOT)
        return _watched(begin(self, *args, **options), block)

    return begin_watched


@contextmanager
def _watched(transaction: AbstractContextManager[Opened], block: str) -> Iterator[Opened]:
    with transaction as opened:
        yield opened
        reach(f"{block}.before")
    reach(f"{block}.after")


# --- calls to providers -------------------------------------------------------------------------------------------

Answer = TypeVar("Answer")


def call(name: str, answers: AsyncIterator[Answer]) -> AsyncIterator[Answer]:
    """A provider's answers, with a place before it is asked, after each answer, and after the last."""
    return _called(name, answers) if IN_USE else answers


async def _called(name: str, answers: AsyncIterator[Answer]) -> AsyncIterator[Answer]:
    reach(f"{name}.before")
    async for answer in answers:
        yield answer
        reach(f"{name}.answer")
    reach(f"{name}.after")


@contextmanager
def around(name: str) -> Iterator[None]:
    """Any other call to a provider, with a place before it and one after."""
    reach(f"{name}.before")
    yield
    reach(f"{name}.after")


# --- all of them --------------------------------------------------------------------------------------------------


def names() -> frozenset[str]:
    """Every failpoint in campflow's own code, read from its text.

    A transaction that is always taken back has none.
    """
    found: set[str] = set()
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        text = file.read_text("utf-8")
        # Most modules have none, and to parse all takes a second.
        if file == Path(__file__) or not (".transaction(" in text or "failpoints." in text):
            continue
        module = ".".join(file.relative_to(Path(__file__).parent).with_suffix("").parts)
        found |= set(_in_module(ast.parse(text), module))
    return frozenset(found)


def _in_module(tree: ast.AST, block: str) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.ClassDef(name=name):
                yield from _in_module(node, f"{block}.{name}")
                continue
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield from _in_module(node, f"{block}.{name}")
                continue
            case ast.With(body=[*_, ast.Raise()]):  # always taken back: there is no commit
                continue
            case ast.Call(func=ast.Attribute(attr="transaction")):
                yield from (f"{block}.before", f"{block}.after")
            case ast.Call(
                func=ast.Attribute(value=ast.Name("failpoints"), attr="call" | "around" as how),
                args=[ast.Constant(str(name)), *_],
            ):
                yield from (f"{name}.{place}" for place in _PLACES[how])
        yield from _in_module(node, block)
