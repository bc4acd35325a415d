/*
 * gateway/bucket/s3_xml.h: the few XML documents that S3 answers with, read strictly and within
 * bounds. What was read is copied; a document that breaks a bound, holds a DTD, or is not the
 * expected one is refused as a whole.
 */
#ifndef INKSEAL_S3_XML_H
#define INKSEAL_S3_XML_H

#include "gateway/bucket/s3_url.h"

#define S3_CODE_MAX 64u
#define S3_ID_MAX 1024u /* a version's or an upload's, and the markers that page through them */
#define S3_ITEMS_MAX BUCKET_PAGE_MAX

/* An error's code: letters and digits, fit to be shown; "" if there is none. */
struct s3_code {
	char text[S3_CODE_MAX + 1];
};
#define S3_REGION_TOLD_MAX 32u
struct s3_error {
	struct s3_code code;
	char region[S3_REGION_TOLD_MAX + 1]; /* the one that it names; "": none */
};
/*
 * What an <Error> document says; {""} for anything else: proxies answer with pages of their own.
 * False: no memory to read it, and *out is {""}.
 */
MUST_USE bool s3_xml_error(struct view body, struct s3_error *out);
/* A region that a store names: it is signed with and shown. False: it is none, *out as it was. */
bool s3_region_told(const char *text, char out[S3_REGION_TOLD_MAX + 1]);

/* <DeleteResult>: how many keys stay, and the code of the first. False: not such a document. */
MUST_USE bool s3_xml_deleted(struct view body, size_t *failed_out, struct s3_code *first_out);

/*
 * <VersioningConfiguration>: does the bucket keep old versions, or did it once? False: not such a
 * document.
 */
MUST_USE bool s3_xml_versioning(struct view body, bool *keeps_out);

enum s3_listing { S3_LIST_OBJECTS, S3_LIST_VERSIONS, S3_LIST_UPLOADS };
struct s3_item {
	char key[S3_KEY_MAX + 1]; /* whole, with the URL's prefix */
	char id[S3_ID_MAX + 1];   /* a version's or an upload's */
	uint64_t size;
	bool marker; /* a delete marker */
	bool latest; /* what a plain get sees */
};
struct s3_page {               /* clear it */
	struct s3_item *items; /* as the store ordered them */
	size_t count;
	bool more;
	char next_key[S3_KEY_MAX + 1]; /* where the next page begins; of objects next_id alone */
	char next_id[S3_ID_MAX + 1];
};
/* False: not a listing of that kind, over a bound, or no memory; *out as it was. */
MUST_USE bool s3_xml_listing(struct view body, enum s3_listing kind, struct s3_page *out);
void s3_page_clear(struct s3_page *page);

#endif
