/*
 * tests/gateway/net/no_curl.c: what libcurl says, by the test.
 */
#include "tests/test.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/gateway/net/no_curl.h"

#undef curl_easy_setopt
#undef curl_easy_getinfo

struct no_curl no_curl;

bool no_curl_fails(void)
{
	return ++no_curl.calls == no_curl.fails_at;
}

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names (CMakeLists.txt) */
CURL *__wrap_curl_easy_init(void);
void __wrap_curl_easy_cleanup(CURL *curl);
CURLcode __wrap_curl_easy_setopt(CURL *curl, CURLoption option, ...);
CURLcode __wrap_curl_easy_getinfo(CURL *curl, CURLINFO info, ...);
CURLcode __wrap_curl_easy_perform(CURL *curl);
void __wrap_curl_easy_reset(CURL *curl);
struct curl_slist *__real_curl_slist_append(struct curl_slist *list, const char *text);
struct curl_slist *__wrap_curl_slist_append(struct curl_slist *list, const char *text);

CURL *__wrap_curl_easy_init(void)
{
	return no_curl_fails() ? NULL : (CURL *)&no_curl;
}

void __wrap_curl_easy_cleanup(CURL *curl)
{
	assert_ptr_equal(curl, &no_curl);
}

CURLcode __wrap_curl_easy_setopt(CURL *curl, CURLoption option, ...)
{
	va_list arguments;
	union no_curl_value value;

	assert_ptr_equal(curl, &no_curl);
	va_start(arguments, option);
	value.number = va_arg(arguments, intptr_t);
	va_end(arguments);
	if (option == CURLOPT_BUFFERSIZE || option == CURLOPT_UPLOAD_BUFFERSIZE)
		return CURLE_UNKNOWN_OPTION; /* a wish */
	if (no_curl_fails())
		return CURLE_OUT_OF_MEMORY;
	assert_true(no_curl.set_count < NO_CURL_OPTIONS_MAX);
	if (option == CURLOPT_URL) {
		(void)snprintf(no_curl.url, sizeof(no_curl.url), "%s", value.text);
		value.text = no_curl.url;
	}
	no_curl.set[no_curl.set_count].option = option;
	no_curl.set[no_curl.set_count++].value = value;
	return CURLE_OK;
}

CURLcode __wrap_curl_easy_getinfo(CURL *curl, CURLINFO info, ...)
{
	va_list arguments;
	void *out;

	assert_ptr_equal(curl, &no_curl);
	va_start(arguments, info);
	out = va_arg(arguments, void *);
	va_end(arguments);
	if (info == CURLINFO_RESPONSE_CODE)
		*(long *)out = no_curl.status;
	else if (info == CURLINFO_PRETRANSFER_TIME_T)
		*(curl_off_t *)out = no_curl.connected_us;
	else if (info == CURLINFO_REQUEST_SIZE && no_curl.sent >= 0)
		*(long *)out = no_curl.sent;
	else
		return CURLE_UNKNOWN_OPTION;
	return CURLE_OK;
}

CURLcode __wrap_curl_easy_perform(CURL *curl)
{
	assert_ptr_equal(curl, &no_curl);
	return no_curl.end;
}

void __wrap_curl_easy_reset(CURL *curl)
{
	assert_ptr_equal(curl, &no_curl);
	no_curl.resets++;
	no_curl.set_count = 0;
}

struct curl_slist *__wrap_curl_slist_append(struct curl_slist *list, const char *text)
{
	return no_curl_fails() ? NULL : __real_curl_slist_append(list, text);
}
/* NOLINTEND(bugprone-reserved-identifier) */

union no_curl_value no_curl_value(CURLoption option)
{
	for (size_t i = 0; i < no_curl.set_count; i++)
		if (no_curl.set[i].option == option)
			return no_curl.set[i].value;
	return (union no_curl_value){.number = -1};
}

intptr_t no_curl_number(CURLoption option)
{
	return no_curl_value(option).number;
}

const char *no_curl_text(CURLoption option)
{
	union no_curl_value value = no_curl_value(option);

	return value.number == -1 ? NULL : value.text;
}

size_t no_curl_give(CURLoption function, CURLoption data, const char *bytes, size_t len)
{
	no_curl_data call = no_curl_value(function).function;
	char copy[8192];

	assert_true(len < sizeof(copy));
	memcpy(copy, bytes, len);
	return call(copy, 1, len, no_curl_value(data).data);
}

void no_curl_give_header(const char *lines)
{
	while (*lines != '\0') {
		size_t len = strcspn(lines, "\n") + 1;

		assert_int_equal(
		    no_curl_give(CURLOPT_HEADERFUNCTION, CURLOPT_HEADERDATA, lines, len), len);
		lines += len;
	}
}
