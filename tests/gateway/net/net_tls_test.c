/*
 * tests/gateway/net/net_tls_test.c: which TLS a server must speak, against one of the test's own
 * (GnuTLS) whose certificate is trusted: so what is refused is refused for its version.
 */
#include "tests/test.h"

#include <arpa/inet.h>
#include <assert.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/net/net.h"

#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static struct {
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t certificate;
	gnutls_certificate_credentials_t credentials;
	char ca_file[64];
	int listener;
	uint16_t port;
	const char *priority;
	pthread_t thread;
} server;

static void certificate_make(void)
{
	static const uint8_t address[] = {127, 0, 0, 1}, serial[] = {1};
	gnutls_x509_crt_t certificate;

	assert_int_equal(gnutls_x509_privkey_init(&server.key), 0);
	assert_int_equal(gnutls_x509_privkey_generate(server.key, GNUTLS_PK_RSA, 2048, 0), 0);
	assert_int_equal(gnutls_x509_crt_init(&certificate), 0);
	assert_int_equal(gnutls_x509_crt_set_version(certificate, 3), 0);
	assert_int_equal(gnutls_x509_crt_set_serial(certificate, serial, sizeof(serial)), 0);
	assert_int_equal(gnutls_x509_crt_set_activation_time(certificate, 1), 0);
	assert_int_equal(gnutls_x509_crt_set_expiration_time(certificate, 4102444800), 0);
	assert_int_equal(gnutls_x509_crt_set_dn_by_oid(
			     certificate, GNUTLS_OID_X520_COMMON_NAME, 0, "net_tls_test", 12),
	    0);
	assert_int_equal(gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS,
			     address, sizeof(address), GNUTLS_FSAN_SET),
	    0);
	assert_int_equal(gnutls_x509_crt_set_ca_status(certificate, 1), 0);
	assert_int_equal(gnutls_x509_crt_set_key(certificate, server.key), 0);
	assert_int_equal(
	    gnutls_x509_crt_sign2(certificate, certificate, server.key, GNUTLS_DIG_SHA256, 0), 0);
	server.certificate = certificate;
}

static void certificate_write(void)
{
	gnutls_datum_t text;
	int fd;

	memcpy(server.ca_file, "/tmp/net_tls_test.XXXXXX", 25);
	fd = mkstemp(server.ca_file);
	assert_true(fd >= 0);
	assert_int_equal(
	    gnutls_x509_crt_export2(server.certificate, GNUTLS_X509_FMT_PEM, &text), 0);
	assert_int_equal(write(fd, text.data, text.size), text.size);
	assert_int_equal(close(fd), 0);
	gnutls_free(text.data);
}

static int setup(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	struct call call;

	(void)state;
	certificate_make();
	certificate_write();
	assert_int_equal(gnutls_certificate_allocate_credentials(&server.credentials), 0);
	assert_int_equal(
	    gnutls_certificate_set_x509_key(server.credentials, &server.certificate, 1, server.key),
	    0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server.listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(server.listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(server.listener, 1), 0);
	assert_int_equal(getsockname(server.listener, (struct sockaddr *)&address, &len), 0);
	server.port = ntohs(address.sin_port);
	return net_start(&call) ? 0 : 1;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(close(server.listener), 0);
	assert_int_equal(unlink(server.ca_file), 0);
	gnutls_certificate_free_credentials(server.credentials);
	gnutls_x509_crt_deinit(server.certificate);
	gnutls_x509_privkey_deinit(server.key);
	return 0;
}

/* One connection: a handshake, and an answer if that comes to its end. */
static void *serve(void *unused)
{
	gnutls_session_t session;
	char asked[4096];
	int fd = accept(server.listener, NULL, NULL);
	int result;

	(void)unused;
	assert(fd >= 0);
	result = gnutls_init(&session, GNUTLS_SERVER);
	assert(result == 0);
	result = gnutls_priority_set_direct(session, server.priority, NULL);
	assert(result == 0);
	result = gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, server.credentials);
	assert(result == 0);
	gnutls_transport_set_int(session, fd);
	gnutls_handshake_set_timeout(session, 10000);
	if (gnutls_handshake(session) == 0 &&
	    gnutls_record_recv(session, asked, sizeof(asked)) > 0 &&
	    gnutls_record_send(session, ANSWER, strlen(ANSWER)) > 0)
		(void)gnutls_bye(session, GNUTLS_SHUT_WR);
	gnutls_deinit(session);
	(void)close(fd);
	return NULL;
}

static enum net_result ask(const char *priority, const char *ca_file, char why_out[256])
{
	char url[64];
	struct net_request request = {.method = "GET",
	    .url = url,
	    .direct = true,
	    .trust = {.file = ca_file},
	    .answer_max = 9};
	struct net_line *line = net_line_new();
	struct net_answer answer = {0};
	struct net_exchange exchange;
	enum net_result result;

	assert_non_null(line);
	server.priority = priority;
	assert_int_equal(pthread_create(&server.thread, NULL, serve, NULL), 0);
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%u/", (unsigned)server.port);
	net_exchange_init(&exchange, line, &request);
	assert_true(net_exchange_make(&exchange, 20000));
	net_exchange_run(&exchange);
	result = net_exchange_end(&exchange, &answer);
	(void)snprintf(why_out, 256, "%s", answer.why);
	assert_int_equal(result == NET_ANSWERED, answer.body.len == 2);
	bytes_clear(&answer.body);
	net_exchange_clear(&exchange);
	net_line_free(line);
	assert_int_equal(pthread_join(server.thread, NULL), 0);
	return result;
}

static void versions(void **state)
{
	static const struct {
		const char *priority;
		enum net_result result;
	} rows[] = {
	    {"NORMAL:-VERS-ALL:+VERS-TLS1.3", NET_ANSWERED},
	    {"NORMAL:-VERS-ALL:+VERS-TLS1.2", NET_ANSWERED},
	    {"NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0", NET_NO_TLS},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char why[256];
		enum net_result result = ask(rows[i].priority, server.ca_file, why);

		if (result != rows[i].result)
			fail_msg("%s: %s", rows[i].priority, why);
	}
}

static void an_unknown_authority(void **state)
{
	char why[256];

	(void)state;
	assert_int_equal(ask("NORMAL", NULL, why), NET_UNTRUSTED);
	assert_non_null(strstr(why, "certificate"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(versions, setup, teardown),
    cmocka_unit_test_setup_teardown(an_unknown_authority, setup, teardown),
};

TEST_MAIN(tests)
