"""rows.py: the rows of a tool's life on one journal, each as whole processes: the first push and the
first pull, no change, one edit and its pull (medians of 5), the same two at 50 ms a request, a month
of 100 edits that are each pushed, deleting all. Inkseal and restic go through the very same rows.

A row's cost: seconds and CPU seconds of the process, its peak memory, and what passed each link:
`client` is between the device and whatever it talks to, `bucket` before the store. Without a gateway
they are one. On `dir:` there is no link: the program's own counts stand for both."""
import json
import statistics
import subprocess
import tempfile

from servers import ENVIRONMENT, KEYS

REPEATS = 5
DELAY_MS = 50
COUNTED = ("req", "up", "down")


def run(launcher, command, environment, cwd, text=""):
    """To its end, which must be a success: standard output, and what it cost by bench_cost."""
    with tempfile.NamedTemporaryFile("r") as cost, tempfile.TemporaryFile("w+") as given, \
            tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        given.write(text)
        given.seek(0)
        code = subprocess.run([launcher, cost.name, *command], env=environment, cwd=cwd,
                              stdin=given, stdout=out, stderr=err, check=False).returncode
        out.seek(0)
        err.seek(0)
        if code != 0:
            raise RuntimeError("%s: exit code %d\n%s" % (" ".join(map(str, command)), code,
                                                         err.read()[-3000:]))
        return out.read(), json.load(cost)


class Links:
    """The proxies on a tool's way: `client` and `bucket`, which may be one; or none."""

    def __init__(self, **proxies):
        self.proxies = proxies

    def reset(self):
        for proxy in set(self.proxies.values()):
            proxy.reset()

    def delay(self, ms):
        for proxy in set(self.proxies.values()):
            proxy.delay(ms)

    def counted(self):
        counts = {name: proxy.counted() for name, proxy in self.proxies.items()}
        return {name: {key: count[key] for key in (*COUNTED, "by")}
                for name, count in counts.items()}


class DirPlace:
    """A folder as the bucket."""

    name = "dir"
    links = Links()

    def __init__(self, folder):
        self.folder = folder
        self.on = [f"dir:{folder}"]
        self.recover = ["--bucket", f"dir:{folder}"]

    def files(self, below):
        return [path.stat().st_size for path in (self.folder / below).rglob("*") if path.is_file()]

    def stored(self):
        sizes = self.files("a")
        return len(sizes), sum(sizes)

    def left(self):
        return {"objects": len(self.files("a")), "records": len(self.files("w"))}


class S3Place:
    """A bucket of MinIO's, the proxy before it."""

    name = "s3"
    prefix = "a/"  # of all but the records of wipes, which stay

    def __init__(self, minio, proxy, bucket):
        self.minio, self.bucket = minio, bucket
        minio.make_bucket(bucket)
        self.links = Links(client=proxy, bucket=proxy)
        self.url = f"s3:http://{proxy.authority}/{bucket}"
        self.on = [self.url]
        self.recover = ["--bucket", self.url]

    def stored(self):
        return self.minio.objects(self.bucket, self.prefix)

    def left(self):
        return {"objects": self.minio.objects(self.bucket, self.prefix)[0],
                "versions": self.minio.versions(self.bucket, self.prefix),
                "records": self.minio.objects(self.bucket, "w/")[0]}


class ResticPlace(S3Place):
    prefix = ""


class GatewayPlace(S3Place):
    """A gateway before that bucket, and another proxy before the gateway."""

    name = "gateway"

    def __init__(self, minio, bucket_proxy, client_proxy, bucket, gateway):
        super().__init__(minio, bucket_proxy, bucket)
        self.links = Links(client=client_proxy, bucket=bucket_proxy)
        url = f"http://{client_proxy.authority}"
        self.gateway = gateway(self.url)
        self.on = [url, "--invite", self.gateway.invite()]
        self.recover = ["--gateway", url]


class Tool:
    """What is common: the edits, and counting."""

    def __init__(self, binaries, work, corpus, links):
        self.launcher = str(binaries / "bench_cost")
        self.work = work
        self.links = links
        self.corpus = corpus.copy(work / "edited")

    def counting(self, command, *args, **options):
        self.links.reset()
        out, cost = command(*args, **options)
        cost.update(self.links.counted())
        return out, cost


class Inkseal(Tool):
    name = "inkseal"

    def __init__(self, binaries, work, corpus, place):
        super().__init__(binaries, work, corpus, place.links)
        self.binary = str(binaries / "inkseal")
        self.place = place
        self.code = None

    def command(self, home, *args, text=""):
        return run(self.launcher, [self.binary, "--home", str(self.work / home), "--json", *args],
                   ENVIRONMENT, self.work, text)

    def sync(self, home):
        out, cost = self.counting(self.command, home, "sync")
        if not self.links.proxies:
            answer = json.loads(out)
            own = {"req": sum(answer["requests"].values()), **answer["bytes"]}
            cost.update(client=own, bucket=own)
        return cost

    def begin(self):
        """Nothing of it is a row but the import, whose cost is given."""
        _, cost = self.command("a", "import", str(self.corpus.folder))
        said, _ = self.command("a", "sync", "on", *self.place.on)
        self.code = json.loads(said)["recoveryCode"]
        return cost

    def push(self):
        return self.sync("a")

    def pull(self):
        return self.sync("b")

    def first_pull(self):
        _, cost = self.counting(self.command, "b", "recover", *self.place.recover, "--yes",
                                text=self.code)
        self.sync("a")  # the second device's own statement
        return cost

    def edit(self, number):
        entry, text = self.corpus.edit(number)
        self.command("a", "edit", entry, text=text)

    def delete_all(self):
        return self.counting(self.command, "a", "wipe", "--yes")[1]

    def equal(self):
        """Both homes hold the same."""
        exports = []
        for home in "ab":
            path = self.work / f"{home}.json"
            self.command(home, "export", "--format", "metadj", "-o", str(path))
            entries = json.loads(path.read_text("utf-8"))["entries"]
            exports.append(sorted(entries, key=lambda entry: entry["id"]))
        return exports[0] == exports[1]


class Restic(Tool):
    """restic with its defaults: a cache for each device, the password in its environment."""

    name = "restic"

    def __init__(self, binaries, work, corpus, place):
        super().__init__(binaries, work, corpus, place.links)
        self.place = place
        self.environment = {**ENVIRONMENT, **KEYS, "RESTIC_PASSWORD": "bench"}
        self.target = work / "restored"

    def command(self, cache, *args):
        return run(self.launcher, ["restic", "-r", self.place.url, "--cache-dir",
                                   str(self.work / cache), *args],
                   self.environment, self.corpus.folder)

    def begin(self):
        return self.command("cache-a", "init")[1]

    def push(self):
        return self.counting(self.command, "cache-a", "backup", ".")[1]

    def pull(self):
        return self.counting(self.command, "cache-b", "restore", "latest", "--target",
                             str(self.target))[1]

    first_pull = pull

    def edit(self, number):
        self.corpus.edit(number)

    def delete_all(self):
        listed, _ = self.command("cache-a", "snapshots", "--json")
        names = [snapshot["short_id"] for snapshot in json.loads(listed)]
        return self.counting(self.command, "cache-a", "forget", "--prune", *names)[1]

    def equal(self):
        done = subprocess.run(["diff", "-rq", str(self.corpus.folder), str(self.target)],
                              capture_output=True, check=False)
        return done.returncode == 0


def median(costs):
    """Of each number; of what else there is, the first's."""
    def of(values):
        if isinstance(values[0], dict):
            return {key: of([value.get(key, 0) for value in values]) for key in values[0]}
        return statistics.median(values)
    return of(costs)


def month(tool, edits):
    """The sum of it all, also of what a gateway does between: one count of each link."""
    tool.links.reset()
    costs = []
    for number in range(edits):
        tool.edit(1000 + number)
        costs.append(uncounted(tool))
    total = {key: sum(cost[key] for cost in costs) for key in ("wall", "cpu")}
    total["edits"] = edits
    total["rss_mib"] = max(cost["rss_mib"] for cost in costs)
    if tool.links.proxies:
        total.update(tool.links.counted())
    else:
        own = {key: sum(cost["bucket"][key] for cost in costs) for key in COUNTED}
        total.update(client=own, bucket=own)
    return total


def uncounted(tool):
    """A push that leaves the proxies' counts as they are."""
    links, tool.links = tool.links, Links()
    try:
        return tool.push()
    finally:
        tool.links = links


def life(tool, see, month_edits):
    """All rows, each handed to see(name, cost) as soon as it is there."""
    place, raw = tool.place, tool.corpus.raw
    see("begin", tool.begin())
    cost = tool.push()
    objects, first = place.stored()
    see("first push", {**cost, "objects": objects, "stored": first, "of_raw": first / raw})
    see("first pull", tool.first_pull())
    tool.push()
    see("no change", median([tool.push() for _ in range(REPEATS)]))
    pushes, pulls = [], []
    for number in range(REPEATS):
        tool.edit(number)
        pushes.append(tool.push())
        pulls.append(tool.pull())
    see("one edit", median(pushes))
    see("its pull", median(pulls))
    if not tool.equal():
        raise RuntimeError(f"{tool.name}: the second device does not hold what the first does")
    if tool.links.proxies:
        tool.links.delay(DELAY_MS)
        tool.edit(50)
        see(f"edit at {DELAY_MS} ms", tool.push())
        see(f"pull at {DELAY_MS} ms", tool.pull())
        tool.links.delay(0)
    cost = month(tool, month_edits)
    see("a month", {**cost, "of_first": place.stored()[1] / first})
    see("delete all", {**tool.delete_all(), **place.left()})
