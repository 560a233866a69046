#include "report.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

enum { COMPLAINT_EVERY_MS = 1000 };

static unsigned long counters[COUNTERS];
static const char *const names[COUNTERS] = {
    "received", "forwarded", "cold", "not_rtp",  "unsent", "opened",   "closed",
    "reopened", "failed",    "refreshed", "repeated", "late",   "nonsense", "unasked",
};
static struct {
    int64_t next_at;
    unsigned left_out;
} complaints[COMPLAINTS];

int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void count(enum counter which, unsigned more) {
    counters[which] += more;
}

void complain(enum complaint kind, const char *format, ...) {
    va_list arguments;
    char line[512];
    int64_t now = now_ms();
    if (now < complaints[kind].next_at) {
        complaints[kind].left_out++;
        return;
    }
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    for (char *each = line; *each; each++)
        if (iscntrl((unsigned char)*each)) /* of a server's own words */
            *each = '?';
    fprintf(stderr, "%s: %s", program_invocation_short_name, line);
    if (complaints[kind].left_out)
        fprintf(stderr, " (and %u more like this)", complaints[kind].left_out);
    fputc('\n', stderr);
    complaints[kind].next_at = now + COMPLAINT_EVERY_MS;
    complaints[kind].left_out = 0;
}

void print_counters(void) {
    fprintf(stderr, "%s:", program_invocation_short_name);
    for (int each = 0; each < COUNTERS; each++)
        fprintf(stderr, " %s %lu", names[each], counters[each]);
    fputc('\n', stderr);
}
