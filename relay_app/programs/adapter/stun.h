/* STUN messages (RFC 8489): attributes are added to one, and found in one. */
#ifndef STUN_H
#define STUN_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "driver.h"

enum {
    STUN_HEADER_BYTES = 20,
    STUN_SUCCESS = 0x0100, /* bits of the class in a message's type */
    STUN_ERROR = 0x0110,
};

enum stun_attribute {
    USERNAME = 0x0006,
    MESSAGE_INTEGRITY = 0x0008,
    ERROR_CODE = 0x0009,
    CHANNEL_NUMBER = 0x000c,
    LIFETIME = 0x000d,
    XOR_PEER_ADDRESS = 0x0012,
    REALM = 0x0014,
    NONCE = 0x0015,
    REQUESTED_TRANSPORT = 0x0019,
};

/* A message that is being written; `length` counts its header. */
struct stun_message {
    uint8_t *bytes;
    size_t length;
};

struct stun_message stun_begin(uint8_t bytes[REQUEST_BYTES], uint16_t type, const uint8_t id[ID_BYTES]);
void stun_add(struct stun_message *message, enum stun_attribute attribute, const void *value, size_t length);
void stun_add_number(struct stun_message *message, enum stun_attribute attribute, uint32_t value);
void stun_add_peer(struct stun_message *message, const struct sockaddr_in *peer);

/* Sign it with the long-term credentials (RFC 8489 section 9.2). */
void stun_sign(struct stun_message *message, const char *user, const char *realm, const char *password);

/* Whether these bytes are one whole message. */
int is_stun(const uint8_t *data, size_t length);

/* An attribute's value and its length; NULL without. */
const uint8_t *stun_find(const uint8_t *data, enum stun_attribute attribute, size_t *length);

uint16_t stun_type(const uint8_t *data);

#endif
