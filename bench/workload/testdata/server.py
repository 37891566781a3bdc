"""The tutorial's server without its threads: one client after the other, one for each of pickle's protocols.

Usage: server.py. Runs under Python 2.7 and 3. Prints its port and how many clients it will serve.
"""
import pickle
import socket
import sys

protocols = pickle.HIGHEST_PROTOCOL + 1
server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.bind(("127.0.0.1", 0))
server.listen(5)
server.settimeout(30)
print("%d %d" % (server.getsockname()[1], protocols))
sys.stdout.flush()

for protocol in range(protocols):
    client, _ = server.accept()
    client.settimeout(30)
    client.send(pickle.dumps([1, 2, 7, 9, 0], protocol))
    received = [client.recv(1024) for _ in range(10)]
    client.close()
    assert b"".join(received) == b"".join(("Hey. %d\n" % i).encode("ascii") for i in range(10)), received
