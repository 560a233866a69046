/* The media path: from the lanes to the server or, without one, to the next hop. */
#ifndef MEDIA_H
#define MEDIA_H

/* Bind all lanes, and forward from now on what comes. */
void open_lanes(void);

void close_lanes(void);

/* Have the sessions that the relay holds at its start opened at the server. */
void open_held(void);

#endif
