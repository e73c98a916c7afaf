"""The server's side of a connection: HTTP/1.1 and HTTP/2 on one port, and what a connection may take."""
