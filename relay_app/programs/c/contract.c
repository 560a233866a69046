#include "contract.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct config config;

void refuse(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(EXIT_USAGE);
}

const char *setting(const char *name) {
    const char *value = getenv(name);
    if (!value)
        refuse("%s is not set; a testbed of the packet contract starts this program", name);
    return value;
}

static struct in_addr address_in(const char *text) {
    struct in_addr address;
    if (inet_pton(AF_INET, text, &address) != 1)
        refuse("%s is no IPv4 address", text);
    return address;
}

struct sockaddr_in endpoint_in(const char *text, const char *name) {
    char address[INET_ADDRSTRLEN];
    unsigned port;
    if (sscanf(text, "%15[0-9.]:%u", address, &port) != 2 || port == 0 || port > UINT16_MAX)
        refuse("%s is %s, which is no address:port", name, text);
    return (struct sockaddr_in){AF_INET, htons((uint16_t)port), address_in(address), {0}};
}

static void read_peers(const char *setting) {
    char *text = strdup(setting), *rest;
    for (char *peer = strtok_r(text, ",", &rest); peer; peer = strtok_r(NULL, ",", &rest)) {
        char *equals = strchr(peer, '=');
        unsigned ordinal = (unsigned)atoi(peer);
        if (!equals || ordinal >= MOST_ORDINALS)
            refuse("BLIPNET_PEERS has %s, which is no ordinal=address", peer);
        config.peers[ordinal] = address_in(equals + 1);
    }
    free(text);
}

void read_environment(void) {
    config.address = address_in(setting("BLIPNET_ADDRESS"));
    config.ordinal = (unsigned)atoi(setting("BLIPNET_ORDINAL"));
    config.client_port = (unsigned)atoi(setting("BLIPNET_CLIENT_PORT"));
    if (sscanf(setting("BLIPNET_LANES"), "%u-%u", &config.first_lane, &config.last_lane) != 2 ||
        config.last_lane - config.first_lane >= MOST_LANES)
        refuse("BLIPNET_LANES is no range of ports");
    read_peers(setting("BLIPNET_PEERS"));
    config.directory = endpoint_in(setting("BLIPNET_DIRECTORY"), "BLIPNET_DIRECTORY");
}

int next_hop(uint32_t ssrc, unsigned destination, unsigned port, struct sockaddr_in *hop) {
    if (destination >= MOST_ORDINALS || !config.peers[destination].s_addr)
        return 0;
    unsigned lane = config.first_lane + (ssrc * 0x9E3779B1u >> 28);
    if (!port)
        port = destination == config.ordinal ? config.client_port : lane;
    *hop = (struct sockaddr_in){AF_INET, htons((uint16_t)port), config.peers[destination], {0}};
    return 1;
}

static int number_of(const char *line, const char *key, unsigned *number) {
    const char *found = strstr(line, key);
    return found && sscanf(found + strlen(key), "%u", number) == 1;
}

void read_held(void (*hold)(uint32_t ssrc, unsigned destination, unsigned port)) {
    const char *path = setting("BLIPNET_SESSIONS");
    FILE *file = fopen(path, "r");
    char line[1024];
    unsigned ssrc, destination, port;
    if (!file)
        refuse("%s: %s", path, strerror(errno));
    while (fgets(line, sizeof line, file)) {
        if (!number_of(line, "\"ssrc\":", &ssrc) || !number_of(line, "\"destination\":", &destination) ||
            !number_of(line, "\"port\":", &port))
            refuse("%s has a line without ssrc, destination and port", path);
        hold(ssrc, destination, port);
    }
    fclose(file);
}

int bound_lane(unsigned port) {
    struct sockaddr_in at = {AF_INET, htons((uint16_t)port), config.address, {0}};
    int lane = socket(AF_INET, SOCK_DGRAM, 0), room = RECEIVE_BUFFER_BYTES;
    setsockopt(lane, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (bind(lane, (struct sockaddr *)&at, sizeof at) != 0)
        refuse("port %u of %s: %s", port, inet_ntoa(config.address), strerror(errno));
    return lane;
}

void tell_ready(void) {
    const char *path = setting("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int endpoint = socket(AF_UNIX, SOCK_DGRAM, 0);
    strncpy(to.sun_path, path, sizeof to.sun_path - 1);
    if (sendto(endpoint, "READY=1", 7, 0, (struct sockaddr *)&to, sizeof to) != 7)
        refuse("%s: %s", path, strerror(errno));
    close(endpoint);
}
