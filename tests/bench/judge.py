"""judge.py: rows as a table, beside restic's and against the bars: what this project asks of itself
on this corpus, as limits. A bar that is missed is printed as one, and kept in the JSON."""

KIB, MIB = 1 << 10, 1 << 20
# What is asked of large journals alone: seconds and MiB of a first push, seconds of a first pull.
LARGE = {10000: (1.2, 64, 1.2), 100000: (12, 128, 12)}
PULL_BYTES = {10000: 8.1e6}


def of(row, *path):
    """A number of a row, or None where this machine could not count it."""
    for key in path:
        row = row.get(key) if isinstance(row, dict) else None
    return row


def bars(entries, rows, on):
    """(what, value, limit) of each bar that this place has; value None: not measured."""
    push, pull = rows["first push"], rows["first pull"]
    nothing, edit, its_pull = rows["no change"], rows["one edit"], rows["its pull"]
    month, delete = rows["a month"], rows["delete all"]
    bytes_of_nothing = None
    if of(nothing, "client", "up") is not None:
        bytes_of_nothing = nothing["client"]["up"] + nothing["client"]["down"]
    found = [
        ("no change: client requests", of(nothing, "client", "req"), 1),
        ("no change: bytes of bodies", bytes_of_nothing, 300),
        ("no change: ms", nothing["wall"] * 1000, 20),
        ("one edit: client requests", of(edit, "client", "req"), 1),
        ("one edit: ms", edit["wall"] * 1000, 30),
        ("its pull: client requests", of(its_pull, "client", "req"), 1),
        ("its pull: bucket requests", of(its_pull, "bucket", "req"), 2),
        ("its pull: ms", its_pull["wall"] * 1000, 30),
        ("a month: bucket requests", of(month, "bucket", "req"), 110),
        ("a month: bucket requests a push", of(month, "bucket", "req") / month["edits"], 1.1),
        ("a month: bytes to the bucket", of(month, "bucket", "up"), 1.2e6),
        ("a month: bytes to the bucket a push", of(month, "bucket", "up") / month["edits"], 12 * KIB),
        ("a month: stored of day one", month["of_first"], 1.1),
        ("delete all: objects left", delete["objects"], 0),
        ("delete all: bucket requests", of(delete, "bucket", "req"), 10 + entries / 1000),
    ]
    if on == "gateway":
        found += [("one edit: client bytes up", of(edit, "client", "up"), 1.5 * KIB),
                  ("its pull: client bytes down", of(its_pull, "client", "down"), 1.5 * KIB)]
    if "versions" in delete:
        found += [("delete all: versions left", delete["versions"], 0)]
    for name in ("edit at 50 ms", "pull at 50 ms"):
        if name in rows:
            found += [(f"{name}: s", rows[name]["wall"], 0.2)]
    if entries in LARGE:
        push_s, push_mib, pull_s = LARGE[entries]
        found += [("first push: stored of raw", push["of_raw"], 0.45),
                  ("first push: s", push["wall"], push_s),
                  ("first push: MiB", push["rss_mib"], push_mib),
                  ("first pull: s", pull["wall"], pull_s)]
    if entries in PULL_BYTES:
        found += [("first pull: client bytes down", of(pull, "client", "down"),
                   PULL_BYTES[entries])]
    return [bar for bar in found if bar[1] is not None]


def judged(found):
    """As the JSON has it."""
    return [{"bar": what, "value": round(value, 4), "limit": limit, "pass": value <= limit}
            for what, value, limit in found]


def print_bars(verdicts):
    for verdict in verdicts:
        print("    %-4s  %-38s %14s   bar %s" % (
            "pass" if verdict["pass"] else "MISS", verdict["bar"], number(verdict["value"]),
            number(verdict["limit"])))


def number(value):
    if value is None:
        return "-"
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.3f}" if abs(value) < 100 else f"{value:,.1f}"


def print_head():
    print("  %-16s %8s %7s %5s %25s %25s" % ("", "s", "cpu s", "MiB", "client: req, up, down",
                                            "bucket: req, up, down"))


def link(cost, name):
    counts = cost.get(name)
    if not counts:
        return ""
    return "%s, %s, %s" % tuple(number(counts[key]) for key in ("req", "up", "down"))


def print_row(name, cost):
    more = " ".join(f"{key}={number(round(value, 3))}" for key, value in cost.items()
                    if key not in ("wall", "cpu", "rss_mib", "client", "bucket"))
    print("  %-16s %8.3f %7.3f %5.0f %25s %25s  %s" % (
        name, cost["wall"], cost["cpu"], cost["rss_mib"], link(cost, "client"),
        link(cost, "bucket"), more), flush=True)


def ratios(rows, restic):
    """What restic spends for each that we spend: seconds, requests and bytes of the bucket's link."""
    found = {}
    for name, cost in rows.items():
        other = restic.get(name)
        if other is None or name == "begin":
            continue
        found[name] = {"s": other["wall"] / cost["wall"]}
        for key in ("req", "up", "down"):
            ours, theirs = of(cost, "bucket", key), of(other, "bucket", key)
            if ours and theirs is not None:
                found[name][key] = theirs / ours
    return found


def print_ratios(found):
    print("    restic / inkseal  %8s %9s %9s %9s" % ("s", "requests", "up", "down"))
    for name, row in found.items():
        print("    %-16s %s" % (name, " ".join(
            "%9s" % (f"{row[key]:.1f}" if key in row else "-") for key in ("s", "req", "up", "down"))))
