/* The sockets towards the server: one of its own for each session, or one for all; and what is read from them. */
#include <errno.h>
#include <sys/socket.h>

#include "contract.h"
#include "life.h"
#include "report.h"
#include "requests.h"
#include "server.h"
#include "slots.h"
#include "sockets.h"

static struct watched media; /* of all sessions, if they have no sockets of their own */

static void read_answer(struct watched *watched) {
    uint8_t data[REQUEST_BYTES * 4], id[ID_BYTES];
    ssize_t length = recv(watched->fd, data, sizeof data - 1, MSG_DONTWAIT);
    if (length < 0) {
        was_unreachable |= errno == ECONNREFUSED;
        return;
    }
    data[length] = '\0'; /* for the functions that read text */
    int found = driver->id_of(data, (size_t)length, id);
    struct server_session *session = found == 1 ? requester(id) : NULL;
    if (session)
        settle_answer(session, data, (size_t)length, now_ms());
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

int has_socket(struct server_session *session) {
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
