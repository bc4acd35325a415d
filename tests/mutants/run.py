"""One run of a program that may do anything: loop, allocate, write, hang, fork.

It gets a folder of its own for what it writes, limits, and a process group that is killed after it.
"""
import dataclasses
import functools
import os
import pathlib
import shutil
import signal
import subprocess
import threading
import time

MEMORY_MAX = 4 << 30
FILE_MAX = 256 << 20
# In a mount namespace of its own the project cannot be written, and /tmp is the run's folder.
APART = ["unshare", "--mount", "sh", "-c",
         'mount --bind . /tmp && mount --bind "$0" "$0" && '
         'mount -o remount,bind,ro "$0" && exec "$@"',
         str(pathlib.Path(__file__).resolve().parent.parent.parent)]


@dataclasses.dataclass(frozen=True)
class Ran:
    how: str  # "passed", "failed" or "timeout"
    seconds: float
    processor: float  # seconds of it
    output: str  # its end


@functools.cache
def _apart(folder):
    """A prefix of commands; none where one may not, or where what is run would be hidden."""
    may = not str(folder).startswith("/tmp/") and subprocess.run(
        [*APART, "true"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        check=False).returncode == 0
    return APART if may else []


def kill(group):
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _watched(child, watch):
    """Reads what it prints; True: a line holds what was watched for."""
    tail = []
    for line in child.stdout:
        tail = (tail + [line.decode("utf-8", "replace")])[-40:]
        if watch and watch in tail[-1]:
            return True, tail
    return False, tail


class Ended(Exception):
    """All is being ended: how this run went says nothing."""


class Together:
    """Runs that are ended once one of them has failed."""

    def __init__(self):
        self.lock, self.groups, self.over = threading.RLock(), set(), False

    def begin(self, group):
        with self.lock:
            self.groups.add(group)
            if self.over:
                kill(group)

    def end(self, group):
        with self.lock:
            self.groups.discard(group)

    def end_all(self):
        with self.lock:
            self.over = True
            for group in self.groups:
                kill(group)


everything = Together()


def run(command, folder, seconds_max, processor_max, watch=None, together=everything, variables=()):
    """Runs a command in a new folder, which is removed. watch: once a line that it prints holds
    this, it has failed, and is ended. variables: of its environment, beside ours."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    limited = [*_apart(folder.parent), "prlimit", f"--data={MEMORY_MAX}", f"--fsize={FILE_MAX}", "--core=0",
               f"--cpu={processor_max}:{processor_max + 1}", *map(str, command)]
    environment = {**os.environ, "TMPDIR": str(folder), "HOME": str(folder),
                   "CMOCKA_TEST_ABORT": "1", **dict(variables)}
    begun, late = time.monotonic(), threading.Event()
    child = subprocess.Popen(limited, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             start_new_session=True)

    def end():
        late.set()
        kill(child.pid)

    for one in {everything, together}:
        one.begin(child.pid)
    timer = threading.Timer(seconds_max, end)
    timer.start()
    try:
        seen, tail = _watched(child, watch)
        if seen:
            kill(child.pid)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    finally:
        timer.cancel()
        kill(child.pid)
        for one in {everything, together}:
            one.end(child.pid)
        child.stdout.close()
        shutil.rmtree(folder, ignore_errors=True)
    if everything.over:
        raise Ended
    processor = used.ru_utime + used.ru_stime
    if child.returncode == 0 and not seen:
        how = "passed"
    elif not seen and (late.is_set() or child.returncode == -signal.SIGXCPU or
                       processor > processor_max):
        how = "timeout"
    else:
        how = "failed"
    return Ran(how, time.monotonic() - begun, processor, "".join(tail))
