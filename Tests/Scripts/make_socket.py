"""Makes a socket.

    make_socket.py PATH
"""

import socket
import sys

socket.socket(socket.AF_UNIX).bind(sys.argv[1])
