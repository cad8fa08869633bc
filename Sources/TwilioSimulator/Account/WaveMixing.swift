/// Mixes a WAV file with two channels down to one, as Twilio does with conferences.
enum WaveMixing {
    /// Gives a file of 8 kHz 16-bit PCM whose samples are the means of both channels' samples.
    ///
    /// - Returns: nil when `bytes` isn't WAV with two channels.
    static func mono(_ bytes: [UInt8]) -> [UInt8]? {
        guard let header = WaveHeader(bytes, fileSize: bytes.count), header.channels == 2 else { return nil }
        let data = bytes.suffix(header.dataSize)
        func sample(_ index: Int) -> Int {
            Int(Int16(bitPattern: UInt16(data[index]) | UInt16(data[index + 1]) << 8))
        }
        var mixed = WaveHeader.telephone(dataSize: header.dataSize / 4 * 2)
        for index in stride(from: data.startIndex, to: data.endIndex - 3, by: 4) {
            let mean = UInt16(bitPattern: Int16((sample(index) + sample(index + 2)) / 2))
            mixed += [UInt8(truncatingIfNeeded: mean), UInt8(truncatingIfNeeded: mean >> 8)]
        }
        return mixed
    }
}
