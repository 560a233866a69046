/* The sessions at the server: opened side by side, kept, and closed; all anew when it was restarted. */
#ifndef SERVER_H
#define SERVER_H

#include "driver.h"

extern const struct driver *driver; /* NULL: there is no server */

/* Make the sockets that all sessions share. */
void start_server(const struct driver *of_server);

/* Begin to open a session; NULL if there is no room. */
struct server_session *open_session(uint32_t ssrc, const struct sockaddr_in *hop, int64_t now);

/* Try again to open one that failed, if it is time. */
void retry_session(struct server_session *session, int64_t now);

/* The socket from which its media are sent. */
int media_socket(const struct server_session *session);

/* UDP port to which the server may send media of ours. */
uint16_t media_port(void);


/* Repeat, refresh, check and close what is due. */
void tend(int64_t now);

/* Close all sessions from now on. */
void close_all(void);

/* How many sessions there are, and how many of them are neither open nor failed yet. */
unsigned held(void);
unsigned unsettled(void);

#endif
