/*
 * cli/port/metadj_crypto.h: the seal of MetaDJ Nexus' encrypted export file.
 * The first app's choice, kept byte for byte: PBKDF2-HMAC-SHA-256 and AES-256-GCM, the 16-byte tag
 * after the ciphertext. It guards a file that a person carries about; nothing of the cloud uses it.
 */
#ifndef INKSEAL_METADJ_CRYPTO_H
#define INKSEAL_METADJ_CRYPTO_H

#include "cli/port/port.h"

#define METADJ_ITERATIONS 150000u       /* as the app writes */
#define METADJ_ITERATIONS_MAX 10000000u /* as we read: some seconds */
#define METADJ_SALT_LEN 16u             /* as the app writes; 8..64 are read */
#define METADJ_SALT_MIN 8u
#define METADJ_SALT_MAX 64u
#define METADJ_IV_LEN 12u
#define METADJ_TAG_LEN 16u
#define METADJ_PASSPHRASE_MAX (64u << 10) /* beyond any that was typed */

struct metadj_seal { /* what stands in the file beside the ciphertext; lengths within the above */
	uint32_t iterations;
	struct view salt;
	uint8_t iv[METADJ_IV_LEN];
};

/*
 * The passphrase without surrounding white space, as JavaScript's trim() takes it off (U+00A0 and
 * U+FEFF among it); a view into text. PORT_PASSPHRASE: nothing is left, it is too long, or not
 * UTF-8.
 */
MUST_USE enum port_result metadj_passphrase(
    const char *text, struct call *call, struct view *trimmed_out);
/* *out is the ciphertext and its tag. PORT_FAILED: no memory. */
MUST_USE enum port_result metadj_encrypt(const struct metadj_seal *seal, struct view passphrase,
    struct view plain, struct call *call, struct bytes *out);
/* PORT_PASSPHRASE: the passphrase is wrong, or the file was changed: the tag cannot say which. */
MUST_USE enum port_result metadj_decrypt(const struct metadj_seal *seal, struct view passphrase,
    struct view sealed, struct call *call, struct bytes *out);

#endif
