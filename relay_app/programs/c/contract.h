/* What the packet contract, version 1 (docs/your-relay.md), tells a program, and what it asks of it at the start. */
#ifndef CONTRACT_H
#define CONTRACT_H

#include <netinet/in.h>
#include <stdint.h>

enum { MOST_ORDINALS = 256, MOST_LANES = 64, RECEIVE_BUFFER_BYTES = 1 << 20, EXIT_USAGE = 2 };

struct config {
    struct in_addr address;
    unsigned ordinal, first_lane, last_lane, client_port;
    struct in_addr peers[MOST_ORDINALS]; /* 0 where there is none */
    struct sockaddr_in directory;
};

extern struct config config;

/* Say in one line what is wrong, and exit with EXIT_USAGE. */
_Noreturn void refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Read the environment into `config`; refuses what it lacks. */
void read_environment(void);

/* The value of an environment variable; refuses if there is none. */
const char *setting(const char *name);

/* The address in a text "IPv4:port"; refuses another. `name`: what has it, for the message. */
struct sockaddr_in endpoint_in(const char *text, const char *name);

/* Where a stream goes; 0 if its destination is no cluster. `port`: that of its record, 0 without one. */
int next_hop(uint32_t ssrc, unsigned destination, unsigned port, struct sockaddr_in *hop);

/* Call `hold` for each session of BLIPNET_SESSIONS. */
void read_held(void (*hold)(uint32_t ssrc, unsigned destination, unsigned port));

/* A UDP socket bound to a port at our address; refuses if it cannot be bound. */
int bound_lane(unsigned port);

/* Send READY=1 to NOTIFY_SOCKET, sd_notify(3). */
void tell_ready(void);

#endif
