/* address.h: names and numbers of TCP addresses, for server.c and connect.c. */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <netdb.h>
#include <sys/socket.h>

#include "selector.h"

enum { ADDRESS_SIZE = 80 };

/* The TCP addresses of a name and a port, for freeaddrinfo(). NULL with gaierror, "[Errno -2] Name or
 * service not known". May take long: asks servers. CPython: Modules/socketmodule.c,
 * socket_getaddrinfo() and set_gaierror(). */
struct addrinfo *address_lookup(const char *host, const char *port, int flags);

/* An address as Python writes it, "('127.0.0.1', 80)". CPython: Modules/socketmodule.c,
 * makesockaddr(). */
void address_format(const struct sockaddr *address, char text[ADDRESS_SIZE]);

int address_port(const struct sockaddr *address);

#endif
