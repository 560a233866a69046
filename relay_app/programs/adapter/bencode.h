/* Bencoding: dictionaries of strings, as the ng protocol has them. */
#ifndef BENCODE_H
#define BENCODE_H

#include <stddef.h>
#include <stdint.h>

/* The string under a key of a dictionary, and its length; NULL if there is none, or these are no dictionary. */
const char *bencode_find(const uint8_t *data, size_t length, const char *key, size_t *found_bytes);

/* Whether these bytes are one whole dictionary. */
int is_dictionary(const uint8_t *data, size_t length);

#endif
