#include "stun.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

enum { MAGIC_COOKIE = 0x2112A442, ID_OFFSET = 8, ATTRIBUTE_BYTES = 4, SHA1_BYTES = 20, IPV4 = 1 };

static void write_16(uint8_t *at, unsigned value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static unsigned read_16(const uint8_t *at) {
    return (unsigned)at[0] << 8 | at[1];
}

static size_t padded(size_t length) {
    return (length + 3) & ~(size_t)3;
}

struct stun_message stun_begin(uint8_t bytes[REQUEST_BYTES], uint16_t type, const uint8_t id[ID_BYTES]) {
    write_16(bytes, type);
    write_16(bytes + 2, 0);
    memcpy(bytes + 4, &(uint32_t){htonl(MAGIC_COOKIE)}, 4);
    memcpy(bytes + ID_OFFSET, id, ID_BYTES);
    return (struct stun_message){bytes, STUN_HEADER_BYTES};
}

void stun_add(struct stun_message *message, enum stun_attribute attribute, const void *value, size_t length) {
    uint8_t *at = message->bytes + message->length;
    if (message->length + ATTRIBUTE_BYTES + padded(length) > REQUEST_BYTES)
        return;
    write_16(at, attribute);
    write_16(at + 2, (unsigned)length);
    memset(at + ATTRIBUTE_BYTES, 0, padded(length));
    memcpy(at + ATTRIBUTE_BYTES, value, length);
    message->length += ATTRIBUTE_BYTES + padded(length);
    write_16(message->bytes + 2, (unsigned)(message->length - STUN_HEADER_BYTES));
}

void stun_add_number(struct stun_message *message, enum stun_attribute attribute, uint32_t value) {
    stun_add(message, attribute, &(uint32_t){htonl(value)}, 4);
}

void stun_add_peer(struct stun_message *message, const struct sockaddr_in *peer) {
    uint8_t value[8] = {0, IPV4};
    write_16(value + 2, ntohs(peer->sin_port) ^ MAGIC_COOKIE >> 16);
    memcpy(value + 4, &(uint32_t){peer->sin_addr.s_addr ^ htonl(MAGIC_COOKIE)}, 4);
    stun_add(message, XOR_PEER_ADDRESS, value, sizeof value);
}

void stun_sign(struct stun_message *message, const char *user, const char *realm, const char *password) {
    char text[512];
    uint8_t key[EVP_MAX_MD_SIZE], signature[EVP_MAX_MD_SIZE];
    unsigned key_bytes;
    size_t signed_bytes = message->length;
    int length = snprintf(text, sizeof text, "%s:%s:%s", user, realm, password);
    EVP_Digest(text, (size_t)length, key, &key_bytes, EVP_md5(), NULL);
    /* The length in the header counts the signature already, but the signature is of what precedes it. */
    memset(signature, 0, sizeof signature);
    stun_add(message, MESSAGE_INTEGRITY, signature, SHA1_BYTES);
    HMAC(EVP_sha1(), key, (int)key_bytes, message->bytes, signed_bytes, signature, NULL);
    memcpy(message->bytes + signed_bytes + ATTRIBUTE_BYTES, signature, SHA1_BYTES);
}

int is_stun(const uint8_t *data, size_t length) {
    uint32_t cookie = htonl(MAGIC_COOKIE);
    if (length < STUN_HEADER_BYTES || data[0] >> 6 != 0 || memcmp(data + 4, &cookie, 4) != 0 ||
        read_16(data + 2) + STUN_HEADER_BYTES != length)
        return 0;
    for (size_t at = STUN_HEADER_BYTES; at < length;) {
        if (at + ATTRIBUTE_BYTES > length)
            return 0;
        at += ATTRIBUTE_BYTES + padded(read_16(data + at + 2));
        if (at > length)
            return 0;
    }
    return 1;
}

const uint8_t *stun_find(const uint8_t *data, enum stun_attribute attribute, size_t *length) {
    size_t end = read_16(data + 2) + STUN_HEADER_BYTES;
    for (size_t at = STUN_HEADER_BYTES; at < end; at += ATTRIBUTE_BYTES + padded(*length)) {
        *length = read_16(data + at + 2);
        if (read_16(data + at) == attribute)
            return data + at + ATTRIBUTE_BYTES;
    }
    return NULL;
}

uint16_t stun_type(const uint8_t *data) {
    return (uint16_t)read_16(data);
}
