#!/usr/bin/env python3
"""contract_test.py INKSEALD SCHEMATHESIS: schemas/openapi.yaml against a gateway, by schemathesis:
what it sends is answered, in the form and with the statuses that stand there, and never by 500."""
import os
import pathlib
import subprocess
import sys
import tempfile

from gateway import CBOR, ROOT, Account, Gateway

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES = "25"


def run(gateway, schemathesis, folder, signed):
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "contract_hooks", "PYTHONPATH": str(HERE),
                   "NO_COLOR": "1"}
    flags = ["--exclude-checks", "ignored_auth"]
    if signed:
        environment["INKSEAL_CONTRACT_SIGNED"] = "1"
        flags = ["--exclude-operation-id", "watch"]  # it would wait, each time
    return subprocess.run(
        [schemathesis, "--config-file", str(HERE / "schemathesis.toml"), "run", str(ROOT / "schemas/openapi.yaml"),
         "--url", f"http://{gateway.authority}", "--max-examples", EXAMPLES, "--seed", "1",
         "--phases", "coverage,fuzzing", *flags],
        cwd=folder, env=environment, check=False).returncode


def main():
    binary, schemathesis = (os.path.realpath(sys.argv[1]), sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        with Gateway(binary, folder, "--bucket", f"dir:{folder}/bucket", "--create", "open",
                     "--account-requests", "1000") as gateway:
            reply = gateway.ask("POST", "/v1/accounts", Account("contract").create(), CBOR)
            assert reply.status == 201, reply.body
            codes = [run(gateway, schemathesis, folder, signed) for signed in (False, True)]
            assert "status=500" not in gateway.log() and "status=507" not in gateway.log()
    sys.exit(max(codes))


if __name__ == "__main__":
    main()
