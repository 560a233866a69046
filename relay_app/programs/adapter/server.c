#include "server.h"

#include <errno.h>
#include <sys/socket.h>

#include "contract.h"
#include "report.h"
#include "requests.h"
#include "slots.h"
#include "sockets.h"

enum {
    RETRY_MS = 1000,
    RETURN_BEAT_MS = 50,
    SUSPECT_TRIES = 3, /* of a refresh, after which the server is asked whether it is there at all */
    MOST_CHALLENGES = 2,
};

const struct driver *driver;
static struct watched media; /* of all sessions, if they have no sockets of their own */
static int is_absent, is_closing;
static int64_t beat_at;
static uint32_t next_checked;

/* Opening */

static int has_socket(struct server_session *session);

static void begin_waiting(void) {
    struct server_session *session;
    while (!is_absent && may_begin() && (session = first_waiting()))
        if (session->phase == OPENING && session->request == NO_REQUEST)
            begin_request(session, ALLOCATE);
}

static void fail(struct server_session *session, int64_t now) {
    count(FAILED, 1);
    session->phase = FAILING;
    session->retry_at = now + RETRY_MS;
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

/* One is lost: the others may be, which refreshing them tells. */
static void take_for_lost(struct server_session *session, const char *why, int64_t now) {
    struct server_session *other;
    complain(OF_LOSS, "the server has lost session %08x (%s)", session->ssrc, why);
    open_anew(session, now);
    for (uint32_t index = 0; (other = next_session(&index));)
        other->refresh_at = now;
}

static int64_t renewal_ms(const struct server_session *session) {
    int64_t renew = (int64_t)settings.renew_s * 1000;
    return session->lifetime_ms && session->lifetime_ms / 2 < renew ? session->lifetime_ms / 2 : renew;
}

static void answered_probe(int64_t now) {
    struct server_session *session;
    if (is_absent) {
        is_absent = 0;
        take_all_for_lost("the server was restarted", now);
        return;
    }
    for (uint32_t index = 0; (session = next_session(&index));)
        if (session->request == REFRESH && session->tries >= SUSPECT_TRIES) {
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

static void unanswered(struct server_session *session, int64_t now) {
    enum request request = session->request;
    end_request(session);
    complain(OF_SILENCE, "the server does not answer");
    if (request == ALLOCATE || request == CONNECT)
        fail(session, now);
    else if (request == RELEASE)
        released(session, now);
    else
        session->refresh_at = now + RETRY_MS;
}

/* Answers */

static void handle(struct server_session *session, const uint8_t *data, size_t length, int64_t now) {
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

static void read_answer(struct watched *watched) {
    uint8_t data[REQUEST_BYTES * 4], id[ID_BYTES];
    ssize_t length = recv(watched->fd, data, sizeof data, MSG_DONTWAIT);
    if (length < 0) {
        was_unreachable |= errno == ECONNREFUSED;
        return;
    }
    int found = driver->id_of(data, (size_t)length, id);
    struct server_session *session = found == 1 ? requester(id) : NULL;
    if (session)
        handle(session, data, (size_t)length, now_ms());
    else if (found == 0) {
        count(NONSENSE_ANSWERS, 1);
        complain(OF_NONSENSE, "the server answers nonsense: %zd bytes that are no message", length);
    } else
        count(found == 1 ? LATE : UNASKED, 1);
}

static void drop_media(struct watched *watched) {
    uint8_t byte;
    while (recv(watched->fd, &byte, 1, MSG_DONTWAIT) >= 0)
        count(UNASKED, 1);
}

static int has_socket(struct server_session *session) {
    if (!driver->own_sockets)
        session->watched.fd = probe.watched.fd;
    if (session->watched.fd >= 0)
        return 1;
    session->watched = (struct watched){socket_to(&settings.server), read_answer};
    if (session->watched.fd >= 0)
        watch(&session->watched);
    return session->watched.fd >= 0;
}

void start_server(const struct driver *of_server) {
    driver = of_server;
    probe.index = UINT32_MAX;
    probe.watched = (struct watched){socket_to(&settings.server), read_answer};
    media = (struct watched){socket_to(NULL), drop_media};
    if (probe.watched.fd < 0 || media.fd < 0)
        refuse("no socket towards the server");
    watch(&probe.watched);
    watch(&media);
}

int media_socket(const struct server_session *session) {
    return driver->own_sockets ? session->watched.fd : media.fd;
}

uint16_t media_port(void) {
    struct sockaddr_in at;
    socklen_t length = sizeof at;
    getsockname(media.fd, (struct sockaddr *)&at, &length);
    return ntohs(at.sin_port);
}

/* What is due */

static void await_return(int64_t now) {
    struct server_session *session;
    complain(OF_ABSENCE, "nobody listens at the server's port: all sessions wait for its return");
    is_absent = 1;
    beat_at = now;
    while (first_waiting())
        continue;
    for (uint32_t index = 0; (session = next_session(&index));) {
        end_request(session);
        session->phase = session->phase == RELEASING ? RELEASING : OPENING;
    }
}

static void look_for_server(int64_t now) {
    if (now < beat_at)
        return;
    beat_at = now + RETURN_BEAT_MS;
    end_request(&probe);
    begin_request(&probe, PROBE);
}

static void tend_session(struct server_session *session, int64_t now) {
    int64_t idle_ms = (int64_t)settings.idle_s * 1000;
    if (session->request != NO_REQUEST) {
        if (!repeat_if_due(session, now))
            unanswered(session, now);
        else if (session->request == REFRESH && session->tries >= SUSPECT_TRIES && probe.request == NO_REQUEST)
            begin_request(&probe, PROBE);
    } else if (session->phase == OPEN && (is_closing || now - session->used_at > idle_ms)) {
        if (may_begin()) {
            session->phase = RELEASING;
            begin_request(session, RELEASE);
        }
    } else if (session->phase == OPEN && now >= session->refresh_at && may_begin())
        begin_request(session, REFRESH);
    else if (is_closing && session->phase != RELEASING)
        discard(session);
}

/* A beat: one open session, in turn, is refreshed, which shows whether the server still has it. */
static void check_one(int64_t now) {
    struct server_session *session;
    if (now < beat_at)
        return;
    beat_at = now + settings.beat_ms;
    while ((session = next_session(&next_checked)) && (session->phase != OPEN || session->request != NO_REQUEST))
        continue;
    if (session)
        begin_request(session, REFRESH);
    else
        next_checked = 0;
}

void tend(int64_t now) {
    struct server_session *session;
    if (was_unreachable && !is_absent)
        await_return(now);
    was_unreachable = 0;
    if (is_absent) {
        look_for_server(now);
        return;
    }
    for (uint32_t index = 0; (session = next_session(&index));)
        tend_session(session, now);
    if (probe.request != NO_REQUEST && !repeat_if_due(&probe, now))
        unanswered(&probe, now);
    if (!is_closing)
        check_one(now);
    begin_waiting();
}

void close_all(void) {
    is_closing = 1;
}

unsigned unsettled(void) {
    struct server_session *session;
    unsigned found = 0;
    for (uint32_t index = 0; (session = next_session(&index));)
        found += session->phase == OPENING;
    return found;
}
