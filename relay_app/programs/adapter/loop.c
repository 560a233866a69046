#include "loop.h"

#include <stddef.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { MOST_AT_ONCE = 64 };

static int waited_for = -1;
static struct epoll_event events[MOST_AT_ONCE];
static int found;

void watch(struct watched *watched) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = watched};
    if (waited_for < 0)
        waited_for = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(waited_for, EPOLL_CTL_ADD, watched->fd, &event);
}

void unwatch(struct watched *watched) {
    close(watched->fd);
    for (int each = 0; each < found; each++)
        if (events[each].data.ptr == watched)
            events[each].data.ptr = NULL;
}

void wait_once(int timeout_ms) {
    found = epoll_wait(waited_for, events, MOST_AT_ONCE, timeout_ms);
    for (int each = 0; each < found; each++) {
        struct watched *watched = events[each].data.ptr;
        if (watched)
            watched->readable(watched);
    }
}
