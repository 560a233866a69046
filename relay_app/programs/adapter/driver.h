/*
 * A driver knows the protocol of a kind of servers: it encodes requests and decodes answers, and does nothing else.
 * What is sent when, how often, and what follows from an answer is the same for all (requests.c, server.c).
 */
#ifndef DRIVER_H
#define DRIVER_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "loop.h"

enum { ID_BYTES = 12, NONCE_BYTES = 256, REQUEST_BYTES = 1024, WHY_BYTES = 128 };

/* A session is opened by ALLOCATE and CONNECT, kept by REFRESH and RECONNECT, and closed by RELEASE. PROBE: whether the
 * server is there. */
enum request { NO_REQUEST, ALLOCATE, CONNECT, REFRESH, RECONNECT, RELEASE, PROBE };

enum outcome {
    ACCEPTED,
    AGAIN,   /* the same request once more, with what the answer told */
    LOST,    /* the server has no such session */
    TAKEN,   /* it has another one from this port of ours */
    REFUSED,
    NONSENSE,
};

enum phase { OPENING, OPEN, FAILING, RELEASING };

/* A session as it is at the server, or is to be. */
struct server_session {
    struct watched watched; /* its socket: one of its own, or that of all */
    uint32_t index;         /* its place among all sessions; its requests begin with it */
    uint32_t ssrc;
    enum phase phase;
    struct sockaddr_in hop; /* where the server is to send its packets */
    struct sockaddr_in to;  /* where we send them, if the socket is that of all */
    uint16_t channel;       /* what precedes them (RFC 8656 section 12.4); 0 for nothing */
    char nonce[NONCE_BYTES];

    enum request request; /* the one that is not answered yet */
    uint8_t id[ID_BYTES];
    int tries, challenges;
    int64_t repeat_at;

    int64_t used_at, refresh_at, retry_at;
    int64_t lifetime_ms; /* as the server told it; 0 if it did not */
    int was_lost, is_waiting;
    struct server_session *next_waiting;
};

struct driver {
    const char *name;
    int own_sockets; /* whether the server tells sessions apart by the port that they come from */
    int reconnects;  /* whether RECONNECT is a request of its own */
    size_t (*encode)(const struct server_session *session, enum request request, uint8_t bytes[REQUEST_BYTES]);
    /* The id of the request that a datagram answers: 1; 0 if it is no answer, -1 if it is media. */
    int (*id_of)(const uint8_t *data, size_t length, uint8_t id[ID_BYTES]);
    /* What an answer says of the session's request; in case of doubt `why` tells it in words. */
    enum outcome (*decode)(struct server_session *session, const uint8_t *data, size_t length, char why[WHY_BYTES]);
};

/* What the command line says. */
struct settings {
    struct sockaddr_in server;
    char user[128], password[128];
    unsigned lifetime_s, renew_s, idle_s, check_ms, repeat_ms, retry_ms, ready_within_ms, first_port;
};

extern struct settings settings;
extern const struct driver turn_driver, ng_driver;

#endif
