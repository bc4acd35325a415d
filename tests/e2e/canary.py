"""canary.py: no title and no text in any byte of the bucket, and no sign of what is sealed.

The bucket is a folder here; on_server.py looks into one on a real server, behind a gateway.
"""
import base64
import random
import unittest

import cbor2

from home import Case, made_journal, noise

WINDOW = 12  # characters of a marked text: no such run turns up by chance
ZSTD_MAGIC = bytes.fromhex("28b52ffd")


def traces(data, text):
    """Runs of the text that stand in data, as it is, in UTF-16, in hexadecimal, in base64."""
    found = []
    for at in range(0, len(text) - WINDOW + 1):
        run = text[at:at + WINDOW].encode()
        shapes = (run, run.decode().encode("utf-16-le"), run.hex().encode(),
                  run.hex().upper().encode(), base64.b64encode(run))
        found += [shape for shape in shapes if shape in data]
    return found


def sealed_part(data):
    """What stands behind a blob's or frame's header, which is one CBOR item."""
    header = cbor2.dumps(cbor2.loads(data), canonical=True)
    if not data.startswith(header):
        raise ValueError("the header is not canonical")
    return data[len(header):]


class Canary(Case):
    def test_no_text_in_the_bucket(self):
        source = random.Random()
        marks = {name: noise(source, 64) for name in
                 ("import title", "import text", "inline title", "inline text", "body title",
                  "body text", "edited text", "deleted text", "device name")}
        one, place, two = self.home("A"), self.place(), self.home("B")
        bucket = place.bucket
        entries = made_journal(60)
        entries[30]["title"], entries[30]["content"] = marks["import title"], marks["import text"]
        one.import_entries(entries)
        account = one.json("sync", "on", place.url, "--name", marks["device name"][:40],
                           *place.admission())
        one.sync()
        inline = one.new(marks["inline title"], marks["inline text"])
        one.new(marks["body title"], noise(source, 9000) + marks["body text"])
        one.sync()
        one.edit(inline, marks["inline text"] + marks["edited text"])
        gone = one.new("To be deleted", marks["deleted text"])
        one.sync()
        one.run("rm", gone)
        one.sync()
        two.recover(place, account["recoveryCode"])
        for number in range(8):
            two.new(f"Fill {number}", noise(source, 2500))
            two.sync()
        one.sync()

        self.assertTrue(any("/p/" in key for key in bucket.files("a")), "no pack was made")
        data = bucket.all_bytes()
        code = account["recoveryCode"]
        for name, mark in {**marks, "recovery code": code, "its letters":
                           code.replace("-", "")}.items():
            mark = mark[:40] if name == "device name" else mark
            self.assertEqual(traces(data, mark), [], name)
        for entry in entries[:5] + [{"id": inline}, {"id": gone}]:
            self.assertEqual(traces(data, entry["id"]), [], "an entry's id")
        self.check_scanner(one, marks)
        self.check_sealed_parts(bucket, account["account"])

    def check_scanner(self, home, marks):
        """What finds nothing must be able to find something."""
        shown = home.run("--json", "show",
                         home.lines("search", "--", marks["inline title"])[0]["id"])
        self.assertGreater(len(traces(shown.out.encode(), marks["inline title"])), 40)
        self.assertEqual(len(traces(base64.b64encode(marks["import text"][3:15].encode()),
                                    marks["import text"])), 1)

    def check_sealed_parts(self, bucket, account):
        blobs = {key: data for key, data in bucket.files(f"a/{account}/b").items()}
        sealed = 0
        for key, data in blobs.items():
            if isinstance(cbor2.loads(data), dict):  # all but the roster
                self.assertFalse(sealed_part(data).startswith(ZSTD_MAGIC), key)
                sealed += 1
        manifest = cbor2.loads(bucket.get(f"a/{account}/manifest"))
        frames = manifest[14] + [manifest[12]]
        for frame in frames:
            self.assertFalse(sealed_part(frame).startswith(ZSTD_MAGIC))
        self.assertGreaterEqual(sealed, 3, "a segment, an index, a body")
        self.assertGreaterEqual(len(frames), 2)
        # Nor anywhere else: by chance once in about 50,000 runs of this test.
        self.assertNotIn(ZSTD_MAGIC, b"".join(bucket.files(f"a/{account}").values()))


if __name__ == "__main__":
    unittest.main()
