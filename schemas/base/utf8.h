/*
 * schemas/base/utf8.h: UTF-8 as RFC 3629 has it: no surrogates, shortest forms; and without a NUL.
 */
#ifndef INKSEAL_UTF8_H
#define INKSEAL_UTF8_H

#include "schemas/base/bytes.h"

bool utf8_valid(struct view text);
/* The length of the sequence that text, which is not empty, begins with: 1 to 4; 0: there is none.
 */
size_t utf8_char_len(struct view text);
/* The character that one whole sequence stands for. */
uint32_t utf8_char_code(struct view sequence);

#endif
