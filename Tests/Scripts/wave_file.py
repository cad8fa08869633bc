"""Writes a WAV file of 16-bit samples at 8 kHz.

    wave_file.py SECONDS CHANNELS
"""

import io
import sys
import wave


def main(seconds, channels):
    output = io.BytesIO()
    with wave.open(output, "wb") as file:
        file.setnchannels(int(channels))
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(range(250)) * (64 * int(seconds) * int(channels)))
    sys.stdout.buffer.write(output.getvalue())


main(*sys.argv[1:])
