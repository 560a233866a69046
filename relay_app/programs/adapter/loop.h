/* Descriptors that are waited for, each with what is done when it is readable. */
#ifndef LOOP_H
#define LOOP_H

struct watched {
    int fd;
    void (*readable)(struct watched *watched);
};

void watch(struct watched *watched);

/* Stop watching and close it. */
void unwatch(struct watched *watched);

/* Wait at most `timeout_ms`, and do what is to be done for those that are readable. */
void wait_once(int timeout_ms);

#endif
