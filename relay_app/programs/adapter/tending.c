/* What is due: repetitions, refreshes, liveness checks, ends. */
#include "life.h"
#include "report.h"
#include "requests.h"
#include "server.h"
#include "slots.h"

enum { LOOK_EVERY_MS = 50 };

static int is_closing;
static int64_t check_at;
static uint32_t next_checked;

static void look_for_server(int64_t now) {
    if (now < check_at)
        return;
    check_at = now + LOOK_EVERY_MS;
    end_request(&probe);
    begin_request(&probe, PROBE);
}

static void tend_request(struct server_session *session, int64_t now) {
    if (!repeat_if_due(session, now))
        settle_silence(session, now);
    else if (is_suspect(session) && probe.request == NO_REQUEST)
        begin_request(&probe, PROBE);
}

static void tend_open(struct server_session *session, int64_t now) {
    int is_idle = now - session->used_at > (int64_t)settings.idle_s * 1000;
    if (!may_begin())
        return;
    if (is_closing || is_idle) {
        session->phase = RELEASING;
        begin_request(session, RELEASE);
    } else if (now >= session->refresh_at)
        begin_request(session, REFRESH);
}

static void tend_session(struct server_session *session, int64_t now) {
    if (session->request != NO_REQUEST)
        tend_request(session, now);
    else if (session->phase == OPEN)
        tend_open(session, now);
    else if (is_closing)
        discard(session);
}

/* A liveness check: one open session, in turn, is refreshed, which shows whether the server still has it. */
static void check_one(int64_t now) {
    struct server_session *session;
    if (now < check_at)
        return;
    check_at = now + settings.check_ms;
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
        await_return();
    was_unreachable = 0;
    if (is_absent && !is_closing) {
        look_for_server(now);
        return;
    }
    for (uint32_t index = 0; (session = next_session(&index));)
        tend_session(session, now);
    if (probe.request != NO_REQUEST && !repeat_if_due(&probe, now))
        settle_silence(&probe, now);
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
