/* The life of a session at the server: what follows from the answers to its requests. */
#ifndef LIFE_H
#define LIFE_H

#include "driver.h"

extern int is_absent; /* nobody listens at the server's port */

/* Whether it has a socket, which is made if it has none. */
int has_socket(struct server_session *session);

/* Whether it was refreshed so often in vain that the server is to be asked whether it is there at all. */
int is_suspect(const struct server_session *session);

/* Begin to open those that wait, as many as may be. */
void begin_waiting(void);

/* Its request was answered by these bytes, or by nothing as often as it was repeated. */
void settle_answer(struct server_session *session, const uint8_t *data, size_t length, int64_t now);
void settle_silence(struct server_session *session, int64_t now);

/* Nobody listens any more: all sessions wait until somebody does. */
void await_return(void);

#endif
