/* All sessions at the server, by index, and those that wait to be opened. */
#ifndef SLOTS_H
#define SLOTS_H

#include "driver.h"

enum { MOST_SESSIONS = 1 << 16 };

/* A new one, all zero but for its SSRC; NULL if there is no room. */
struct server_session *new_session(uint32_t ssrc);

/* The next one from an index on, which becomes that after it; NULL after the last. */
struct server_session *next_session(uint32_t *index);

/* The one whose request an id names, if it is the one outstanding. */
struct server_session *requester(const uint8_t id[ID_BYTES]);

/* Free it; its socket is closed if it is its own. */
void discard(struct server_session *session);

void await_turn(struct server_session *session);

/* The one that has waited longest, which waits no more; NULL if none does. */
struct server_session *first_waiting(void);

extern struct server_session probe; /* no session: its requests ask whether the server is there */

#endif
