"""timing.py: a gateway beside the store behind it, by the programs of this folder: what it adds to one
push, how many pushes a second it takes, what its watchers cost in memory. Each has a MinIO and a gateway
of its own, without proxies."""
import json
import subprocess

from servers import ENVIRONMENT, Gateway, Group, Minio

PUSH_ROUNDS, RATE_ACCOUNTS, RATE_SECONDS, RATE_ROUNDS = 500, 64, 5, 5
WATCHERS, WATCHERS_EACH = 10000, 50


def program(binaries, name, *args):
    done = subprocess.run([str(binaries / name), *map(str, args)], env=ENVIRONMENT,
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{name}: exit code {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)


def push(binaries, gateway, store, small):
    """bench_push: a push against a bare conditional PUT and the hop to the gateway."""
    numbers = program(binaries, "bench_push", gateway.url, store, 20 if small else PUSH_ROUNDS)
    limit = numbers["put_us"] + numbers["hop_us"]
    return numbers, [("a push of its PUT and the hop", numbers["push_us"] / limit, 1.15)]


def rate(binaries, gateway, store, small):
    """bench_rate: concurrent pushes against the store's own rate; a rate is worth 1 / ratio."""
    args = (4, 1, 1) if small else (RATE_ACCOUNTS, RATE_SECONDS, RATE_ROUNDS)
    numbers = program(binaries, "bench_rate", gateway.url, gateway.metrics, store, *args)
    return numbers, [("the store's rate of the pushes' (1 / 0.8)", 1 / numbers["ratio"], 1.25)]


def watchers(binaries, gateway, _store, small):
    """bench_watchers: memory with many suspended watches, after all were woken."""
    args = (40, 10) if small else (WATCHERS, WATCHERS_EACH)
    numbers = program(binaries, "bench_watchers", gateway.url, gateway.metrics, gateway.process.pid,
                      *args)
    return numbers, [("watchers: MiB after a wake", numbers["woken_mib"], 96)]


PROGRAMS = {"push": push, "rate": rate, "watchers": watchers}


def measure(binaries, folder, name, store_url=None, small=False):
    """The program's numbers, and its bars. store_url: a bucket that is there already."""
    folder.mkdir()
    with Group(folder) as group:
        store = store_url or Minio(group).make_bucket("timing")
        gateway = Gateway(group, binaries / "inkseald", store, "--create", "open")
        return PROGRAMS[name](binaries, gateway, store, small)
