/*
 * An adapter (docs/your-relay.md): a relay by the packet contract, version 1, that has a media server with a protocol of
 * its own carry the packets. It opens a session at the server for each stream, and drops packets until it is open.
 *
 * One thread forwards and speaks with the server, one fetches records from the directory.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>

#include "contract.h"
#include "media.h"
#include "report.h"
#include "requests.h"
#include "server.h"
#include "sessions.h"

enum { TEND_EVERY_MS = 10, REST_MS = 50, CLOSED_WITHIN_MS = 1000 };

struct settings settings = {
    .lifetime_s = 600, .renew_s = 240, .idle_s = 60, .check_ms = 200, .repeat_ms = 200, .retry_ms = 1000,
    .ready_within_ms = 5000, .first_port = 43000};

static const char usage[] =
    "adapter plain | turn | ng [--server=ADDRESS:PORT] [--user=NAME:PASSWORD] [--lifetime=S] [--renew=S] [--idle=S]"
    " [--check=MS] [--repeat=MS] [--retry=MS] [--ready-within=MS] [--first-port=PORT]";

static int is_ending;

static unsigned number_in(const char *text, const char *option) {
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (end == text || *end || number == 0 || number > UINT16_MAX)
        refuse("--%s is %s, which is no number from 1 to %u", option, text, UINT16_MAX);
    return (unsigned)number;
}

static void read_user(const char *text) {
    if (sscanf(text, "%127[^:]:%127s", settings.user, settings.password) != 2)
        refuse("--user is %s, which is no name:password", text);
}

static void read_options(int count, char **words) {
    static const struct option options[] = {
        {"server", 1, NULL, 's'}, {"user", 1, NULL, 'u'},   {"lifetime", 1, NULL, 'l'}, {"renew", 1, NULL, 'r'},
        {"idle", 1, NULL, 'i'},   {"check", 1, NULL, 'c'},  {"repeat", 1, NULL, 'R'},   {"retry", 1, NULL, 't'},
        {"ready-within", 1, NULL, 'w'}, {"first-port", 1, NULL, 'p'}, {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(count, words, "", options, NULL)) != -1)
        switch (option) {
        case 's': settings.server = endpoint_in(optarg, "--server"); break;
        case 'u': read_user(optarg); break;
        case 'l': settings.lifetime_s = number_in(optarg, "lifetime"); break;
        case 'r': settings.renew_s = number_in(optarg, "renew"); break;
        case 'i': settings.idle_s = number_in(optarg, "idle"); break;
        case 'c': settings.check_ms = number_in(optarg, "check"); break;
        case 'R': settings.repeat_ms = number_in(optarg, "repeat"); break;
        case 't': settings.retry_ms = number_in(optarg, "retry"); break;
        case 'w': settings.ready_within_ms = number_in(optarg, "ready-within"); break;
        case 'p': settings.first_port = number_in(optarg, "first-port"); break;
        default: refuse("usage: %s", usage);
        }
}

static const struct driver *driver_named(const char *name) {
    static const struct driver *const drivers[] = {&turn_driver, &ng_driver};
    for (size_t each = 0; name && each < sizeof drivers / sizeof *drivers; each++)
        if (strcmp(drivers[each]->name, name) == 0)
            return drivers[each];
    if (!name || strcmp(name, "plain") != 0)
        refuse("usage: %s", usage);
    return NULL;
}

static void end(struct watched *watched) {
    struct signalfd_siginfo told;
    is_ending = read(watched->fd, &told, sizeof told) > 0;
}

static void watch_for_end(void) {
    static struct watched told;
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    told = (struct watched){signalfd(-1, &ends, SFD_NONBLOCK | SFD_CLOEXEC), end};
    watch(&told);
}

static void go_on(void) {
    static int64_t tended_at;
    wait_once(driver && outstanding() ? TEND_EVERY_MS : REST_MS);
    int64_t now = now_ms();
    if (driver && now - tended_at >= TEND_EVERY_MS) {
        tend(now);
        tended_at = now;
    }
}

static void open_all(void) {
    int64_t until = now_ms() + settings.ready_within_ms;
    open_held();
    while (driver && unsettled() && now_ms() < until && !is_ending)
        go_on();
}

static void close_sessions(void) {
    int64_t until = now_ms() + CLOSED_WITHIN_MS;
    close_lanes();
    close_all();
    while (driver && held() && now_ms() < until)
        go_on();
}

int main(int count, char **words) {
    const struct driver *chosen;
    read_options(count, words);
    chosen = driver_named(optind + 1 == count ? words[optind] : NULL);
    if (chosen && !settings.server.sin_port)
        refuse("%s needs --server=ADDRESS:PORT", chosen->name);
    read_environment();
    read_held(install);
    watch_for_end(); /* before there is a second thread, which inherits the mask */
    signal(SIGPIPE, SIG_IGN);
    if (chosen)
        start_server(chosen);
    open_lanes();
    open_all();
    tell_ready();
    while (!is_ending)
        go_on();
    close_sessions();
    print_counters();
    return 0;
}
