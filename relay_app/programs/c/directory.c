#include "directory.h"

#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "contract.h"

enum { MOST_WANTED = 1 << 15 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    uint32_t ssrcs[MOST_WANTED];
    size_t count;
} wanted = {.lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER};

static void (*when_fetched)(void);

void want(struct session *session, time_t now) {
    pthread_mutex_lock(&wanted.lock);
    if (wanted.count < MOST_WANTED) {
        wanted.ssrcs[wanted.count++] = session->ssrc;
        session->state = ASKED;
        session->asked_at = now;
        pthread_cond_signal(&wanted.filled);
    }
    pthread_mutex_unlock(&wanted.lock);
}

static size_t take_wanted(uint32_t *ssrcs) {
    pthread_mutex_lock(&wanted.lock);
    while (!wanted.count)
        pthread_cond_wait(&wanted.filled, &wanted.lock);
    size_t taken = wanted.count < MOST_KEYS ? wanted.count : MOST_KEYS;
    memcpy(ssrcs, wanted.ssrcs, taken * sizeof *ssrcs);
    wanted.count -= taken;
    memmove(wanted.ssrcs, wanted.ssrcs + taken, wanted.count * sizeof *ssrcs);
    pthread_mutex_unlock(&wanted.lock);
    return taken;
}

static int connected(struct directory *directory) {
    int endpoint = socket(AF_INET, SOCK_STREAM, 0);
    struct timeval limit = {.tv_sec = 1};
    setsockopt(endpoint, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(endpoint, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(endpoint, (struct sockaddr *)&config.directory, sizeof config.directory) != 0) {
        close(endpoint);
        return 0;
    }
    directory->answers = fdopen(endpoint, "r");
    directory->requests = fdopen(dup(endpoint), "w");
    return 1;
}

static void disconnect(struct directory *directory) {
    fclose(directory->answers);
    fclose(directory->requests);
    directory->answers = NULL;
}

int read_record(FILE *answers, unsigned char *record, size_t room) {
    char line[64];
    int length;
    if (!fgets(line, sizeof line, answers) || sscanf(line, "$%d", &length) != 1 || length > (int)room - 2)
        return -2;
    if (length < 0)
        return -1;
    return fread(record, 1, (size_t)length + 2, answers) == (size_t)length + 2 ? length : -2;
}

static void give_up(const uint32_t *ssrcs, size_t count) {
    pthread_mutex_lock(&sessions_lock);
    for (size_t each = 0; each < count; each++)
        settle(ssrcs[each], NULL, -1);
    pthread_mutex_unlock(&sessions_lock);
}

static void *fetch_wanted(void *unused) {
    pthread_setname_np(pthread_self(), "fetch");
    static uint32_t ssrcs[MOST_KEYS];
    struct directory directory = {NULL, NULL};
    connected(&directory);
    for (;;) {
        size_t count = take_wanted(ssrcs);
        int open = directory.answers || connected(&directory);
        if (!open || !fetch(&directory, ssrcs, count)) {
            if (open)
                disconnect(&directory);
            give_up(ssrcs, count);
        }
        if (when_fetched)
            when_fetched();
    }
    return unused;
}

void start_fetching(void (*fetched)(void)) {
    pthread_t thread;
    when_fetched = fetched;
    pthread_create(&thread, NULL, fetch_wanted, NULL);
    pthread_detach(thread);
}
