/* The defect of the relay version 2026-05-11: sessions are fetched and announced, one by one, under the lock that the
 * packet path takes for every batch of packets. */
#include "contract.h"
#include "directory.h"

int fetch(struct directory *directory, const uint32_t *ssrcs, size_t count) {
    unsigned char record[MOST_RECORD_BYTES];
    char announced[64];
    int length = 0;
    pthread_mutex_lock(&sessions_lock);
    for (size_t each = 0; each < count && length > -2; each++) {
        fprintf(directory->requests, "GET stream:%08x\r\n", ssrcs[each]);
        fflush(directory->requests);
        length = read_record(directory->answers, record, sizeof record);
        fprintf(directory->requests, "SET carrier:%08x %u\r\n", ssrcs[each], config.ordinal);
        fflush(directory->requests);
        if (!fgets(announced, sizeof announced, directory->answers))
            length = -2;
        settle(ssrcs[each], record, length);
    }
    pthread_mutex_unlock(&sessions_lock);
    return length > -2;
}
