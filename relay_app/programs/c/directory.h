/* The session directory, a Redis, from which a thread fetches the records of sessions that are missed. */
#ifndef DIRECTORY_H
#define DIRECTORY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "sessions.h"

enum { MOST_KEYS = 512, MOST_RECORD_BYTES = 512 };

/* A stream for each way: stdio does not read and write one of a socket in turns. */
struct directory {
    FILE *answers, *requests;
};

/* Have a session's record fetched; the caller holds the lock of the sessions. */
void want(struct session *session, time_t now);

/* Start the thread. It calls `fetched`, if that is given, whenever sessions have been settled. */
void start_fetching(void (*fetched)(void));

/* Fetch records and settle their sessions; 0 if the directory fails. Each relay is linked with one definition of it. */
int fetch(struct directory *directory, const uint32_t *ssrcs, size_t count);

/* The record in an answer "$LENGTH\r\n…\r\n"; what is found in `record`, its length, -1 without one, -2 at an error. */
int read_record(FILE *answers, unsigned char *record, size_t room);

#endif
