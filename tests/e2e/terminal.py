"""terminal.py: the program at a terminal, as a person has it."""
import os
import pty
import select

from home import BINARY, PROCESS_SECONDS


class Terminal:
    """The command on a terminal of its own, with this shell command as the editor."""

    def __init__(self, home, *args, editor="false", errors_to=None):
        environment = {**home.environment, "EDITOR": editor, "TERM": "dumb"}
        environment.pop("VISUAL", None)
        self.test, self.shown = home.test, ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(home.path.parent)
            if errors_to is not None:
                os.dup2(os.open(errors_to, os.O_WRONLY | os.O_CREAT, 0o600), 2)
            os.execve(BINARY, [BINARY, "--home", str(home.path), *args], environment)
        home.test.addCleanup(self.close)

    def wait_for(self, text):
        while text not in self.shown:
            self.test.assertTrue(self.read(), f"never shown: {text}\n{self.shown}")

    def read(self):
        ready, _, _ = select.select([self.fd], [], [], PROCESS_SECONDS)
        try:
            more = os.read(self.fd, 65536).decode(errors="surrogateescape") if ready else ""
        except OSError:  # the other end is closed
            more = ""
        self.shown += more
        return more

    def type(self, text):
        os.write(self.fd, text.encode())

    def close(self):
        """As a window is closed: whoever runs in it is told by SIGHUP."""
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1

    def end(self):
        """Waits for its end: exit code and all it showed."""
        while self.fd >= 0 and self.read():
            pass
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self.close()
        return code, self.shown.replace("\r\n", "\n")
