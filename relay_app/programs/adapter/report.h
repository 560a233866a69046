/* Counters, and complaints in one line each, of which no kind can flood the log. */
#ifndef REPORT_H
#define REPORT_H

#include <stdint.h>

enum counter {
    RECEIVED,
    FORWARDED,
    COLD,      /* dropped: no record yet, or no session at the server yet */
    NOT_RTP,   /* dropped */
    UNSENT,    /* dropped: sending failed */
    OPENED,    /* sessions at the server */
    CLOSED,
    REOPENED,  /* of those opened, in place of one that the server lost */
    FAILED,    /* attempts to open one */
    REFRESHED,
    REPEATED,  /* requests sent again */
    LATE,      /* answers to no open request */
    NONSENSE_ANSWERS,
    UNASKED,   /* media that the server sent to us */
    COUNTERS,
};

enum complaint { OF_SILENCE, OF_NONSENSE, OF_REFUSAL, OF_ABSENCE, OF_LOSS, OF_SOCKETS, COMPLAINTS };

void count(enum counter which, unsigned more);

/* Print a line, at most one of each kind a second; the next says how many were left out. */
void complain(enum complaint kind, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Print all counters in one line. */
void print_counters(void);

/* CLOCK_MONOTONIC, ms. */
int64_t now_ms(void);

#endif
