#include "requests.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "report.h"
#include "server.h"

enum {
    /* The default receive buffer of Linux holds some 160 requests of rtpengine; what finds it full waits for a
     * repetition. */
    MOST_OUTSTANDING = 128,
    MOST_TRIES = 5,
};

int was_unreachable;
static unsigned begun;

static void transmit(struct server_session *session) {
    uint8_t bytes[REQUEST_BYTES];
    size_t length = driver->encode(session, session->request, bytes);
    if (send(session->watched.fd, bytes, length, 0) < 0 && errno == ECONNREFUSED)
        was_unreachable = 1;
    session->repeat_at = now_ms() + ((int64_t)settings.repeat_ms << session->tries);
    session->tries++;
}

static void draw_id(struct server_session *session) {

    if (getrandom(session->id, ID_BYTES, 0) < 0)
        complain(OF_SOCKETS, "getrandom failed");
    memcpy(session->id, &session->index, sizeof session->index);
}

void begin_request(struct server_session *session, enum request request) {
    session->request = request;
    session->tries = session->challenges = 0;
    begun++;
    draw_id(session);
    transmit(session);
}

void repeat_now(struct server_session *session) {
    session->tries = 0;
    draw_id(session);
    transmit(session);
}

void end_request(struct server_session *session) {
    if (session->request != NO_REQUEST)
        begun--;
    session->request = NO_REQUEST;
}

int repeat_if_due(struct server_session *session, int64_t now) {
    if (now < session->repeat_at)
        return 1;
    if (session->tries == MOST_TRIES)
        return 0;
    count(REPEATED, 1);
    transmit(session);
    return 1;
}

int may_begin(void) {
    return begun < MOST_OUTSTANDING;
}

unsigned outstanding(void) {
    return begun;
}
