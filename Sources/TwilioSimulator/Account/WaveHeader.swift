/// Is what the header of a WAV file tells (RIFF, `fmt ` and `data` chunks).
struct WaveHeader: Equatable {
    /// The number of channels.
    let channels: Int
    /// Bytes of audio per second.
    let bytesPerSecond: Int
    /// Bytes of audio.
    let dataSize: Int

    /// The playing time in whole seconds, rounded.
    var seconds: Int { bytesPerSecond > 0 ? (dataSize + bytesPerSecond / 2) / bytesPerSecond : 0 }

    /// Reads the beginning of a file; nil when it isn't WAV, or its header is longer than what is given.
    ///
    /// - Parameter fileSize: limits the data chunk, since recorders that stream leave its size at the maximum.
    init?(_ bytes: [UInt8], fileSize: Int) {
        func number(at offset: Int, width: Int) -> Int {
            (0..<width).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
        }
        guard bytes.count >= 12, bytes.starts(with: "RIFF".utf8), bytes[8..<12].elementsEqual("WAVE".utf8) else {
            return nil
        }
        var offset = 12
        var format: (channels: Int, bytesPerSecond: Int)?
        while offset + 8 <= bytes.count {
            let size = number(at: offset + 4, width: 4)
            let name = bytes[offset..<(offset + 4)]
            if name.elementsEqual("fmt ".utf8), offset + 24 <= bytes.count {
                format = (number(at: offset + 10, width: 2), number(at: offset + 16, width: 4))
            } else if name.elementsEqual("data".utf8), let format {
                channels = format.channels
                bytesPerSecond = format.bytesPerSecond
                dataSize = min(size, fileSize - offset - 8)
                return
            }
            offset += 8 + size + size % 2
        }
        return nil
    }

    /// Writes the header of a file with 8 kHz 16-bit PCM in one channel, 44 bytes.
    static func telephone(dataSize: Int) -> [UInt8] {
        func little(_ value: Int, _ width: Int) -> [UInt8] {
            (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        return Array("RIFF".utf8) + little(36 + dataSize, 4) + Array("WAVEfmt ".utf8) + little(16, 4) + little(1, 2)
            + little(1, 2) + little(8000, 4) + little(16_000, 4) + little(2, 2) + little(16, 2) + Array("data".utf8)
            + little(dataSize, 4)
    }
}
