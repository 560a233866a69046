/*
 * The ng protocol of rtpengine: a cookie, and a bencoded dictionary, over UDP. A session is a call with one stream: we
 * offer it, and answer it in the name of the next hop. Media for all calls leave from one socket of ours.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "bencode.h"
#include "contract.h"
#include "driver.h"
#include "server.h"

enum { COOKIE_BYTES = 2 * ID_BYTES };

static const char *const commands[] = {
    [ALLOCATE] = "offer", [CONNECT] = "answer", [REFRESH] = "query", [RELEASE] = "delete", [PROBE] = "ping",
};

/* SDP (RFC 8866) of an end that receives at this address. */
static void describe(char *sdp, size_t room, struct in_addr address, uint16_t port) {
    char host[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &address, host, sizeof host);
    snprintf(sdp, room,
             "v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %u RTP/AVP 0\r\na=rtcp-mux\r\n", host, host,
             port);
}

/* The keys of a dictionary are in order. */
static size_t encode(const struct server_session *session, enum request request, uint8_t bytes[REQUEST_BYTES]) {
    char cookie[COOKIE_BYTES + 1], sdp[256], *text = (char *)bytes;
    const char *command = commands[request];
    for (int each = 0; each < ID_BYTES; each++)
        sprintf(cookie + 2 * each, "%02x", session->id[each]);
    if (request == PROBE)
        return (size_t)snprintf(text, REQUEST_BYTES, "%s d7:command4:pinge", cookie);
    int length = snprintf(text, REQUEST_BYTES, "%s d7:call-id8:%08x7:command%zu:%s", cookie, session->ssrc,
                          strlen(command), command);
    if (request == ALLOCATE || request == CONNECT) {
        int offers = request == ALLOCATE;
        describe(sdp, sizeof sdp, offers ? config.address : session->hop.sin_addr,
                 offers ? media_port() : ntohs(session->hop.sin_port));
        length += snprintf(text + length, REQUEST_BYTES - (size_t)length,
                           "5:flagsl10:asymmetric13:trust-addresse8:from-tag2:us3:sdp%zu:%s%s", strlen(sdp), sdp,
                           offers ? "" : "6:to-tag3:hop");
    } else if (request == RELEASE)
        length += snprintf(text + length, REQUEST_BYTES - (size_t)length, "12:delete-delayi0e8:from-tag2:us");
    text[length] = 'e';
    return (size_t)length + 1;
}

static int id_of(const uint8_t *data, size_t length, uint8_t id[ID_BYTES]) {
    unsigned byte;
    if (length < COOKIE_BYTES + 3 || data[COOKIE_BYTES] != ' ' ||
        !is_dictionary(data + COOKIE_BYTES + 1, length - COOKIE_BYTES - 1))
        return 0;
    for (int each = 0; each < ID_BYTES; each++) {
        if (sscanf((const char *)data + 2 * each, "%2x", &byte) != 1)
            return 0;
        id[each] = (uint8_t)byte;
    }
    return 1;
}

/* Where the server receives what it sends to the next hop. */
static int receiver_in(const char *sdp, size_t length, struct sockaddr_in *to) {
    char text[2048], host[INET_ADDRSTRLEN];
    unsigned port;
    snprintf(text, sizeof text, "%.*s", (int)length, sdp);
    const char *connection = strstr(text, "c=IN IP4 "), *medium = strstr(text, "m=audio ");
    *to = (struct sockaddr_in){.sin_family = AF_INET};
    if (!connection || !medium || sscanf(connection + 9, "%15[0-9.]", host) != 1 || sscanf(medium + 8, "%u", &port) != 1 ||
        inet_pton(AF_INET, host, &to->sin_addr) != 1 || port == 0 || port > UINT16_MAX)
        return 0;
    to->sin_port = htons((uint16_t)port);
    return 1;
}

static int says(const char *text, size_t length, const char *word) {
    return text && length == strlen(word) && memcmp(text, word, length) == 0;
}

static enum outcome declined(const uint8_t *data, size_t length, char why[WHY_BYTES]) {
    size_t bytes = 0;
    const char *reason = bencode_find(data, length, "error-reason", &bytes);
    snprintf(why, WHY_BYTES, "%.*s", (int)bytes, reason ? reason : "");
    return strncasecmp(why, "unknown call-id", 15) == 0 ? LOST : REFUSED;
}

static enum outcome decode(struct server_session *session, const uint8_t *data, size_t length, char why[WHY_BYTES]) {
    size_t result_bytes = 0, sdp_bytes = 0;
    data += COOKIE_BYTES + 1;
    length -= COOKIE_BYTES + 1;
    const char *result = bencode_find(data, length, "result", &result_bytes);
    if (says(result, result_bytes, "error"))
        return declined(data, length, why);
    if (!says(result, result_bytes, session->request == PROBE ? "pong" : "ok")) {
        snprintf(why, WHY_BYTES, "%s with result '%.*s'", commands[session->request], (int)result_bytes, result ? result : "");
        return NONSENSE;
    }
    if (session->request != CONNECT)
        return ACCEPTED;
    const char *sdp = bencode_find(data, length, "sdp", &sdp_bytes);
    if (sdp && receiver_in(sdp, sdp_bytes, &session->to))
        return ACCEPTED;
    snprintf(why, WHY_BYTES, "an answer without an address to send to");
    return NONSENSE;
}

const struct driver ng_driver = {
    .name = "ng",
    .encode = encode,
    .id_of = id_of,
    .decode = decode,
};
