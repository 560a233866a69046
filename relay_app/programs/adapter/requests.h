/* Requests to the server: many at a time, each repeated until it is answered or was in vain. */
#ifndef REQUESTS_H
#define REQUESTS_H

#include "driver.h"

/* Begin a request of a session, which has none outstanding. */
void begin_request(struct server_session *session, enum request request);

/* Send its request once more, as an answer to a challenge. */
void repeat_now(struct server_session *session);

/* Its request was answered, or is of no use any more. */
void end_request(struct server_session *session);

/* Repeat its request if that is due; 0 if it was repeated as often as it may be. */
int repeat_if_due(struct server_session *session, int64_t now);

/* Whether there is room for one more in the server's receive buffer. */
int may_begin(void);

unsigned outstanding(void);

/* Set by a datagram that nobody received (ICMP port unreachable); whoever reads it resets it. */
extern int was_unreachable;

#endif
