import ArgumentParser
import TestSupport
import Testing

@testable import twiliofs

@Suite("A size in bytes on the command line", .orderly)
struct ByteSizeTests {
    @Test(
        "Numbers and suffixes are understood; all suffixes are powers of 1024",
        arguments: [
            ("0", 0), ("1", 1), ("4096", 4096), ("512B", 512), ("1K", 1024), ("512M", 512 << 20), ("10G", 10 << 30),
            ("16MiB", 16 << 20), ("1.5GB", 3 << 29), ("2T", 2 << 40), ("1p", 1 << 50), ("10gib", 10 << 30), ("0G", 0),
            ("0.5k", 512), ("1.1K", 1126), ("9007199254740992", 1 << 53), ("1048576", 1 << 20),
        ] as [(String, Int64)])
    func understood(_ text: String, _ bytes: Int64) throws {
        #expect(try ByteSize.parse(text).bytes == bytes)
    }

    @Test(
        "Anything else is refused with a sentence that shows what is meant",
        arguments: [
            "", " ", "-1", "+1", "G", "B", ".5G", "5.G", "1..5G", "1.5", "1.5B", "1e3", "0x10", "1 G", "1GG", "1GiBB",
            "1iB", "ten", "10X", "1KM", "٣", "inf", "nan", "99999999999999999999", "10000P",
        ])
    func refused(_ text: String) {
        let error = #expect(throws: ValidationError.self) { try ByteSize.parse(text) }
        #expect(error?.message.contains("'\(text)'") == true)
        #expect(error?.message.contains("10G") == true)
    }

    @Test(
        "It is written in the largest unit of which there is one",
        arguments: [
            (0, "0 B"), (1, "1 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"), (10 << 30, "10 GiB"),
            (1_234_567, "1.2 MiB"), (3 << 40, "3 TiB"),
        ] as [(Int64, String)])
    func description(_ bytes: Int64, _ text: String) {
        #expect("\(ByteSize(bytes: bytes))" == text)
    }

    @Test("As an option takes it, it is written in the largest unit that divides it, and read back")
    func argument() {
        for (bytes, text) in [
            (0, "0"), (1, "1"), (1023, "1023"), (1024, "1K"), (1025, "1025"), (256 << 20, "256M"), (3 << 29, "1536M"),
            (10 << 30, "10G"), (1 << 50, "1P"),
        ] as [(Int64, String)] {
            #expect(ByteSize(bytes: bytes).argument == text)
            #expect(ByteSize(text)?.bytes == bytes)
        }
    }

    @Test("The options of the disk cache have sizes, and a gigabyte is left free unless they say otherwise")
    func options() throws {
        let without = try MountCommand.parse(["mnt"])
        #expect(without.cacheSize.bytes == 10 << 30)
        #expect(without.cacheMinFree.bytes == 1 << 30)
        let with = try MountCommand.parse(["--cache-size", "0", "--cache-min-free", "2.5G", "mnt"])
        #expect(with.cacheSize.bytes == 0)
        #expect(with.cacheMinFree.bytes == 5 << 29)
        let error = #expect(throws: (any Error).self) { try MountCommand.parse(["--cache-size", "much", "mnt"]) }
        #expect(error.map { MountCommand.message(for: $0) }?.contains("'much' is not a size") == true)
    }
}
