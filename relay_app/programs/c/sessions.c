#include "sessions.h"

#include <arpa/inet.h>
#include <string.h>

#include "contract.h"

enum { SLOTS = 1 << 16, RECORD_FORMAT = 2, RECORD_DESTINATION = 6, RECORD_PORT = 7, RECORD_LEAST_BYTES = 9 };

pthread_mutex_t sessions_lock = PTHREAD_MUTEX_INITIALIZER;
static struct session slots[SLOTS];

struct session *session_of(uint32_t ssrc) {
    uint32_t slot = ssrc * 0x9E3779B1u >> 16;
    for (unsigned tried = 0; tried < SLOTS; tried++, slot = (slot + 1) % SLOTS) {
        struct session *found = &slots[slot];
        if (found->state == FREE)
            found->ssrc = ssrc;
        if (found->ssrc == ssrc)
            return found;
    }
    return NULL;
}

void install(uint32_t ssrc, unsigned destination, unsigned port) {
    struct session *session = session_of(ssrc);
    if (session && next_hop(ssrc, destination, port, &session->hop))
        session->state = KNOWN;
}

void settle(uint32_t ssrc, const unsigned char *record, int length) {
    struct session *session = session_of(ssrc);
    if (length >= RECORD_LEAST_BYTES && record[0] == RECORD_FORMAT && memcmp(record + 1, &(uint32_t){htonl(ssrc)}, 4) == 0)
        install(ssrc, record[RECORD_DESTINATION], (unsigned)record[RECORD_PORT] << 8 | record[RECORD_PORT + 1]);
    if (session && session->state == ASKED)
        session->state = UNKNOWN;
}

int is_wanted(const struct session *session, time_t now) {
    return session->state == FREE || (session->state == UNKNOWN && now > session->asked_at);
}
