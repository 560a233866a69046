/* The sessions that a relay knows, by SSRC. Whoever reads or changes them holds `sessions_lock`. */
#ifndef SESSIONS_H
#define SESSIONS_H

#include <netinet/in.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum state { FREE, ASKED, UNKNOWN, KNOWN };

struct session {
    uint32_t ssrc;
    enum state state;
    time_t asked_at;
    struct sockaddr_in hop;
    struct server_session *at_server; /* of the adapter (../adapter); NULL without */
};

extern pthread_mutex_t sessions_lock;

/* The session of an SSRC, FREE if it is new; NULL if there is no room for it. */
struct session *session_of(uint32_t ssrc);

/* Make a session known, if its destination is a cluster. */
void install(uint32_t ssrc, unsigned destination, unsigned port);

/* Make a session known by its record, or unknown if that is none of this stream; `length` is negative without one. */
void settle(uint32_t ssrc, const unsigned char *record, int length);

/* Whether its record is to be asked for: it is new, or unknown for a second. */
int is_wanted(const struct session *session, time_t now);

#endif
