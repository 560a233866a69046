#include "media.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "contract.h"
#include "directory.h"
#include "packets.h"
#include "report.h"
#include "requests.h"
#include "server.h"
#include "sessions.h"

enum { MOST_ASKED = 1 << 15 };

static struct watched lanes[MOST_LANES];
static struct watched fetched = {.fd = -1};
static struct session *asked[MOST_ASKED]; /* whose records are being fetched */
static size_t asked_count;

static struct {
    int endpoint;
    struct outgoing packets;
} outgoing;

static void flush(void) {
    unsigned whole = outgoing.packets.count, failed = send_all(outgoing.endpoint, &outgoing.packets);
    count(FORWARDED, whole - failed);
    count(UNSENT, failed);
    was_unreachable |= failed && errno == ECONNREFUSED;
}

static void send_from(int endpoint, unsigned char *bytes, size_t length, const struct sockaddr_in *to) {
    if (outgoing.endpoint != endpoint)
        flush();
    outgoing.endpoint = endpoint;
    put(&outgoing.packets, bytes, length, to);
}

/* ChannelData (RFC 8656 section 12.4): channel and length precede the packet. */
static void send_to_server(struct packet *packet, struct server_session *session) {
    unsigned char *head = packet->headroom;
    if (!session->channel) {
        send_from(media_socket(session), packet->bytes, packet->length, &session->to);
        return;
    }
    head[0] = (unsigned char)(session->channel >> 8);
    head[1] = (unsigned char)session->channel;
    head[2] = (unsigned char)(packet->length >> 8);
    head[3] = (unsigned char)packet->length;
    send_from(media_socket(session), head, packet->length + HEADROOM, NULL);
}

/* The known session of a packet; without one NULL, and its record is asked for. The caller holds the lock. */
static struct session *known_session(const struct packet *packet, time_t now) {
    uint32_t ssrc;
    struct session *session = stream_of(packet, &ssrc) ? session_of(ssrc) : NULL;
    count(NOT_RTP, !session);
    if (!session || session->state == KNOWN)
        return session;
    if (is_wanted(session, now) && asked_count < MOST_ASKED) {
        want(session, now);
        asked[asked_count++] = session;
    }
    count(COLD, 1);
    return NULL;
}

static void pass_on(int lane, struct packet *packet, struct session *session, int64_t now) {
    struct server_session *at_server = session->at_server;
    if (!driver) {
        log_path(packet);
        send_from(lane, packet->bytes, packet->length, &session->hop);
        return;
    }
    if (!at_server)
        at_server = session->at_server = open_session(session->ssrc, &session->hop, now);
    else if (at_server->phase == FAILING)
        retry_session(at_server, now);
    if (!at_server || at_server->phase != OPEN) {
        count(COLD, 1);
        return;
    }
    at_server->used_at = now;
    log_path(packet);
    send_to_server(packet, at_server);
}

static void forward(struct watched *lane) {
    static struct packet packets[BATCH];
    struct session *found[BATCH];
    int received = receive(lane->fd, packets);
    time_t now = time(NULL);
    count(RECEIVED, received > 0 ? (unsigned)received : 0);
    pthread_mutex_lock(&sessions_lock);
    for (int each = 0; each < received; each++)
        found[each] = known_session(&packets[each], now);
    pthread_mutex_unlock(&sessions_lock);
    int64_t at_ms = now_ms();
    for (int each = 0; each < received; each++)
        if (found[each])
            pass_on(lane->fd, &packets[each], found[each], at_ms);
    flush();
}

/* Records have come: their sessions are opened at once, without waiting for the next packets. */
static void open_fetched(struct watched *watched) {
    size_t left = 0;
    eventfd_t times;
    eventfd_read(watched->fd, &times);
    pthread_mutex_lock(&sessions_lock);
    for (size_t each = 0; each < asked_count; each++) {
        struct session *session = asked[each];
        if (session->state == ASKED)
            asked[left++] = session;
        else if (session->state == KNOWN && driver && !session->at_server)
            session->at_server = open_session(session->ssrc, &session->hop, now_ms());
    }
    asked_count = left;
    pthread_mutex_unlock(&sessions_lock);
}

static void tell_fetched(void) {
    eventfd_write(fetched.fd, 1);
}

static void open_one(uint32_t ssrc, unsigned destination, unsigned port) {
    (void)destination;
    (void)port;
    struct session *session = session_of(ssrc);
    if (session && session->state == KNOWN && !session->at_server)
        session->at_server = open_session(ssrc, &session->hop, now_ms());
}

void open_held(void) {
    if (driver)
        read_held(open_one);
}

void open_lanes(void) {
    for (unsigned port = config.first_lane; port <= config.last_lane; port++) {
        struct watched *lane = &lanes[port - config.first_lane];
        *lane = (struct watched){bound_lane(port), forward};
        watch(lane);
    }
    fetched = (struct watched){eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), open_fetched};
    watch(&fetched);
    start_fetching(tell_fetched);
}

void close_lanes(void) {
    for (unsigned port = config.first_lane; port <= config.last_lane; port++)
        unwatch(&lanes[port - config.first_lane]);
}
