/* Sessions are fetched in bulk, and the lock of the packet path is taken for what was found, not for the wait. */
#include "directory.h"

int fetch(struct directory *directory, const uint32_t *ssrcs, size_t count) {
    static unsigned char records[MOST_KEYS][MOST_RECORD_BYTES];
    int lengths[MOST_KEYS], whole = 1;
    char line[64];
    fputs("MGET", directory->requests);
    for (size_t each = 0; each < count; each++)
        fprintf(directory->requests, " stream:%08x", ssrcs[each]);
    fputs("\r\n", directory->requests);
    fflush(directory->requests);
    whole = fgets(line, sizeof line, directory->answers) != NULL;
    for (size_t each = 0; each < count; each++) {
        lengths[each] = whole ? read_record(directory->answers, records[each], sizeof records[each]) : -2;
        whole = lengths[each] > -2;
    }
    pthread_mutex_lock(&sessions_lock);
    for (size_t each = 0; each < count; each++)
        settle(ssrcs[each], records[each], lengths[each]);
    pthread_mutex_unlock(&sessions_lock);
    return whole;
}
