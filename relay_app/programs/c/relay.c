/*
 * A relay by the packet contract, version 1 (docs/your-relay.md), in C.
 *
 * One thread forwards, one fetches the sessions that it misses from the directory, a Redis. Linked with
 * fetch_under_lock.c in place of fetch_in_bulk.c it has the defect of the relay version 2026-05-11.
 */
#include <signal.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "contract.h"
#include "directory.h"
#include "packets.h"
#include "sessions.h"

static int hop_of(const struct packet *packet, time_t now, struct sockaddr_in *hop) {
    uint32_t ssrc;
    struct session *session = stream_of(packet, &ssrc) ? session_of(ssrc) : NULL;
    if (!session)
        return 0;
    if (session->state == KNOWN)
        *hop = session->hop;
    else if (is_wanted(session, now))
        want(session, now);
    return session->state == KNOWN;
}

static void forward(int lane) {
    static struct packet packets[BATCH];
    static struct outgoing outgoing;
    struct sockaddr_in hop;
    int count = receive(lane, packets);
    time_t now = time(NULL);
    pthread_mutex_lock(&sessions_lock);
    for (int each = 0; each < count; each++) {
        if (!hop_of(&packets[each], now, &hop))
            continue;
        log_path(&packets[each]);
        put(&outgoing, packets[each].bytes, packets[each].length, &hop);
    }
    pthread_mutex_unlock(&sessions_lock);
    send_all(lane, &outgoing);
}

static void end(int number) {
    (void)number;
    _exit(0);
}

int main(void) {
    struct epoll_event ready[MOST_LANES];
    int lanes = epoll_create1(0);
    read_environment();
    read_held(install);
    signal(SIGTERM, end);
    signal(SIGPIPE, SIG_IGN);
    for (unsigned port = config.first_lane; port <= config.last_lane; port++) {
        struct epoll_event lane = {.events = EPOLLIN, .data.fd = bound_lane(port)};
        epoll_ctl(lanes, EPOLL_CTL_ADD, lane.data.fd, &lane);
    }
    start_fetching(NULL);
    pthread_setname_np(pthread_self(), "forward");
    tell_ready();
    for (;;) {
        int count = epoll_wait(lanes, ready, MOST_LANES, -1);
        for (int each = 0; each < count; each++)
            forward(ready[each].data.fd);
    }
}
