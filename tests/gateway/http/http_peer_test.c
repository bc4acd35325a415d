/*
 * tests/gateway/http/http_peer_test.c: whose connections are counted, and together with whose.
 */
#include "gateway/http/peer.h"
#include "tests/gateway/http/http_fixture.h"

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

static void set_address(const char *text, struct sockaddr_storage *out)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(4711)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(4711)};

	memset(out, 0, sizeof(*out));
	if (strchr(text, ':') == NULL) {
		assert_int_equal(inet_pton(AF_INET, text, &v4.sin_addr), 1);
		memcpy(out, &v4, sizeof(v4));
	} else {
		assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
		memcpy(out, &v6, sizeof(v6));
	}
}

static void addresses_are_counted_as(void **state)
{
	static const struct {
		const char *address, *counted; /* NULL: not at all */
	} rows[] = {
	    {"127.0.0.1", NULL},
	    {"127.255.255.255", NULL},
	    {"126.255.255.255", "126.255.255.255"},
	    {"128.0.0.0", "128.0.0.0"},
	    {"10.1.2.3", NULL},
	    {"11.0.0.0", "11.0.0.0"},
	    {"172.15.255.255", "172.15.255.255"},
	    {"172.16.0.1", NULL},
	    {"172.31.255.255", NULL},
	    {"172.32.0.0", "172.32.0.0"},
	    {"192.168.7.7", NULL},
	    {"192.169.0.0", "192.169.0.0"},
	    {"192.167.255.255", "192.167.255.255"},
	    {"10.255.255.255", NULL},
	    {"9.255.255.255", "9.255.255.255"},
	    {"100.63.255.255", "100.63.255.255"},
	    {"100.64.0.1", NULL},
	    {"100.127.255.255", NULL},
	    {"100.128.0.0", "100.128.0.0"},
	    {"169.253.255.255", "169.253.255.255"},
	    {"169.254.1.1", NULL},
	    {"169.254.255.255", NULL},
	    {"169.255.0.0", "169.255.0.0"},
	    {"8.129.66.7", "8.129.66.7"},
	    {"203.0.113.9", "203.0.113.9"},
	    {"::1", NULL},
	    {"::2", "::"},
	    {"fd00::7", NULL},
	    {"fdff::7", NULL},
	    {"fc00::7", NULL},
	    {"fbff::7", "fbff::"},
	    {"fe00::7", "fe00::"},
	    {"fe7f::7", "fe7f::"},
	    {"fe81::7", NULL},
	    {"ff80::7", "ff80::"},
	    {"2a80::7", "2a80::"},
	    {"fe80::1", NULL},
	    {"febf::1", NULL},
	    {"fec0::1", "fec0::"},
	    {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
	    {"2001:db8:1:2:ffff::", "2001:db8:1:2::"},
	    {"2001:db8:1:3::", "2001:db8:1:3::"},
	    {"::ffff:127.0.0.1", NULL},
	    {"::ffff:192.168.0.1", NULL},
	    {"::ffff:203.0.113.9", "203.0.113.9"},
	    {"::ffff:8.129.66.7", "8.129.66.7"},
	    {"::fffe:8.129.66.7", "::"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct sockaddr_storage address;
		struct http_peer peer;
		char text[INET6_ADDRSTRLEN] = "";

		set_address(rows[i].address, &address);
		http_peer(&address, false, &peer);
		if (peer.len == sizeof(peer.of.v4))
			assert_non_null(
			    inet_ntop(AF_INET, &peer.of.v4.sin_addr, text, sizeof(text)));
		else if (peer.len == sizeof(peer.of.v6))
			assert_non_null(
			    inet_ntop(AF_INET6, &peer.of.v6.sin6_addr, text, sizeof(text)));
		if (strcmp(text, rows[i].counted == NULL ? "" : rows[i].counted) != 0)
			fail_msg("%s: counted as \"%s\"", rows[i].address, text);
		assert_true((http_peer_key(&peer.of.any) == 0) ==
			    (rows[i].counted == NULL || strcmp(rows[i].counted, "::") == 0));
		http_peer(&address, true, &peer);
		assert_true(peer.len == sizeof(peer.of.v4) || peer.len == sizeof(peer.of.v6));
	}
}

/* What has no address of the Internet's is not counted. */
static void other_families_are_not_counted(void **state)
{
	struct sockaddr_storage address;
	struct http_peer peer;

	(void)state;
	memset(&address, 0x11, sizeof(address));
	address.ss_family = AF_UNIX;
	http_peer(&address, true, &peer);
	assert_int_equal(peer.len, sizeof(peer.of.any.sa_family));
	assert_true(http_peer_key(&peer.of.any) == 0);
}

static uint64_t key_of(const char *text)
{
	struct sockaddr_storage address;
	struct http_peer peer;

	set_address(text, &address);
	http_peer(&address, true, &peer);
	return http_peer_key(&peer.of.any);
}

static void keys_are_as_addresses_are_counted(void **state)
{
	(void)state;
	assert_true(key_of("203.0.113.9") == key_of("::ffff:203.0.113.9"));
	assert_true(key_of("203.0.113.9") != key_of("203.0.113.8"));
	assert_true(key_of("2001:db8:1:2:3:4:5:6") == key_of("2001:db8:1:2::"));
	assert_true(key_of("2001:db8:1:2::") != key_of("2001:db8:1:3::"));
	assert_true(key_of("127.0.0.1") != 0);
	assert_true(key_of("203.0.113.9") == UINT64_C(0xffffffffcb007109));
	assert_true(key_of("2001:db8:1:2::") == UINT64_C(0x20010db800010002));
}

/* Connections that stay; how many of the last ones get an answer. */
static unsigned answered_beyond(struct site *site, size_t held_count)
{
	static const char request[] = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
	int held[8];
	unsigned answered = 0;

	assert_true(held_count <= COUNT_OF(held));
	for (size_t i = 0; i < held_count; i++) {
		struct reply reply = {0};

		held[i] = site_connect(site);
		site_write(held[i], request, strlen(request));
		site_reply(held[i], 5000, &reply);
		assert_int_equal(reply.status, 200);
		reply_clear(&reply);
	}
	for (unsigned i = 0; i < 3; i++) {
		struct reply reply = {0};
		int fd = site_connect(site);

		site_write(fd, request, strlen(request));
		site_reply(fd, 5000, &reply);
		answered += reply.status == 200;
		reply_clear(&reply);
		(void)close(fd);
	}
	for (size_t i = 0; i < held_count; i++)
		(void)close(held[i]);
	return answered;
}

static void an_address_has_its_share(void **state)
{
	struct site *site = *state;

	site->config.per_ip_max = 4;
	site->config.per_ip_near = true;
	site_start(site, true);
	assert_int_equal(answered_beyond(site, 4), 0);
	site_await_metric(site, "inkseald_refused_total{why=\"address\"} 3\n");
	site_await_metric(site, "inkseald_connections 0\n");
	assert_int_equal(answered_beyond(site, 1), 3); /* those who left make room */
}

static void a_proxy_has_no_share(void **state)
{
	struct site *site = *state;

	site->config.per_ip_max = 4;
	site_start(site, true);
	assert_int_equal(answered_beyond(site, 8), 3);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(addresses_are_counted_as),
    cmocka_unit_test(other_families_are_not_counted),
    cmocka_unit_test(keys_are_as_addresses_are_counted),
    cmocka_unit_test_setup_teardown(an_address_has_its_share, site_setup, site_teardown),
    cmocka_unit_test_setup_teardown(a_proxy_has_no_share, site_setup, site_teardown),
};
TEST_MAIN(tests)
