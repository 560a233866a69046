#include "bencode.h"

#include <string.h>

enum { DEEPEST = 16 };

struct reader {
    const uint8_t *at, *end;
};

/* A string's bytes, and its length; NULL if there is no whole string. */
static const uint8_t *read_string(struct reader *reader, size_t *length) {
    size_t bytes = 0;
    const uint8_t *at = reader->at;
    for (; at < reader->end && *at >= '0' && *at <= '9' && bytes < UINT16_MAX; at++)
        bytes = bytes * 10 + (size_t)(*at - '0');
    if (at == reader->at || at == reader->end || *at != ':' || bytes > (size_t)(reader->end - at - 1))
        return NULL;
    reader->at = at + 1 + bytes;
    *length = bytes;
    return at + 1;
}

/* Pass a value of any type; 0 if there is no whole one. */
static int skip(struct reader *reader, int depth) {
    size_t length;
    if (reader->at == reader->end || depth > DEEPEST)
        return 0;
    if (*reader->at == 'i') {
        const uint8_t *end = memchr(reader->at, 'e', (size_t)(reader->end - reader->at));
        reader->at = end ? end + 1 : reader->at;
        return end != NULL;
    }
    if (*reader->at != 'l' && *reader->at != 'd')
        return read_string(reader, &length) != NULL;
    for (reader->at++; reader->at < reader->end && *reader->at != 'e';)
        if (!skip(reader, depth + 1))
            return 0;
    return reader->at < reader->end && *reader->at++ == 'e';
}

int is_dictionary(const uint8_t *data, size_t length) {
    struct reader reader = {data, data + length};
    return length && *data == 'd' && skip(&reader, 0) && reader.at == reader.end;
}

const char *bencode_find(const uint8_t *data, size_t length, const char *key, size_t *found_bytes) {
    struct reader reader = {data + 1, data + length};
    size_t bytes;
    if (!is_dictionary(data, length))
        return NULL;
    while (*reader.at != 'e') {
        const uint8_t *found = read_string(&reader, &bytes);
        if (!found)
            return NULL;
        if (bytes == strlen(key) && memcmp(found, key, bytes) == 0)
            return (const char *)read_string(&reader, found_bytes);
        if (!skip(&reader, 1))
            return NULL;
    }
    return NULL;
}
