"""stores.py: S3 stores as they are met: other regions, rotated credentials, documents and bodies in
unusual form."""
import subprocess
import time
import unittest
import urllib.error

from home import ERROR, GONE, NOT_SET_UP
from quirky import ACCESS_KEY, SECRET_KEY, QuirkyStore
from served import OPEN, ServedCase

CREDENTIALS = "[default]\naws_access_key_id={}\naws_secret_access_key={}\naws_session_token={}\n"


class StoreCase(ServedCase):
    def device(self, store, name="A", **environment):
        home = self.home(name)
        home.environment = store.environment(**environment)
        home.new("An entry", "with a text")
        return home


class Regions(StoreCase):
    def test_told_or_found_out(self):
        for quirk in ("region-in-error", "region-of-bucket"):
            store = QuirkyStore(self, quirk)
            store.region = "garage"
            home = self.device(store, quirk)
            home.json("sync", "on", store.url)
            self.assertEqual(home.sync()["pushed"], 1)

    def test_not_told(self):
        store = QuirkyStore(self)
        store.region = "garage"
        home = self.device(store)
        home.fails(ERROR, "sync", "on", store.url, says="not in the region us-east-1.*AWS_REGION=")
        home.environment["AWS_REGION"] = "garage"
        home.json("sync", "on", store.url)
        del home.environment["AWS_REGION"]
        config = self.folder / "config"
        config.write_text("[default]\nregion = garage\n")
        home.environment["AWS_CONFIG_FILE"] = str(config)
        self.assertEqual(home.sync()["pushed"], 1)


class Credentials(StoreCase):
    def setUp(self):
        super().setUp()
        self.store = QuirkyStore(self)
        self.store.token = "one"
        self.file = self.folder / "credentials"
        self.rotate("one")
        self.environment = self.store.environment(AWS_SHARED_CREDENTIALS_FILE=str(self.file))
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            del self.environment[name]

    def rotate(self, token):
        self.file.write_text(CREDENTIALS.format(ACCESS_KEY, SECRET_KEY, token))

    def test_rotated_under_a_gateway(self):
        gateway = self.gateway(self.store)
        gateway.environment = self.environment
        gateway.start()
        home = self.home("A")
        home.new("One", "1")
        home.sync_on(gateway)
        home.sync()
        self.store.token = "two"
        self.rotate("two")
        home.new("Two", "2")
        self.assertEqual(home.sync()["pushed"], 1)
        self.assertTrue(gateway.is_ready())
        self.assertNotIn("event=credentials", gateway.log.read_text())
        # Refused, and nothing new to be read: it is not ready, and whoever asks is told to wait.
        self.store.token = "three"
        home.new("Three", "3")
        with self.assertRaises(urllib.error.HTTPError) as refused:
            OPEN(f"{gateway.url}/v1/accounts/{'0' * 40}/roster", timeout=30)
        self.assertEqual(refused.exception.code, 503)
        self.assertEqual(refused.exception.headers["Retry-After"], "1")
        self.assertIn(b"does not take its credentials", refused.exception.read())
        self.assertFalse(gateway.is_ready())
        self.await_log(gateway, "level=error event=credentials")
        self.rotate("three")
        deadline = time.monotonic() + 20
        while not gateway.is_ready() and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertTrue(gateway.is_ready())  # by itself: nobody asked it anything
        self.await_log(gateway, "level=info event=credentials")
        self.assertEqual(home.sync()["pushed"], 1)
        gateway.stop()

    def await_log(self, gateway, text):
        deadline = time.monotonic() + 20
        while text not in gateway.log.read_text() and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertIn(text, gateway.log.read_text())

    def test_a_file_with_a_mark(self):
        home = self.home("A")
        home.environment = self.environment
        home.new("One", "1")
        self.file.write_bytes(b"\xef\xbb\xbf" + self.file.read_bytes())
        home.fails(ERROR, "sync", "on", self.store.url, says="byte order mark")
        self.file.write_text(self.file.read_text("utf-8-sig").upper().replace(
            "[DEFAULT]", "[default]").replace("=ONE", "=one").replace(
            SECRET_KEY.upper(), SECRET_KEY))
        home.json("sync", "on", self.store.url)

    def test_refused(self):
        home = self.device(self.store, AWS_ACCESS_KEY_ID="another")
        home.fails(ERROR, "sync", "on", self.store.url,
                   says="does not take the credentials .403 InvalidAccessKeyId.")


class Forms(StoreCase):
    def test_blank_lines_before_a_document(self):
        store = QuirkyStore(self, "blank-lines")
        home = self.device(store)
        home.json("sync", "on", store.url)
        self.assertEqual(home.sync()["pushed"], 1)

    def test_an_encoding_nobody_asked_for(self):
        store = QuirkyStore(self)
        home = self.device(store)
        said = home.json("sync", "on", store.url)
        home.sync()
        store.quirks.add("gzip")
        other = self.home("B")
        other.environment = store.environment()
        other.fails(ERROR, "recover", "--yes", "--bucket", store.url, text=said["recoveryCode"],
                    says="Content-Encoding gzip")


class Wipes(StoreCase):
    def test_one_by_one(self):
        for status in (501, 405, 400, 404):
            store = QuirkyStore(self, f"no-bulk-{status}")
            home = self.device(store, f"A{status}")
            home.json("sync", "on", store.url)
            home.sync()
            objects = len(store.keys("/a/"))
            store.requests.clear()
            said = home.json("wipe", "--yes")
            self.assertEqual(said["objectsRemoved"], objects)
            self.assertEqual(store.keys("/a/"), [])
            self.assertEqual(store.count("POST"), 1)

    def test_a_lost_answer(self):
        store = QuirkyStore(self)
        lost = []

        def rule(request):
            if request.command in ("POST", "DELETE") and len(lost) < 2:
                lost.append(request.path)
                return "lost"
            return None
        home = self.device(store)
        home.json("sync", "on", store.url)
        home.sync()
        objects = len(store.keys("/a/"))
        self.assertGreater(objects, 2)
        store.rule = rule
        said = home.json("wipe", "--yes")
        self.assertEqual(len(lost), 2)
        self.assertEqual(said["objectsRemoved"], objects)
        self.assertEqual(store.keys("/a/"), [])
        self.assertEqual(len(store.keys("/w/")), 1)
        home.fails(NOT_SET_UP, "sync")

    def test_versions(self):
        for name, quirks, versioning in (
                ("kept", (), "Enabled"), ("one by one", ("no-bulk-501",), "Enabled"),
                ("unknown", ("no-versions-501",), None), ("refused", ("no-versions-400",), None),
                ("passed over", ("versions-ignored",), None),
                ("forbidden, and none", ("no-versions-403",), None)):
            with self.subTest(name):
                store = QuirkyStore(self, *quirks)
                store.versioning = versioning
                home = self.device(store, name)
                home.json("sync", "on", store.url)
                home.sync()
                self.assertEqual(bool(store.old), versioning is not None)
                home.json("wipe", "--yes")
                self.assertEqual(store.keys("/a/"), [])
                self.assertEqual([one for one in store.old if "/a/" in one[0]], [])

    def test_versions_that_are_not_shown(self):
        """They may be there: nothing is called gone, nobody forgets the account, and it goes on."""
        for quirk in ("no-versions-403", "versions-ignored"):
            store = QuirkyStore(self, quirk)
            store.versioning = "Enabled"
            home = self.device(store, quirk)
            home.json("sync", "on", store.url)
            home.sync()
            home.fails(ERROR, "wipe", "--yes", says="keeps old versions.*again, goes on")
            home.fails(ERROR, "sync", says="was wiped, but what is left.*keeps old versions")
            self.assertTrue(home.status()["account"])
            store.quirks.clear()
            home.fails(GONE, "sync", says="wiped")
            self.assertEqual([one for one in store.old if "/a/" in one[0]], [])
            self.assertEqual(store.keys("/a/"), [])

    def test_cut_off(self):
        """A wipe that could remove nothing: another device is told only when all is gone."""
        store = QuirkyStore(self)
        one = self.device(store, "A")
        said = one.json("sync", "on", store.url)
        one.sync()
        two = self.home("B")
        two.environment = one.environment
        two.json("recover", "--yes", "--bucket", store.url, text=said["recoveryCode"])
        one.sync()
        store.rule = self.forbid_removals
        one.fails(ERROR, "wipe", "--yes", says="AccessDenied.*again, goes on")
        two.fails(ERROR, "sync", says="was wiped, but what is left of it")
        self.assertTrue(two.status()["account"])
        self.assertNotEqual(store.keys("/a/"), [])
        store.rule = lambda request: None
        two.fails(GONE, "sync", says="wiped")
        self.assertEqual(store.keys("/a/"), [])
        one.fails(GONE, "sync", says="wiped")

    @staticmethod
    def forbid_removals(request):
        if request.command not in ("POST", "DELETE"):
            return None
        request.error(403, "AccessDenied")
        return "answered"

    def test_a_store_that_keeps_what_it_removes(self):
        store = QuirkyStore(self, "deaf")
        gateway = self.gateway(store)
        gateway.environment = store.environment()
        result = subprocess.run(
            gateway.daemon("wipe", "--yes", "0" * 40), env=gateway.environment,
            capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 0)  # nothing there
        store.objects[f"pre/a/{'0' * 40}/b/x"] = b"x"
        result = subprocess.run(
            gateway.daemon("wipe", "--yes", "0" * 40), env=gateway.environment,
            capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 1)
        self.assertIn("lists them still", result.stderr)


if __name__ == "__main__":
    unittest.main()
