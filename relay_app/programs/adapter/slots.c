#include "slots.h"

#include <stdlib.h>
#include <string.h>

#include "server.h"
#include "sessions.h"

struct server_session probe;

static struct server_session *slots[MOST_SESSIONS];
static uint32_t used; /* slots beyond were never used */
static unsigned sessions;
static struct server_session *head, *tail;

static uint32_t free_slot(void) {
    for (uint32_t slot = 0; sessions < used && slot < used; slot++)
        if (!slots[slot])
            return slot;
    return used < MOST_SESSIONS ? used++ : MOST_SESSIONS;
}

struct server_session *new_session(uint32_t ssrc) {
    uint32_t slot = free_slot();
    struct server_session *session = slot < MOST_SESSIONS ? calloc(1, sizeof *session) : NULL;
    if (!session)
        return NULL;
    session->ssrc = ssrc;
    session->index = slot;
    session->watched.fd = -1;
    slots[slot] = session;
    sessions++;
    return session;
}

struct server_session *next_session(uint32_t *index) {
    while (*index < used) {
        struct server_session *session = slots[(*index)++];
        if (session)
            return session;
    }
    return NULL;
}

struct server_session *requester(const uint8_t id[ID_BYTES]) {
    uint32_t index;
    memcpy(&index, id, sizeof index);
    struct server_session *session = index == probe.index ? &probe : index < used ? slots[index] : NULL;
    return session && session->request != NO_REQUEST && memcmp(session->id, id, ID_BYTES) == 0 ? session : NULL;
}

void discard(struct server_session *session) {
    struct session *known = session_of(session->ssrc);
    if (known && known->at_server == session)
        known->at_server = NULL;
    if (driver->own_sockets && session->watched.fd >= 0)
        unwatch(&session->watched);
    slots[session->index] = NULL;
    sessions--;
    free(session);
}

void await_turn(struct server_session *session) {
    if (session->is_waiting)
        return;
    session->is_waiting = 1;
    session->next_waiting = NULL;
    *(head ? &tail->next_waiting : &head) = session;
    tail = session;
}

struct server_session *first_waiting(void) {
    struct server_session *session = head;
    if (session) {
        head = session->next_waiting;
        session->is_waiting = 0;
    }
    return session;
}

unsigned held(void) {
    return sessions;
}
