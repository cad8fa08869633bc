"""Opens sealed media by Twilio's documented steps: reads ciphertext, and writes plaintext.

    open_sealed.py PRIVATE_KEY WRAPPED_KEY VECTOR DIGEST CIPHER

The wrapped key and the initialization vector are in Base64, the digest is RSAES-OAEP's (SHA1, SHA256), the cipher GCM
or CBC.
"""

import base64
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives import padding as block_padding
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def main(key_file, wrapped_key, vector, digest, cipher):
    with open(key_file, "rb") as file:
        private_key = serialization.load_pem_private_key(file.read(), password=None)
    algorithm = getattr(hashes, digest)()
    content_key = private_key.decrypt(
        base64.b64decode(wrapped_key), padding.OAEP(padding.MGF1(algorithm), algorithm, label=None))
    iv = base64.b64decode(vector)
    data = sys.stdin.buffer.read()
    if cipher == "CBC":
        opener = Cipher(algorithms.AES(content_key), modes.CBC(iv)).decryptor()
        unpadder = block_padding.PKCS7(128).unpadder()
        plaintext = unpadder.update(opener.update(data) + opener.finalize()) + unpadder.finalize()
    else:
        opener = Cipher(algorithms.AES(content_key), modes.GCM(iv, data[-16:])).decryptor()
        plaintext = opener.update(data[:-16]) + opener.finalize()
    sys.stdout.buffer.write(plaintext)


main(*sys.argv[1:])
