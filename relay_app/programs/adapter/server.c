#include "server.h"

#include <sys/socket.h>

#include "life.h"
#include "report.h"
#include "requests.h"
#include "slots.h"
#include "sockets.h"

enum { MOST_CHALLENGES = 2, SUSPECT_TRIES = 3 };

const struct driver *driver;
int is_absent;

void begin_waiting(void) {
    struct server_session *session;
    while (!is_absent && may_begin() && (session = first_waiting()))
        if (session->phase == OPENING && session->request == NO_REQUEST)
            begin_request(session, ALLOCATE);
}

static void fail(struct server_session *session, int64_t now) {
    count(FAILED, 1);
    session->phase = FAILING;
    session->retry_at = now + settings.retry_ms;
}

static void begin_opening(struct server_session *session, int64_t now) {
    session->phase = OPENING;
    if (!has_socket(session)) {
        fail(session, now);
        return;
    }
    await_turn(session);
    begin_waiting();
}

struct server_session *open_session(uint32_t ssrc, const struct sockaddr_in *hop, int64_t now) {
    struct server_session *session = new_session(ssrc);
    if (!session)
        return NULL;
    session->hop = *hop;
    session->used_at = now;
    begin_opening(session, now);
    return session;
}

void retry_session(struct server_session *session, int64_t now) {
    if (session->phase == FAILING && now >= session->retry_at)
        begin_opening(session, now);
}

/* What follows from the end of a request */

static void open_anew(struct server_session *session, int64_t now) {
    end_request(session);
    session->was_lost = 1;
    begin_opening(session, now);
}

static void take_all_for_lost(const char *why, int64_t now) {
    struct server_session *session;
    unsigned lost = 0;
    for (uint32_t index = 0; (session = next_session(&index));) {
        forget_error(session->watched.fd);
        if (session->phase == RELEASING) {
            end_request(session);
            discard(session);
        } else {
            open_anew(session, now);
            lost++;
        }
    }
    complain(OF_LOSS, "%s: opening its %u sessions anew", why, lost);
}

/* One is lost: the others may be, which refreshing them tells, once for all that turn out to be. */
static void take_for_lost(struct server_session *session, const char *why, int64_t now) {
    static int64_t next_check_at;
    struct server_session *other;
    complain(OF_LOSS, "the server has lost session %08x (%s)", session->ssrc, why);
    open_anew(session, now);
    if (now < next_check_at)
        return;
    next_check_at = now + settings.retry_ms;
    for (uint32_t index = 0; (other = next_session(&index));)
        other->refresh_at = now;
}

static int64_t renewal_ms(const struct server_session *session) {
    int64_t renew = (int64_t)settings.renew_s * 1000;
    return session->lifetime_ms && session->lifetime_ms / 2 < renew ? session->lifetime_ms / 2 : renew;
}

int is_suspect(const struct server_session *session) {
    return session->request == REFRESH && session->tries >= SUSPECT_TRIES;
}

static void answered_probe(int64_t now) {
    struct server_session *session;
    if (is_absent) {
        is_absent = 0;
        take_all_for_lost("the server was restarted", now);
        return;
    }
    for (uint32_t index = 0; (session = next_session(&index));)
        if (is_suspect(session)) {
            take_all_for_lost("the server is there, and refreshes no session", now);
            return;
        }
}

static void released(struct server_session *session, int64_t now) {
    if (session->retry_at > now) {
        session->phase = FAILING;
        return;
    }
    count(CLOSED, 1);
    discard(session);
}

static void accepted(struct server_session *session, enum request request, int64_t now) {
    switch (request) {
    case ALLOCATE:
        begin_request(session, CONNECT);
        break;
    case CONNECT:
        session->phase = OPEN;
        session->refresh_at = now + renewal_ms(session);
        count(OPENED, 1);
        count(REOPENED, (unsigned)session->was_lost);
        session->was_lost = 0;
        break;
    case REFRESH:
        count(REFRESHED, 1);
        if (driver->reconnects && now >= session->refresh_at)
            begin_request(session, RECONNECT);
        else if (now >= session->refresh_at)
            session->refresh_at = now + renewal_ms(session);
        break;
    case RECONNECT:
        session->refresh_at = now + renewal_ms(session);
        break;
    case RELEASE:
        released(session, now);
        break;
    case PROBE:
        answered_probe(now);
        break;
    case NO_REQUEST:
        break;
    }
}

static void refused(struct server_session *session, enum request request, const char *why, int64_t now) {
    if (request == PROBE) { /* who refuses is there */
        answered_probe(now);
        return;
    }
    if (request == RELEASE) {
        released(session, now);
        return;
    }
    complain(OF_REFUSAL, "the server refuses session %08x: %s", session->ssrc, why);
    if (request == REFRESH || request == RECONNECT) {
        open_anew(session, now);
        return;
    }
    fail(session, now);
    if (request == CONNECT) { /* what it allocated would stay there */
        session->phase = RELEASING;
        begin_request(session, RELEASE);
    }
}

void settle_silence(struct server_session *session, int64_t now) {
    enum request request = session->request;
    end_request(session);
    complain(OF_SILENCE, "the server does not answer");
    if (request == ALLOCATE || request == CONNECT)
        fail(session, now);
    else if (request == RELEASE)
        released(session, now);
    else
        session->refresh_at = now + settings.retry_ms;
}

void await_return(void) {
    struct server_session *session;
    complain(OF_ABSENCE, "nobody listens at the server's port: all sessions wait for its return");
    is_absent = 1;
    while (first_waiting())
        continue;
    for (uint32_t index = 0; (session = next_session(&index));) {
        end_request(session);
        session->phase = session->phase == RELEASING ? RELEASING : OPENING;
    }
}

/* Answers */

void settle_answer(struct server_session *session, const uint8_t *data, size_t length, int64_t now) {
    enum request request = session->request;
    char why[WHY_BYTES] = "";
    enum outcome outcome = driver->decode(session, data, length, why);
    if (outcome == AGAIN && session->challenges++ < MOST_CHALLENGES) {
        repeat_now(session);
        return;
    }
    if (outcome == NONSENSE) {
        count(NONSENSE_ANSWERS, 1);
        complain(OF_NONSENSE, "the server answers nonsense: %s", why);
        return;
    }
    end_request(session);
    if (outcome == ACCEPTED)
        accepted(session, request, now);
    else if (outcome == LOST && request != RELEASE)
        take_for_lost(session, why, now);
    else if (outcome == TAKEN) {
        if (driver->own_sockets)
            unwatch(&session->watched);
        session->watched.fd = -1;
        begin_opening(session, now);
    } else
        refused(session, request, why, now);
    begin_waiting();
}
