/* Sockets towards the server, bound to our address. */
#ifndef SOCKETS_H
#define SOCKETS_H

#include <netinet/in.h>

/* A UDP socket at one of our ports, connected if `to` is given; -1 if there is none, which is complained of. */
int socket_to(const struct sockaddr_in *to);

/* Take from a socket the error that an earlier datagram left there. */
void forget_error(int endpoint);

#endif
