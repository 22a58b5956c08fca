# SPDX-License-Identifier: GPL-2.0-or-later
"""The services of the demo's host: echoes TCP and UDP on the ports given as tcp:22 udp:123. Prints "ready" once it listens."""

import selectors
import socket
import sys


def main():
    selector = selectors.DefaultSelector()
    for argument in sys.argv[1:]:
        kind, port = argument.split(":")
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("", int(port)))
        if kind == "tcp":
            server.listen()
        selector.register(server, selectors.EVENT_READ, kind)
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            try:
                if key.data == "udp":
                    key.fileobj.sendto(*key.fileobj.recvfrom(65535))
                else:
                    connection, _ = key.fileobj.accept()
                    with connection:
                        connection.sendall(connection.recv(100))
                        connection.recv(1)  # until the other side is gone
            except OSError:
                pass


if __name__ == "__main__":
    main()
