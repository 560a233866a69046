#include "packets.h"

#include <arpa/inet.h>
#include <string.h>

#include "contract.h"

enum {
    RTP_HEADER_BYTES = 12,
    SSRC_OFFSET = 8,
    PATH_TAG_OFFSET = 25,
    PATH_TAG = 0x23, /* extension 2 with four bytes, RFC 8285 section 4.2 */
    PATH_OFFSET = 26,
    PATH_HOPS = 4,
};

int receive(int endpoint, struct packet packets[BATCH]) {
    struct iovec parts[BATCH];
    struct mmsghdr received[BATCH] = {0};
    for (int each = 0; each < BATCH; each++) {
        parts[each] = (struct iovec){packets[each].bytes, PACKET_BYTES};
        received[each].msg_hdr = (struct msghdr){.msg_iov = &parts[each], .msg_iovlen = 1};
    }
    int count = recvmmsg(endpoint, received, BATCH, MSG_DONTWAIT, NULL);
    for (int each = 0; each < count; each++)
        packets[each].length = received[each].msg_len;
    return count;
}

int stream_of(const struct packet *packet, uint32_t *ssrc) {
    if (packet->length < RTP_HEADER_BYTES || packet->bytes[0] >> 6 != 2)
        return 0;
    memcpy(ssrc, packet->bytes + SSRC_OFFSET, sizeof *ssrc);
    *ssrc = ntohl(*ssrc);
    return 1;
}

void log_path(struct packet *packet) {
    static const unsigned char extensions[] = {0xbe, 0xde, 0, 4, 0x17};
    unsigned char *bytes = packet->bytes;
    if (packet->length < PATH_OFFSET + PATH_HOPS || bytes[PATH_TAG_OFFSET] != PATH_TAG ||
        memcmp(bytes + RTP_HEADER_BYTES, extensions, sizeof extensions) != 0)
        return;
    unsigned char *hop = memchr(bytes + PATH_OFFSET, 0, PATH_HOPS);
    if (hop)
        *hop = (unsigned char)config.ordinal;
}

void put(struct outgoing *outgoing, unsigned char *bytes, size_t length, const struct sockaddr_in *to) {
    unsigned at = outgoing->count++;
    struct msghdr *header = &outgoing->headers[at].msg_hdr;
    outgoing->parts[at] = (struct iovec){bytes, length};
    *header = (struct msghdr){.msg_iov = &outgoing->parts[at], .msg_iovlen = 1};
    if (to) {
        outgoing->to[at] = *to;
        header->msg_name = &outgoing->to[at];
        header->msg_namelen = sizeof outgoing->to[at];
    }
}

unsigned send_all(int endpoint, struct outgoing *outgoing) {
    unsigned failed = 0, sent = 0;
    while (sent < outgoing->count) {
        int more = sendmmsg(endpoint, outgoing->headers + sent, outgoing->count - sent, 0);
        failed += more < 0; /* the first one cannot be sent; those after it can */
        sent += more < 0 ? 1 : (unsigned)more;
    }
    outgoing->count = 0;
    return failed;
}
