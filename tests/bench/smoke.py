"""smoke.py BINARIES NAME: one of the timing programs with small numbers, so that it stays true; the
figures are nobody's. Exit code 77, which ctest counts as skipped, where there is no MinIO."""
import pathlib
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True

import timing  # noqa: E402
from servers import Missing, minio_binary  # noqa: E402


def main():
    binaries, name = pathlib.Path(sys.argv[1]), sys.argv[2]
    try:
        store = None if name != "watchers" and minio_binary() else "dir:bucket"
    except Missing as why:
        print(f"skipped: {why}")
        return 77
    folder = pathlib.Path(tempfile.mkdtemp(prefix="inkseal-bench-"))
    try:
        print(*timing.measure(binaries, folder / name, name, store, small=True))
    finally:
        shutil.rmtree(folder)
    return 0


sys.exit(main())
