/* Batches of RTP packets: received at once, and sent at once. */
#ifndef PACKETS_H
#define PACKETS_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { BATCH = 64, PACKET_BYTES = 2048, HEADROOM = 4 };

struct packet {
    unsigned char headroom[HEADROOM]; /* for what a server wants before its payload */
    unsigned char bytes[PACKET_BYTES];
    size_t length;
};

/* Packets to be sent from one socket. */
struct outgoing {
    struct mmsghdr headers[BATCH];
    struct iovec parts[BATCH];
    struct sockaddr_in to[BATCH];
    unsigned count;
};

/* Receive what there is, without waiting; how many packets. */
int receive(int endpoint, struct packet packets[BATCH]);

/* Whether a packet is RTP (RFC 3550 section 5.1), and its SSRC. */
int stream_of(const struct packet *packet, uint32_t *ssrc);

/* Write our ordinal into the first free byte of the path log, if the packet has one. */
void log_path(struct packet *packet);

/* Add bytes to what is to be sent; `to` is NULL at a connected socket. */
void put(struct outgoing *outgoing, unsigned char *bytes, size_t length, const struct sockaddr_in *to);

/* Send all and empty it; how many could not be sent, the last error in `errno`. */
unsigned send_all(int endpoint, struct outgoing *outgoing);

#endif
