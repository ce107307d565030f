"""The crash matrix: the process dies at each failpoint, is started again, and everything ends as if it had not.

Every failpoint, on SQLite and PostgreSQL, with a provider with and without idempotency keys. An ordinary run takes a
few of the cases, a long one (`tests/shares.py`) takes them all.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests import databases
from tests.crash.ledger import Ledger
from tests.crash.life import CommandServer, Life, check, live
from tests.crash.place import Place
from tests.crash.steps import DAY_9, write_project
from tests.shares import some

from campflow import failpoints

KINDS = [(kind, keys) for kind in databases.kinds() for keys in (False, True)]

#: What an ordinary run looks at: one provider for each database, and the places where most is at stake.
FEW = [(kind, keys) for kind, keys in KINDS if keys == (kind != databases.SQLITE)]
RISKY = (
    "channel.deliver.answer", "engine.outbox.Clerk.hand_over.after", "engine.outbox.Clerk.close.before",
    "engine.chunks.Share._chunk_once.after", "action.run.after",
)  # fmt: skip


#: Commits that are not in the life of a project, and why.
ELSEWHERE = {
    "engine.advance._count_again": "after tens of thousands of moves; writes no row",
    "engine.engagement.leave_alone": "a provider is asked once too often at the most; the next one's test",
    "engine.engagement.write_down": "counts that are asked for again; tests/engine/test_engagement.py",
    "engine.hits.judge_hits": "events that are recorded twice are one; tests/web/test_tracking.py",
    "engine.hits.write_hit": "a visitor is led on whatever becomes of it; tests/web/test_tracking.py",
    "engine.opt_ins.OptIns.confirm": "a form of a landing page; tests/web/test_double_opt_in.py",
    "engine.opt_ins.OptIns.hold": "the same",
    "engine.opt_ins._Asking._lease": "the mail that asks, which may come twice; the same",
    "engine.opt_ins._Asking._settle": "the same",
    "engine.preferences.Preferences.write": "a person sees whether it was kept; tests/web/test_preferences.py",
    "engine.submissions.Intake.take": "a form, sent twice it counts once; tests/web/test_landing.py",
    "engine.submissions.Intake.visited": "a visit, once in half an hour; the same",
    "people.reactions.believe_again": "who dies there has not answered, and is told again; test_side_by_side.py",
    "storage.copying.copy": "fills another database, all or nothing; tests/storage compares every row",
    "storage.sharding.distribute": "needs Citus, which Debian does not have",
}

#: What is done once in the process whose forks live and die: it costs most of each command.
WARMING = (("tick", "--now", DAY_9), ("apply", "--yes"), ("doctor",))


class Lives:
    """The command server, and of each kind a life that nothing disturbs, with copies of it before each step."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self.server = stack.enter_context(CommandServer(folder / "server"))
        self._undisturbed: dict[tuple[str, bool], tuple[Life, list[Life]]] = {}

    def undisturbed(self, kind: str, keys: bool) -> tuple[Life, list[Life]]:
        if (kind, keys) not in self._undisturbed:
            life, copies = self._new(kind, keys), list[Life]()
            self._warm(self._new(kind, keys))
            live(self.server, life, remember=copies)
            self._warm(Life(life.place.copy(), Ledger(keys)))
            self._undisturbed[kind, keys] = life, copies
        return self._undisturbed[kind, keys]

    def _new(self, kind: str, keys: bool) -> Life:
        life = Life(Place(kind, self._folder, self._stack.callback), Ledger(keys))
        life.folder.mkdir()
        write_project(life.folder)
        return life

    def _warm(self, life: Life) -> None:
        for words in WARMING:
            self.server.warm(life, words)

    def killed(self, kind: str, keys: bool, failpoint: str) -> Life:
        """A life that dies where this failpoint is first reached."""
        undisturbed, copies = self.undisturbed(kind, keys)
        step = next(step for step, reached in enumerate(undisturbed.reached) if failpoint in reached)
        life = copies[step].copy()
        live(self.server, life, failpoint)
        return life


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lives]:
    with ExitStack() as stack:
        yield Lives(tmp_path_factory.mktemp("lives"), stack)


@pytest.mark.long
@pytest.mark.parametrize(("kind", "keys"), some(FEW, KINDS))
def test_the_life_of_the_matrix_reaches_every_failpoint(lives: Lives, kind: str, keys: bool) -> None:
    life, _ = lives.undisturbed(kind, keys)
    missing = failpoints.names() - {name for step in life.reached for name in step}
    assert sorted(name for name in missing if name.rpartition(".")[0] not in ELSEWHERE) == []
    check(lives.server, life, life)


def cases() -> list[tuple[str, bool, str]]:
    names = sorted(name for name in failpoints.names() if name.rpartition(".")[0] not in ELSEWHERE)
    return some([(*kind, name) for name in RISKY for kind in FEW], [(*kind, name) for name in names for kind in KINDS])


@pytest.mark.long
@pytest.mark.parametrize(("kind", "keys", "name"), cases())
def test_killed_there_it_ends_as_if_nothing_had_been(lives: Lives, kind: str, keys: bool, name: str) -> None:
    undisturbed, _ = lives.undisturbed(kind, keys)
    life = lives.killed(kind, keys, name)
    assert life.died_at_failpoint
    check(lives.server, life, undisturbed)
