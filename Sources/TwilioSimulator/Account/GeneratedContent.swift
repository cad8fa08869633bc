/// The plaintext of generated recordings: a saw-tooth tone whose pitch follows from the recording's number.
enum GeneratedContent {
    private static let header = 44
    private static let bytesPerSecond = 16_000

    /// Gives a recording's playing time in seconds.
    static func seconds(_ number: Int) -> Int { 1 + number % 2 }

    /// Gives the size in bytes.
    static func size(_ number: Int) -> Int { header + bytesPerSecond * seconds(number) }

    /// Makes the bytes.
    static func bytes(_ number: Int) -> [UInt8] {
        let size = size(number)
        var content = WaveHeader.telephone(dataSize: size - header)
        content.reserveCapacity(size)
        var phase = UInt16(truncatingIfNeeded: number)
        let step = UInt16(truncatingIfNeeded: 500 + number % 4001)
        while content.count < size {
            content.append(UInt8(truncatingIfNeeded: phase))
            content.append(UInt8(truncatingIfNeeded: phase >> 8))
            phase &+= step
        }
        return content
    }
}
