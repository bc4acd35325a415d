#!/usr/bin/env python3
"""memory_test.py SANITIZED PROGRAM WORD...: while PROGRAM waits, nobody may look into its memory, and it leaves no
core dump. SANITIZED is 1 where a sanitizer must look into its own process."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time


def main():
    sanitized, program, *words = sys.argv[1:]
    # What root starts is root's anyway: then it runs as somebody else.
    user = 65534 if os.getuid() == 0 else None
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        environment = {"HOME": folder, "PATH": "/usr/bin:/bin"}
        with subprocess.Popen([os.path.realpath(program), *words], stdin=subprocess.PIPE, user=user, env=environment,
                              cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            proc = pathlib.Path("/proc") / str(process.pid)
            until = time.monotonic() + 20
            while True:
                owner = (proc / "mem").stat().st_uid
                limits = re.search(r"Max core file size +(\S+) +(\S+)", (proc / "limits").read_text())
                kept = limits.groups() == ("0", "0") and (sanitized == "1" or owner == 0 != (user or os.getuid()))
                if kept:
                    break
                assert process.poll() is None, (owner, process.stdout.read())
                assert time.monotonic() < until, (owner, limits.groups())
                time.sleep(0.02)
            process.terminate()
            process.stdin.close()
            process.wait(30)


main()
