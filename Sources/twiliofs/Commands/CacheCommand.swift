import ArgumentParser
import DiskCache
import Foundation
import Support

/// `twiliofs cache`.
struct CacheCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache",
        abstract: "Inspect or empty the disk cache of ciphertext.",
        subcommands: [StatusCommand.self, ClearCommand.self]
    )

    struct Options: ParsableArguments {
        @Option(help: .value("folder", "The cache folder.", default: CacheFolder.standard))
        var cacheDir: String?

        /// The checked folder of the ciphertext.
        func folder() throws(Failure) -> String {
            let root = try CacheFolder.root(option: cacheDir, environment: Environment())
            try CacheFolder.checkWay(to: root)
            try CacheFolder.check(root, mayBeMissing: cacheDir == nil)
            return CacheFolder.ciphertext(root)
        }
    }

    /// `twiliofs cache status`.
    struct StatusCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "status", abstract: "Print the contents of the disk cache, without changing it.")

        @OptionGroup var options: Options

        @Flag(help: "Print a JSON object instead of text for people.")
        var json = false

        func run() throws {
            let folder = try options.folder()
            let report = CacheReport(folder: folder, try DiskCache.Folder(path: folder).statistics())
            print(json ? report.json : report.text)
        }
    }

    /// `twiliofs cache clear`.
    struct ClearCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "clear", abstract: "Empty the disk cache, also while a mount uses it.")

        @OptionGroup var options: Options

        func run() throws { try DiskCache.Folder(path: options.folder()).clear() }
    }
}

/// The output of `twiliofs cache status`.
struct CacheReport: Encodable {
    let folder: String
    /// The limit, once a mount has recorded it.
    let limitBytes: Int64?

    let bytes: Int64
    let blocks: Int
    let recordings: Int
    /// The oldest use; nil for an empty cache.
    let oldestUse: Date?

    init(folder: String, _ statistics: CacheStatistics) {
        self.folder = folder
        limitBytes = statistics.limit
        bytes = statistics.bytes
        blocks = statistics.blocks
        recordings = statistics.contents
        oldestUse = statistics.oldestUse
    }

    var text: String {
        let limit = limitBytes.map { " of \(ByteSize(bytes: $0))" } ?? ""
        let lines = [
            ("folder", folder),
            ("held", "\(ByteSize(bytes: bytes))\(limit)"),
            ("blocks", "\(blocks)"),
            ("recordings", "\(recordings)"),
            ("oldest use", oldestUse.map { $0.formatted(.iso8601) } ?? "-"),
        ]
        return lines.map { name, value in
            name.padding(toLength: 12, withPad: " ", startingAt: 0) + ForeignText.singleLine(value)
        }.joined(separator: "\n")
    }

    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        guard let data = try? encoder.encode(self) else { return "{}" }
        return Self.escaped(String(decoding: data, as: UTF8.self))
    }

    /// Escapes characters that would steer a terminal, and so keeps the folder's name.
    private static func escaped(_ json: String) -> String {
        json.unicodeScalars.reduce(into: "") { text, scalar in
            let character = String(scalar)
            guard scalar != "\n", ForeignText.singleLine(character) != character else {
                text += character
                return
            }
            for unit in character.utf16 {
                let digits = String(unit, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
    }
}
