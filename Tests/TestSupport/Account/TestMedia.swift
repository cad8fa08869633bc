public import Foundation
import Glibc

/// The folders of media that accounts are made from.
public enum TestMedia {
    /// Real media of every kind, up to 30 MB, made with ffmpeg: `scripts/make-media`.
    ///
    /// It is made when it isn't there from an earlier run, or when the script has changed since.
    public static var real: URL {
        get throws { try realFolder.get() }
    }

    /// Files whose sizes lie where blocks begin and end, and some of several hundred kilobytes; not media, just bytes,
    /// though those that are served unencrypted begin as media does.
    public static var small: URL {
        get throws { try smallFolder.get().url }
    }

    private static let realFolder = Result { try makeReal() }
    private static let smallFolder = Result { try makeSmall() }

    private static func makeReal() throws -> URL {
        let script = BuiltPrograms.package.appending(path: "scripts/make-media").path
        let folder = BuiltPrograms.cache
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // Another test process may be about to make it too. It is renamed into place when it is whole.
        try Command.shell(
            #"""
            exec 9>"$2/lock"
            flock 9
            cmp -s "$1" "$2/made-by" && exit 0
            rm -rf "$2/media" "$2/unfinished" "$2/made-by"
            "$1" "$2/unfinished"
            mv "$2/unfinished" "$2/media"
            cp "$1" "$2/made-by"
            """#, script, folder.path, seconds: 120)
        return folder.appending(path: "media")
    }

    private static func makeSmall() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let sizes = [
            "recordings/short.wav": 44, "recordings/long.wav": 700_001, "recordings/unencrypted/old.wav": 300_000,
            "video-recordings/one.mka": 1, "video-recordings/fifteen.mka": 15, "video-recordings/block.mka": 16,
            "video-recordings/long.mkv": 1_048_577, "video-recordings/unencrypted/old.mkv": 262_144,
            "compositions/blocks.mp4": 524_288, "compositions/unencrypted/old.webm": 17,
        ]
        for (seed, (name, size)) in sizes.sorted(by: { $0.key < $1.key }).enumerated() {
            let bytes = noise(size, seed: UInt64(seed))
            let suffix = URL(filePath: name).pathExtension
            // Encrypted video is checked for its beginning as well, where several private keys may be tried.
            let isSigned = name.contains("/unencrypted/") || !name.hasPrefix("recordings/")
            try folder.file(name, isSigned ? signed(bytes, as: suffix) : bytes)
        }
        return folder
    }

    /// Bytes with the signature of a format at their beginning: what isn't encrypted has to have it.
    ///
    /// - Parameter suffix: `wav`, `mp4`, `mka`, `mkv` or `webm`; bytes too few for it stay as they are.
    public static func signed(_ bytes: Data, as suffix: String) -> Data {
        let signature =
            switch suffix {
            // Of a size that wasn't known when it was written.
            case "wav": Data("RIFF".utf8) + Data(repeating: 0xFF, count: 4) + Data("WAVE".utf8)
            case "mp4": Data("\u{0}\u{0}\u{0}\u{20}ftypisom".utf8)
            default: Data([0x1A, 0x45, 0xDF, 0xA3])
            }
        return bytes.count < signature.count ? bytes : signature + bytes.dropFirst(signature.count)
    }

    /// Bytes without a pattern, the same every time.
    public static func noise(_ count: Int, seed: UInt64) -> Data {
        var generator = SeededGenerator(seed: seed)
        return Data(generator.bytes(count))
    }
}
