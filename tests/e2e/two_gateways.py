"""two_gateways.py: two processes of inkseald on one bucket of MinIO, behind an nginx that gives its
requests to them in turns. No device knows a gateway; each gateway finds what the other has changed.

Exit code 77 if MinIO (scripts/test-servers starts it) or nginx is not here.
"""
import os
import random
import subprocess
import sys
import threading
import time
import unittest

import devices
from home import ENVIRONMENT, ERROR, GONE, OK, PROCESS_SECONDS, lacks, made_entry, made_journal, noise
from s3_bucket import S3Bucket, servers
from served import START_SECONDS, ServedCase, free_port, is_ready

SKIPPED = 77
NGINX = servers().get("INKSEAL_TEST_NGINX")
RESTARTS = 10
RACES = 8
LARGE_ENTRIES = 640  # of 16 KB each: 20 blobs
BLOBS = 3            # … of which so many pass before each restart
SETTINGS = """
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{ worker_connections 1024; }}
http {{
	access_log off;
	client_body_temp_path {folder}/nginx-body;
	proxy_temp_path {folder}/nginx-proxy;
	fastcgi_temp_path {folder}/nginx-fastcgi;
	uwsgi_temp_path {folder}/nginx-uwsgi;
	scgi_temp_path {folder}/nginx-scgi;
	upstream gateways {{ {upstream} keepalive 16; }}
	server {{
		listen 127.0.0.1:{port};
		location / {{
			proxy_pass http://gateways;
			proxy_http_version 1.1;
			proxy_set_header Host $host:$server_port;
			proxy_set_header Connection "";
			proxy_read_timeout 75s;
			client_max_body_size 8m;
		}}
	}}
}}
"""


class Proxied:
    """Two gateways and the nginx before them; a place, as home.py has it."""

    option = "--gateway"

    def __init__(self, test, bucket):
        self.test, self.bucket = test, bucket
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.gateways = [test.gateway(bucket, f"gateway{number}") for number in (1, 2)]
        for gateway in self.gateways:
            gateway.names = f"127.0.0.1:{port}"
            gateway.start()
        upstream = " ".join(f"server 127.0.0.1:{gateway.port} max_fails=0;"
                            for gateway in self.gateways)
        settings = test.folder / "nginx.conf"
        settings.write_text(SETTINGS.format(
            folder=test.folder, port=port, upstream=upstream,
            user="" if os.geteuid() else "user root;"))  # its "nobody" may not look in here
        self.errors = test.folder / "nginx-error.log"
        self.nginx = subprocess.Popen(
            [NGINX, "-p", test.folder, "-c", settings, "-e", self.errors],
            stdin=subprocess.DEVNULL, env=ENVIRONMENT)
        test.addCleanup(self.stop)
        deadline = time.monotonic() + START_SECONDS
        while not is_ready(self.url):
            if self.nginx.poll() is not None or time.monotonic() > deadline:
                test.fail("nginx does not start:\n" + self.errors.read_text()[-3000:])
            time.sleep(0.02)

    def stop(self):
        self.nginx.terminate()
        self.nginx.wait(timeout=PROCESS_SECONDS)

    def admission(self):
        return self.gateways[0].admission()

    def restart(self, kill):
        """Both away, then both there again: killed, or told to stop as when a machine restarts."""
        threads = [threading.Thread(target=gateway.kill if kill else gateway.stop)
                   for gateway in self.gateways]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for gateway in self.gateways:
            gateway.start()


class BehindProxy(ServedCase):
    def place(self, name="proxied"):
        return Proxied(self, S3Bucket("MINIO"))


class Devices(BehindProxy, devices.Devices):
    """Four devices, 200 edits each, at once; each request to the other gateway than the last one."""

    def place(self, name="proxied"):
        self.proxied = super().place(name)
        return self.proxied

    def test_four_devices_on_one_bucket(self):
        super().test_four_devices_on_one_bucket()
        shares = [gateway.routes().count("sync") for gateway in self.proxied.gateways]
        print(f"the gateways answered {shares} syncs", flush=True)
        self.assertGreater(min(shares), 0.4 * sum(shares))


class Restarts(BehindProxy):
    def setUp(self):
        super().setUp()
        self.source = random.Random(6)

    def test_in_a_push_of_one_edit(self):
        one, two, proxied, _ = self.pair(made_journal(20))
        entries = sorted(one.entries())
        begin = time.monotonic()
        one.sync()
        seconds = time.monotonic() - begin
        ends = {OK: 0, ERROR: 0}
        written = {}
        for number in range(RESTARTS):
            home = (one, two)[number % 2]
            entry = entries[number]
            written[entry] = f"edit {number} " + noise(self.source, (20, 9000)[number // 2 % 2])
            home.edit(entry, written[entry])
            push = home.start("--json", "sync")
            time.sleep(self.source.uniform(0, 1.2) * seconds)
            proxied.restart(kill=number % 3 > 0)
            _, err = push.communicate(timeout=PROCESS_SECONDS)
            self.assertIn(push.returncode, ends, err.decode())
            ends[push.returncode] += 1
            if push.returncode != OK:
                self.assertIn("nothing was lost", err.decode())
        print(f"{RESTARTS} restarts of both: {ends[OK]} pushes came through", flush=True)
        self.settle(one, two)
        both = self.assert_equal_homes(one, two)
        self.assertEqual(len(both), 20)
        for entry, text in written.items():
            self.assertEqual(both[entry]["content"], text)
        self.assert_whole(one, two)

    def test_in_a_first_push_and_pull(self):
        entries = [made_entry(self.source, number, content=noise(self.source, 16000))
                   for number in range(LARGE_ENTRIES)]
        given = {entry["id"]: entry for entry in entries}
        proxied = self.place()
        one, two = self.home("A"), self.home("B")
        one.import_entries(entries)
        said = one.sync_on(proxied)
        for home, args, text, route in (
                (one, ("sync",), "", "blob_put"),
                (two, ("recover", "--yes", "--gateway", proxied.url), said["recoveryCode"],
                 "blob_get")):
            process = home.start("--json", *args)
            process.stdin.write(text.encode())
            process.stdin.close()
            process.stdin = None
            restarts = 0
            for kill in (True, False):
                if self.await_blobs(process, proxied, route):
                    proxied.restart(kill)
                    restarts += 1
            _, err = process.communicate(timeout=PROCESS_SECONDS)
            if process.returncode != OK:  # it goes on where it stopped
                self.assertEqual(process.returncode, ERROR, err.decode())
                self.assertIn("nothing was lost", err.decode())
                home.run("--json", *args, text=text)
            print(f"{restarts} restarts of both in a first {args[0]}", flush=True)
            self.assertGreater(restarts, 0)
        one.sync()
        self.assert_same_entries(self.assert_equal_homes(one, two), given)
        self.assert_whole(one, two)

    def await_blobs(self, process, proxied, route):
        """True once BLOBS more have passed; false if the process has ended before."""
        def passed():
            return sum(gateway.routes().count(route) for gateway in proxied.gateways)
        first = passed()
        deadline = time.monotonic() + PROCESS_SECONDS
        while process.poll() is None and passed() < first + BLOBS:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.002)
        return process.poll() is None


class WipeRaces(BehindProxy):
    """One device wipes while three push, each by whichever gateway comes next: nothing comes back."""

    def test_wipe_among_pushes(self):
        source = random.Random(8)
        proxied = self.place()
        ends = {OK: 0, GONE: 0, ERROR: 0}
        late = 0
        for number in range(RACES):
            homes = [self.home(f"{name}{number}") for name in "ABCD"]
            homes[0].import_entries(made_journal(10))
            said = homes[0].sync_on(proxied)
            homes[0].sync()
            for home in homes[1:]:
                home.recover(proxied, said["recoveryCode"])
            pushers = [threading.Thread(target=self.push, args=(home, ends)) for home in homes[1:]]
            for pusher in pushers:
                pusher.start()
            time.sleep(source.uniform(0, 1.5))
            receipt = homes[0].json("wipe", "--yes")
            self.assertEqual(receipt["account"], said["account"])
            for pusher in pushers:
                pusher.join()
            late += self.assert_stays_away(proxied, said, homes)
        print(f"syncs beside {RACES} wipes: {ends[OK]} before, {ends[GONE]} as gone, {ends[ERROR]} "
              f"with an error; {late} blobs came after the last listing", flush=True)
        self.assertGreater(ends[OK], 0)
        self.assertGreaterEqual(ends[GONE], RACES)

    def push(self, home, ends):
        """Edits and syncs until it is told; bodies too, which are put before the commit."""
        source = random.Random(str(home.path))
        for number in range(50):
            home.new(f"Push {number}", noise(source, source.choice((100, 12000))))
            answer = home.run("--json", "sync", code=ends)
            ends[answer.code] += 1
            if answer.code == GONE:
                return
        self.fail("it was never told")

    def assert_stays_away(self, proxied, said, homes):
        """Gives how many blobs a push has put behind the wipe's back; the next sweep finds them."""
        account = said["account"]
        for home in homes[1:]:
            self.assertEqual(home.status()["sync"], "not set up")
        left = proxied.bucket.sizes(f"a/{account}/")
        self.assertNotIn(f"a/{account}/manifest", left)
        if left:
            proxied.gateways[0].operate("sweep")
        self.assertEqual(proxied.bucket.sizes(f"a/{account}/"), {})
        self.home(f"late-{account}").fails(GONE, "recover", "--yes", "--gateway", proxied.url,
                                           text=said["recoveryCode"], says="wiped")
        return len(left)


if __name__ == "__main__":
    if "INKSEAL_TEST_MINIO_URL" not in servers():
        lacks("MINIO, which scripts/test-servers starts")
        sys.exit(SKIPPED)
    if not NGINX:
        lacks("nginx, which scripts/test-servers finds or fetches")
        sys.exit(SKIPPED)
    unittest.main()
