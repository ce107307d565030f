"""Who holds a lease: this process, by a name from which another process on the machine can tell that it is gone."""

import os
import socket
from functools import lru_cache
from pathlib import Path


def this_process() -> str:
    """`host/machine/pid/start`: unique to one process, even after its number is used again."""
    pid = os.getpid()
    return f"{socket.gethostname()}/{_machine()}/{pid}/{_started(pid) or ''}"


def is_gone(owner: str) -> bool:
    """Whether that process certainly runs no more. False where it cannot be known from here: then its lease decides."""
    try:
        _, machine, pid, started = owner.rsplit("/", 3)
        number = int(pid)
    except ValueError:
        return False
    return bool(machine and started) and machine == _machine() and _started(number) != started


@lru_cache
def _machine() -> str:
    """The boot of the kernel and the name space of process numbers; empty where the system does not tell."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot}.{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def _started(pid: int) -> str | None:
    """When the process began, in ticks since boot; None where it is not there or has ended and waits to be reaped."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return None
    # The second field is the command in brackets and may hold anything.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]
