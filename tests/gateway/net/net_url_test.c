/*
 * tests/gateway/net/net_url_test.c: which URLs name a server, and what is read of them.
 */
#include "tests/test.h"

#include <stdio.h>
#include <string.h>

#include "gateway/net/net_url.h"

static void urls(void **state)
{
	static const struct {
		const char *name, *url;
		enum net_url_result result;
		const char *base, *authority;
	} rows[] = {
	    {"plain", "http://gateway.example", NET_URL_OK, "http://gateway.example",
		"gateway.example"},
	    {"a port", "http://127.0.0.1:8737", NET_URL_OK, "http://127.0.0.1:8737",
		"127.0.0.1:8737"},
	    {"a slash", "https://gateway.example/", NET_URL_OK, "https://gateway.example",
		"gateway.example"},
	    {"capitals", "HTTPS://Gateway.Example:8443", NET_URL_OK, "https://gateway.example:8443",
		"gateway.example:8443"},
	    {"all letters are made small", "http://AZaz.example", NET_URL_OK, "http://azaz.example",
		"azaz.example"},
	    {"plain's default port", "http://gateway.example:80", NET_URL_OK,
		"http://gateway.example", "gateway.example"},
	    {"plain's port of the other", "https://gateway.example:80", NET_URL_OK,
		"https://gateway.example:80", "gateway.example:80"},
	    {"the highest port", "http://gateway.example:65535", NET_URL_OK,
		"http://gateway.example:65535", "gateway.example:65535"},
	    {"the default port", "https://gateway.example:443", NET_URL_OK,
		"https://gateway.example", "gateway.example"},
	    {"the other's default port", "http://gateway.example:443", NET_URL_OK,
		"http://gateway.example:443", "gateway.example:443"},
	    {"IPv6", "http://[::1]:8737", NET_URL_OK, "http://[::1]:8737", "[::1]:8737"},
	    {"a path", "https://gateway.example/journal", NET_URL_MORE, NULL, NULL},
	    {"a query", "https://gateway.example/?x", NET_URL_MORE, NULL, NULL},
	    {"a fragment", "https://gateway.example/#x", NET_URL_MORE, NULL, NULL},
	    {"a user", "https://me@gateway.example", NET_URL_MORE, NULL, NULL},
	    {"a password", "https://me:secret@gateway.example", NET_URL_MORE, NULL, NULL},
	    {"no host", "http://", NET_URL_OTHER, NULL, NULL},
	    {"another scheme", "ftp://gateway.example", NET_URL_OTHER, NULL, NULL},
	    {"no scheme", "gateway.example", NET_URL_OTHER, NULL, NULL},
	    {"a port too high", "http://gateway.example:65536", NET_URL_OTHER, NULL, NULL},
	    {"a blank", "http://gateway .example", NET_URL_OTHER, NULL, NULL},
	    {"letters beyond ASCII", "http://g\xc3\xa4teway.example", NET_URL_OTHER, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct net_url url = {.base = "untouched"};

		if (net_url_parse(rows[i].url, &url) != rows[i].result)
			fail_msg("%s", rows[i].name);
		if (rows[i].result != NET_URL_OK)
			assert_string_equal(url.base, "untouched");
		else if (strcmp(url.base, rows[i].base) != 0 ||
			 strcmp(url.authority, rows[i].authority) != 0)
			fail_msg("%s: %s, %s", rows[i].name, url.base, url.authority);
		if (rows[i].result == NET_URL_OK)
			assert_int_equal(url.tls, strncmp(rows[i].base, "https:", 6) == 0);
	}
}

static void what_is_local(void **state)
{
	static const struct {
		const char *url;
		bool local;
	} rows[] = {
	    {"http://gateway.example", false},
	    {"http://localhost", true},
	    {"http://LocalHost:8737/", true},
	    {"http://localhost.example", false},
	    {"http://127.0.0.1:8737", true},
	    {"http://127.255.255.254", true},
	    {"http://128.0.0.1", false},
	    {"http://0.0.0.0:8737", false},
	    {"http://192.168.0.7:8737", false},
	    {"http://127.0.0.1.example", false},
	    {"http://[::1]:8737", true},
	    {"http://[::2]", false},
	    {"http://[fe80::1]", false},
	    {"http://[::ffff:127.0.0.1]", false},
	    {"https://localhost", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct net_url url;

		assert_int_equal(net_url_parse(rows[i].url, &url), NET_URL_OK);
		if (url.local != rows[i].local)
			fail_msg("%s", rows[i].url);
	}
}

static void hosts_have_a_maximum(void **state)
{
	char url[600];
	struct net_url parsed;

	(void)state;
	for (int len = 291; len <= 292; len++) {
		char host[400] = {0};

		memset(host, 'a', (size_t)len);
		(void)snprintf(url, sizeof(url), "https://%s:65535", host);
		assert_int_equal(
		    net_url_parse(url, &parsed), len == 291 ? NET_URL_OK : NET_URL_OTHER);
		if (len == 291)
			assert_string_equal(parsed.base, url);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(urls),
    cmocka_unit_test(what_is_local),
    cmocka_unit_test(hosts_have_a_maximum),
};

TEST_MAIN(tests)
