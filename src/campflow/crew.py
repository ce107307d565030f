"""Several processes for one check: each reads and looks at a share of the files.

They are copies of this process, made where that costs little: on Linux. What a share needs of the others are outlines,
which are sent through pipes; so nothing is shared, and nothing is done that one process would not do.
"""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from campflow.diagnostics.source import Source
from campflow.language.parser import prepare
from campflow.rechecking import Seen, Share, one_after_the_other

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

#: Characters that are worth a process of their own: less is read before one is made.
ENOUGH = 100_000

#: More processes than that get into each other's way.
MOST = 8


def hands(new: Iterable[Source]) -> int:
    """How many processes are worth having for these texts."""
    if sys.platform != "linux":
        return 1
    size = sum(len(source.text) for source in new)
    return max(1, min(len(os.sched_getaffinity(0)), MOST, size // ENOUGH))


def side_by_side(shares: Sequence[Share]) -> list[Seen]:
    """The first share here, each other in a process of its own. If one is killed, all is done here."""
    first, *others = shares
    if not others:
        return one_after_the_other(shares)
    from multiprocessing import Pipe, get_context

    prepare(1)
    context = get_context("fork")
    ends = [Pipe() for _ in others]
    pipes = [near for near, _ in ends]
    workers = [
        context.Process(target=_work, args=(share, far, pipes)) for share, (_, far) in zip(others, ends, strict=True)
    ]
    try:
        for worker, (_, far) in zip(workers, ends, strict=True):
            worker.start()
            far.close()
        read = first.read()
        for pipe in pipes:
            read |= pipe.recv()
        for pipe, share in zip(pipes, others, strict=True):
            pipe.send({path: each for path, each in read.items() if path not in share.mine})
        return [first.look(read), *(pipe.recv() for pipe in pipes)]
    except (EOFError, OSError):
        return one_after_the_other(shares)
    finally:
        for near, far in ends:
            near.close()
            far.close()
        for worker in workers:
            if worker.pid is not None:
                worker.join()


def _work(share: Share, pipe: "Connection", others: "Sequence[Connection]") -> None:
    for each in others:  # the ends of the process that waits for this one
        each.close()
    try:
        read = share.read()
        pipe.send(read)
        pipe.send(share.look({**read, **pipe.recv()}))
    except (EOFError, OSError):
        pass  # nobody is waiting any more
