#include "sockets.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "contract.h"
#include "driver.h"
#include "report.h"

/* Ports of a range of our own: one that the kernel chose could be a lane, or the port of the media clients. */
enum { PORTS = 5000 };

static int bind_next(int endpoint) {
    static unsigned next;
    for (unsigned tried = 0; tried < PORTS; tried++) {
        uint16_t port = (uint16_t)(settings.first_port + next++ % PORTS);
        struct sockaddr_in at = {AF_INET, htons(port), config.address, {0}};
        if (bind(endpoint, (struct sockaddr *)&at, sizeof at) == 0)
            return 0;
    }
    return -1;
}

int socket_to(const struct sockaddr_in *to) {
    int endpoint = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (endpoint >= 0 && bind_next(endpoint) == 0 &&
        (!to || connect(endpoint, (const struct sockaddr *)to, sizeof *to) == 0))
        return endpoint;
    complain(OF_SOCKETS, "no socket towards the server: %s", strerror(errno));
    if (endpoint >= 0)
        close(endpoint);
    return -1;
}

void forget_error(int endpoint) {
    int error;
    socklen_t length = sizeof error;
    getsockopt(endpoint, SOL_SOCKET, SO_ERROR, &error, &length);
}
