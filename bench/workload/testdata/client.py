"""The tutorial's client: unpickles the greeting, sends ten messages, waits for the server's close.

Usage: client.py PORT MODE. Runs under Python 2.7 and 3. Exits with 0 if everything was as it should be.
"""
import pickle
import socket
import sys

port, mode = int(sys.argv[1]), sys.argv[2]
client = socket.create_connection(("127.0.0.1", port))
client.settimeout(30)  # a server that waits for more than it can get is a failure, not a hang

if mode == "busy":
    reply = client.makefile("rb").read()  # up to the server's close
    assert pickle.loads(reply) == "busy", reply
    sys.exit(0)

greeting = pickle.loads(client.recv(1024))
assert greeting == [1, 2, 7, 9, 0], greeting

hey = [("Hey. %d" % i).encode("ascii") for i in range(10)]
if mode == "newlines":
    for message in hey:
        client.send(message + b"\n")
elif mode == "bytes":  # no message arrives in one piece
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for i, byte in enumerate(bytearray(b"\n".join(hey) + b"\n")):
        client.send(bytearray([byte]))
elif mode == "full":  # ends by its length, without newline and without end of stream
    for message in hey:
        client.sendall(message.ljust(1024, b"."))
elif mode == "bare":
    for message in hey:
        client.send(message)
    client.shutdown(socket.SHUT_WR)
elif mode == "few":
    for message in hey[:3]:
        client.send(message + b"\n")
    client.shutdown(socket.SHUT_WR)
elif mode == "leave":  # as the tutorial's does: closes without waiting for the server
    for message in hey:
        client.send(message + b"\n")
    client.close()
    sys.exit(0)
else:
    sys.exit("unknown mode " + mode)

rest = client.recv(1024)
assert rest == b"", rest
