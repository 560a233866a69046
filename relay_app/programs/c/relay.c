/*
 * A relay by the packet contract, version 1 (docs/your-relay.md), in C.
 *
 * One thread forwards, one fetches the sessions that it misses from the directory, a Redis. Compiled with
 * FETCH_UNDER_LOCK the relay has the defect of the relay version 2026-05-11: sessions are fetched and announced, one by
 * one, under the lock that the packet path takes for every batch of packets.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    BATCH = 64,
    PACKET_BYTES = 2048,
    RTP_HEADER_BYTES = 12,
    SSRC_OFFSET = 8,
    PATH_TAG_OFFSET = 25,
    PATH_TAG = 0x23, /* extension 2 with four bytes, RFC 8285 section 4.2 */
    PATH_OFFSET = 26,
    PATH_HOPS = 4,
    MOST_ORDINALS = 256,
    MOST_LANES = 64,
    SLOTS = 1 << 16,
    MOST_WANTED = 1 << 15,
    MOST_KEYS = 512,
    RECEIVE_BUFFER_BYTES = 1 << 20,
    MOST_RECORD_BYTES = 512,
    RECORD_FORMAT = 2,
    RECORD_DESTINATION = 6,
    RECORD_PORT = 7,
    RECORD_LEAST_BYTES = 9,
    EXIT_USAGE = 2,
};

enum state { FREE, ASKED, UNKNOWN, KNOWN };

struct session {
    uint32_t ssrc;
    enum state state;
    time_t asked_at;
    struct sockaddr_in hop;
};

static struct {
    struct in_addr address;
    unsigned ordinal, first_lane, last_lane, client_port;
    struct in_addr peers[MOST_ORDINALS];
    struct sockaddr_in directory;
} config;

static struct {
    pthread_mutex_t lock;
    struct session slots[SLOTS];
} sessions = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    uint32_t ssrcs[MOST_WANTED];
    size_t count;
} wanted = {.lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER};

static void refuse(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("relay: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(EXIT_USAGE);
}

/* Configuration */

static const char *setting(const char *name) {
    const char *value = getenv(name);
    if (!value)
        refuse("%s is not set; a testbed of the packet contract starts this program", name);
    return value;
}

static struct in_addr address_in(const char *text) {
    struct in_addr address;
    if (inet_pton(AF_INET, text, &address) != 1)
        refuse("%s is no IPv4 address", text);
    return address;
}

static void read_peers(char *text) {
    for (char *rest, *peer = strtok_r(text, ",", &rest); peer; peer = strtok_r(NULL, ",", &rest)) {
        char *equals = strchr(peer, '=');
        unsigned ordinal = (unsigned)atoi(peer);
        if (!equals || ordinal >= MOST_ORDINALS)
            refuse("BLIPNET_PEERS has %s, which is no ordinal=address", peer);
        config.peers[ordinal] = address_in(equals + 1);
    }
}

static void read_directory(char *text) {
    char *colon = strrchr(text, ':');
    if (!colon)
        refuse("BLIPNET_DIRECTORY is %s, which is no address:port", text);
    *colon = '\0';
    config.directory = (struct sockaddr_in){AF_INET, htons((uint16_t)atoi(colon + 1)), address_in(text), {0}};
}

static void read_environment(void) {
    config.address = address_in(setting("BLIPNET_ADDRESS"));
    config.ordinal = (unsigned)atoi(setting("BLIPNET_ORDINAL"));
    config.client_port = (unsigned)atoi(setting("BLIPNET_CLIENT_PORT"));
    if (sscanf(setting("BLIPNET_LANES"), "%u-%u", &config.first_lane, &config.last_lane) != 2 ||
        config.last_lane - config.first_lane >= MOST_LANES)
        refuse("BLIPNET_LANES is no range of ports");
    read_peers(strdup(setting("BLIPNET_PEERS")));
    read_directory(strdup(setting("BLIPNET_DIRECTORY")));
}

/* Sessions; the caller holds their lock. */

static struct session *session_of(uint32_t ssrc) {
    uint32_t slot = ssrc * 0x9E3779B1u >> 16;
    for (unsigned tried = 0; tried < SLOTS; tried++, slot = (slot + 1) % SLOTS) {
        struct session *found = &sessions.slots[slot];
        if (found->state == FREE)
            found->ssrc = ssrc;
        if (found->ssrc == ssrc)
            return found;
    }
    return NULL;
}

static void install(uint32_t ssrc, unsigned destination, unsigned port) {
    struct session *session = session_of(ssrc);
    if (!session || destination >= MOST_ORDINALS || !config.peers[destination].s_addr)
        return;
    unsigned lane = config.first_lane + (ssrc * 0x9E3779B1u >> 28);
    struct in_addr host = config.peers[destination];
    if (!port)
        port = destination == config.ordinal ? config.client_port : lane;
    session->hop = (struct sockaddr_in){AF_INET, htons((uint16_t)port), host, {0}};
    session->state = KNOWN;
}

static void read_held(const char *path) {
    FILE *file = fopen(path, "r");
    char line[1024];
    if (!file)
        refuse("%s: %s", path, strerror(errno));
    while (fgets(line, sizeof line, file)) {
        unsigned ssrc, destination, port;
        const char *id = strstr(line, "\"ssrc\":"), *to = strstr(line, "\"destination\":"), *at = strstr(line, "\"port\":");
        if (!id || !to || !at || sscanf(id + 7, "%u", &ssrc) != 1 || sscanf(to + 14, "%u", &destination) != 1 ||
            sscanf(at + 7, "%u", &port) != 1)
            refuse("%s has a line without ssrc, destination and port", path);
        install(ssrc, destination, port);
    }
    fclose(file);
}

/* Fetches */

/* A stream for each way: stdio does not read and write one of a socket in turns. */
struct directory {
    FILE *answers, *requests;
};

static void want(struct session *session, time_t now) {
    pthread_mutex_lock(&wanted.lock);
    if (wanted.count < MOST_WANTED) {
        wanted.ssrcs[wanted.count++] = session->ssrc;
        session->state = ASKED;
        session->asked_at = now;
        pthread_cond_signal(&wanted.filled);
    }
    pthread_mutex_unlock(&wanted.lock);
}

static size_t take_wanted(uint32_t *ssrcs) {
    pthread_mutex_lock(&wanted.lock);
    while (!wanted.count)
        pthread_cond_wait(&wanted.filled, &wanted.lock);
    size_t taken = wanted.count < MOST_KEYS ? wanted.count : MOST_KEYS;
    memcpy(ssrcs, wanted.ssrcs, taken * sizeof *ssrcs);
    wanted.count -= taken;
    memmove(wanted.ssrcs, wanted.ssrcs + taken, wanted.count * sizeof *ssrcs);
    pthread_mutex_unlock(&wanted.lock);
    return taken;
}

static int connected(struct directory *directory) {
    int endpoint = socket(AF_INET, SOCK_STREAM, 0);
    struct timeval limit = {.tv_sec = 1};
    setsockopt(endpoint, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(endpoint, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(endpoint, (struct sockaddr *)&config.directory, sizeof config.directory) != 0) {
        close(endpoint);
        return 0;
    }
    directory->answers = fdopen(endpoint, "r");
    directory->requests = fdopen(dup(endpoint), "w");
    return 1;
}

static void disconnect(struct directory *directory) {
    fclose(directory->answers);
    fclose(directory->requests);
    directory->answers = NULL;
}

/* The record in an answer "$LENGTH\r\n…\r\n"; what is found in `record`, its length, -1 without one, -2 at an error. */
static int read_record(FILE *answers, unsigned char *record, size_t room) {
    char line[64];
    int length;
    if (!fgets(line, sizeof line, answers) || sscanf(line, "$%d", &length) != 1 || length > (int)room - 2)
        return -2;
    if (length < 0)
        return -1;
    return fread(record, 1, (size_t)length + 2, answers) == (size_t)length + 2 ? length : -2;
}

static void settle(uint32_t ssrc, const unsigned char *record, int length) {
    struct session *session = session_of(ssrc);
    if (length >= RECORD_LEAST_BYTES && record[0] == RECORD_FORMAT && memcmp(record + 1, &(uint32_t){htonl(ssrc)}, 4) == 0)
        install(ssrc, record[RECORD_DESTINATION], (unsigned)record[RECORD_PORT] << 8 | record[RECORD_PORT + 1]);
    else if (session && session->state == ASKED)
        session->state = UNKNOWN;
}

#ifdef FETCH_UNDER_LOCK

static int fetched(struct directory *directory, const uint32_t *ssrcs, size_t count) {
    unsigned char record[MOST_RECORD_BYTES];
    char announced[64];
    int length = 0;
    pthread_mutex_lock(&sessions.lock);
    for (size_t each = 0; each < count && length > -2; each++) {
        fprintf(directory->requests, "GET stream:%08x\r\n", ssrcs[each]);
        fflush(directory->requests);
        length = read_record(directory->answers, record, sizeof record);
        fprintf(directory->requests, "SET carrier:%08x %u\r\n", ssrcs[each], config.ordinal);
        fflush(directory->requests);
        if (!fgets(announced, sizeof announced, directory->answers))
            length = -2;
        settle(ssrcs[each], record, length);
    }
    pthread_mutex_unlock(&sessions.lock);
    return length > -2;
}

#else

static int fetched(struct directory *directory, const uint32_t *ssrcs, size_t count) {
    static unsigned char records[MOST_KEYS][MOST_RECORD_BYTES];
    int lengths[MOST_KEYS], whole = 1;
    char line[64];
    fputs("MGET", directory->requests);
    for (size_t each = 0; each < count; each++)
        fprintf(directory->requests, " stream:%08x", ssrcs[each]);
    fputs("\r\n", directory->requests);
    fflush(directory->requests);
    whole = fgets(line, sizeof line, directory->answers) != NULL;
    for (size_t each = 0; each < count; each++) {
        lengths[each] = whole ? read_record(directory->answers, records[each], sizeof records[each]) : -2;
        whole = lengths[each] > -2;
    }
    pthread_mutex_lock(&sessions.lock);
    for (size_t each = 0; each < count; each++)
        settle(ssrcs[each], records[each], lengths[each]);
    pthread_mutex_unlock(&sessions.lock);
    return whole;
}

#endif

static void *fetch(void *unused) {
    pthread_setname_np(pthread_self(), "fetch");
    static uint32_t ssrcs[MOST_KEYS];
    struct directory directory = {NULL, NULL};
    connected(&directory);
    for (;;) {
        size_t count = take_wanted(ssrcs);
        int open = directory.answers || connected(&directory);
        if (open && fetched(&directory, ssrcs, count))
            continue;
        if (open)
            disconnect(&directory);
        pthread_mutex_lock(&sessions.lock);
        for (size_t each = 0; each < count; each++)
            settle(ssrcs[each], NULL, -1);
        pthread_mutex_unlock(&sessions.lock);
    }
    return unused;
}

/* The packet path */

static int next_hop(const unsigned char *packet, size_t length, time_t now, struct sockaddr_in *hop) {
    uint32_t ssrc;
    if (length < RTP_HEADER_BYTES || packet[0] >> 6 != 2)
        return 0;
    memcpy(&ssrc, packet + SSRC_OFFSET, sizeof ssrc);
    struct session *session = session_of(ntohl(ssrc));
    if (!session)
        return 0;
    if (session->state == KNOWN) {
        *hop = session->hop;
        return 1;
    }
    if (session->state == FREE || (session->state == UNKNOWN && now > session->asked_at))
        want(session, now);
    return 0;
}

static void log_path(unsigned char *packet, size_t length) {
    static const unsigned char extensions[] = {0xbe, 0xde, 0, 4, 0x17};
    if (length < PATH_OFFSET + PATH_HOPS || packet[PATH_TAG_OFFSET] != PATH_TAG ||
        memcmp(packet + RTP_HEADER_BYTES, extensions, sizeof extensions) != 0)
        return;
    unsigned char *hop = memchr(packet + PATH_OFFSET, 0, PATH_HOPS);
    if (hop)
        *hop = (unsigned char)config.ordinal;
}

static void forward(int lane) {
    static unsigned char packets[BATCH][PACKET_BYTES];
    static struct sockaddr_in hops[BATCH];
    struct iovec parts[BATCH], kept_parts[BATCH];
    struct mmsghdr received[BATCH] = {0}, kept[BATCH] = {0};
    for (int each = 0; each < BATCH; each++) {
        parts[each] = (struct iovec){packets[each], PACKET_BYTES};
        received[each].msg_hdr = (struct msghdr){.msg_iov = &parts[each], .msg_iovlen = 1};
    }
    int count = recvmmsg(lane, received, BATCH, MSG_DONTWAIT, NULL), forwarded = 0;
    time_t now = time(NULL);
    pthread_mutex_lock(&sessions.lock);
    for (int each = 0; each < count; each++) {
        if (!next_hop(packets[each], received[each].msg_len, now, &hops[each]))
            continue;
        log_path(packets[each], received[each].msg_len);
        kept_parts[forwarded] = (struct iovec){packets[each], received[each].msg_len};
        kept[forwarded].msg_hdr = (struct msghdr){&hops[each], sizeof hops[each], &kept_parts[forwarded], 1, NULL, 0, 0};
        forwarded++;
    }
    pthread_mutex_unlock(&sessions.lock);
    for (int sent = 0, more; sent < forwarded; sent += more)
        if ((more = sendmmsg(lane, kept + sent, (unsigned)(forwarded - sent), 0)) < 0)
            more = 1; /* the first one cannot be sent; those after it can */
}

static int bound_lane(unsigned port) {
    struct sockaddr_in at = {AF_INET, htons((uint16_t)port), config.address, {0}};
    int lane = socket(AF_INET, SOCK_DGRAM, 0), room = RECEIVE_BUFFER_BYTES;
    setsockopt(lane, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (bind(lane, (struct sockaddr *)&at, sizeof at) != 0)
        refuse("port %u of %s: %s", port, inet_ntoa(config.address), strerror(errno));
    return lane;
}

static void tell_ready(const char *path) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int endpoint = socket(AF_UNIX, SOCK_DGRAM, 0);
    strncpy(to.sun_path, path, sizeof to.sun_path - 1);
    if (sendto(endpoint, "READY=1", 7, 0, (struct sockaddr *)&to, sizeof to) != 7)
        refuse("%s: %s", path, strerror(errno));
    close(endpoint);
}

static void end(int number) {
    (void)number;
    _exit(0);
}

int main(void) {
    struct epoll_event ready[MOST_LANES];
    pthread_t fetcher;
    int lanes = epoll_create1(0);
    read_environment();
    read_held(setting("BLIPNET_SESSIONS"));
    signal(SIGTERM, end);
    signal(SIGPIPE, SIG_IGN);
    for (unsigned port = config.first_lane; port <= config.last_lane; port++) {
        struct epoll_event lane = {.events = EPOLLIN, .data.fd = bound_lane(port)};
        epoll_ctl(lanes, EPOLL_CTL_ADD, lane.data.fd, &lane);
    }
    pthread_create(&fetcher, NULL, fetch, NULL);
    pthread_setname_np(pthread_self(), "forward");
    tell_ready(setting("NOTIFY_SOCKET"));
    for (;;) {
        int count = epoll_wait(lanes, ready, MOST_LANES, -1);
        for (int each = 0; each < count; each++)
            forward(ready[each].data.fd);
    }
}
