"""A process that stands still past its lease: its work is taken over, and when it wakes nothing of it comes twice."""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests import databases
from tests.crash.campflow_ledger import WINDOW
from tests.crash.ledger import Ledger, listening
from tests.crash.place import Place
from tests.crash.shop import Shop
from tests.shares import some

PASSER = [sys.executable, "-m", "tests.crash.passer"]


def wait_until_it_stands_still(process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while True:
        pid, status = os.waitpid(process.pid, os.WUNTRACED | os.WNOHANG)
        if pid and os.WIFSTOPPED(status):
            return
        assert not pid, "it ended instead"
        assert time.monotonic() < deadline
        time.sleep(0.02)


#: An ordinary run takes one provider for each database.
CASES = [(kind, keys) for kind in databases.kinds() for keys in (False, True)]
FEW = [(kind, keys) for kind, keys in CASES if keys == (kind == databases.SQLITE)]


@pytest.mark.long
@pytest.mark.parametrize(("kind", "keys"), some(FEW, CASES))
def test_a_process_that_stood_still_past_its_lease(kind: str, keys: bool, tmp_path: Path) -> None:
    ledger = Ledger(keys)
    with ExitStack() as stack, listening(ledger) as port:
        place = Place(kind, tmp_path, stack.callback)
        shop = Shop(place.folder, place.url, ledger, port, people=20)
        words = [*PASSER, str(place.folder), "1"]
        stalled = shop.start(words, CAMPFLOW_FAILPOINT="channel.deliver.answer:3=stop")
        try:
            wait_until_it_stands_still(stalled)
            other = shop.start(words)
            assert other.wait(90) == 0, shop.log()
            os.kill(stalled.pid, signal.SIGCONT)
            assert stalled.wait(90) == 0, shop.log()
        finally:
            stalled.kill()
            stalled.wait()
        states = shop.check()
    # The window at which it stood is what nobody can know; with keys it was offered again.
    assert states["uncertain"] == (0 if keys else WINDOW)
    offered = {who: times for (_, _, who), times in ledger.offered.items()}
    assert (max(offered.values()) > 1) == keys
