/*
 * TURN (RFC 8656): a session is an allocation with one channel, from a socket of its own. A server has one allocation
 * for each of our ports, and one channel for a peer, so that two streams to one peer need two of both.
 */
#include <stdio.h>
#include <string.h>

#include "driver.h"
#include "stun.h"

enum {
    BINDING = 0x001,
    ALLOCATION = 0x003,
    REFRESHING = 0x004,
    CHANNEL_BIND = 0x009,
    METHOD_BITS = 0x3eef,
    CLASS_BITS = 0x0110,
    UDP_TRANSPORT = 17 << 24,
    CHANNEL = 0x4000,
};

enum { BAD_REQUEST = 400, UNAUTHENTICATED = 401, ALLOCATION_MISMATCH = 437, STALE_NONCE = 438 };

static char realm[128]; /* as the server told it last */

static uint16_t method_of(enum request request) {
    static const uint16_t methods[] = {
        [ALLOCATE] = ALLOCATION,   [CONNECT] = CHANNEL_BIND, [REFRESH] = REFRESHING,
        [RECONNECT] = CHANNEL_BIND, [RELEASE] = REFRESHING,   [PROBE] = BINDING,
    };
    return methods[request];
}

static void add_what_it_asks(struct stun_message *message, const struct server_session *session, enum request request) {
    switch (request) {
    case ALLOCATE:
        stun_add_number(message, REQUESTED_TRANSPORT, UDP_TRANSPORT);
        stun_add_number(message, LIFETIME, settings.lifetime_s);
        break;
    case CONNECT:
    case RECONNECT:
        stun_add_number(message, CHANNEL_NUMBER, (uint32_t)CHANNEL << 16);
        stun_add_peer(message, &session->hop);
        break;
    case REFRESH:
    case RELEASE:
        stun_add_number(message, LIFETIME, request == RELEASE ? 0 : settings.lifetime_s);
        break;
    case PROBE:
    case NO_REQUEST:
        break;
    }
}

static size_t encode(const struct server_session *session, enum request request, uint8_t bytes[REQUEST_BYTES]) {
    struct stun_message message = stun_begin(bytes, method_of(request), session->id);
    add_what_it_asks(&message, session, request);
    if (*settings.user && *session->nonce) {
        stun_add(&message, USERNAME, settings.user, strlen(settings.user));
        stun_add(&message, REALM, realm, strlen(realm));
        stun_add(&message, NONCE, session->nonce, strlen(session->nonce));
        stun_sign(&message, settings.user, realm, settings.password);
    }
    return message.length;
}

static int id_of(const uint8_t *data, size_t length, uint8_t id[ID_BYTES]) {
    if (length >= 4 && data[0] == CHANNEL >> 8 && data[1] == (CHANNEL & 0xff))
        return -1;
    if (!is_stun(data, length) || (stun_type(data) & CLASS_BITS & STUN_SUCCESS) == 0)
        return 0;
    memcpy(id, data + 8, ID_BYTES);
    return 1;
}

static int copied(const uint8_t *data, enum stun_attribute attribute, char *text, size_t room) {
    size_t length;
    const uint8_t *value = stun_find(data, attribute, &length);
    if (!value || length == 0 || length >= room)
        return 0;
    memcpy(text, value, length);
    text[length] = '\0';
    return 1;
}

static unsigned error_in(const uint8_t *data, char why[WHY_BYTES]) {
    size_t length;
    const uint8_t *value = stun_find(data, ERROR_CODE, &length);
    if (!value || length < 4)
        return 0;
    unsigned code = (value[2] & 7u) * 100 + value[3];
    snprintf(why, WHY_BYTES, "%u %.*s", code, (int)(length - 4), (const char *)value + 4);
    return code;
}

static enum outcome declined(struct server_session *session, const uint8_t *data, char why[WHY_BYTES]) {
    unsigned code = error_in(data, why);
    if (code == 0) {
        snprintf(why, WHY_BYTES, "an error without a code");
        return NONSENSE;
    }
    if (code == UNAUTHENTICATED || code == STALE_NONCE) {
        int told = copied(data, REALM, realm, sizeof realm) + copied(data, NONCE, session->nonce, NONCE_BYTES);
        return told == 2 && *settings.user ? AGAIN : REFUSED;
    }
    if (code == ALLOCATION_MISMATCH)
        return session->request == ALLOCATE ? TAKEN : LOST;
    return REFUSED;
}

static enum outcome decode(struct server_session *session, const uint8_t *data, size_t length, char why[WHY_BYTES]) {
    uint16_t type = stun_type(data);
    if ((type & METHOD_BITS) != method_of(session->request)) {
        snprintf(why, WHY_BYTES, "type %04x to a request of type %04x", type, method_of(session->request));
        return NONSENSE;
    }
    if ((type & CLASS_BITS) == STUN_ERROR)
        return declined(session, data, why);
    const uint8_t *lifetime = stun_find(data, LIFETIME, &length);
    if (session->request == ALLOCATE) {
        session->channel = CHANNEL;
        if (!lifetime || length != 4) {
            snprintf(why, WHY_BYTES, "an allocation without lifetime");
            return NONSENSE;
        }
    }
    if (lifetime && length == 4)
        session->lifetime_ms = ((int64_t)lifetime[0] << 24 | lifetime[1] << 16 | lifetime[2] << 8 | lifetime[3]) * 1000;
    return ACCEPTED;
}

const struct driver turn_driver = {
    .name = "turn",
    .own_sockets = 1,
    .reconnects = 1,
    .encode = encode,
    .id_of = id_of,
    .decode = decode,
};
