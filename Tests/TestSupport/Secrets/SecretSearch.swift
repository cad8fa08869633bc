import Testing

/// A search for secrets in copies of the places where a mount could leave them.
///
/// It finds a secret as it is, in base64 (so also in the field of Basic authentication), in hexadecimal digits, and as
/// URLs, forms and JSON write it.
public struct SecretSearch {
    private let folder: TemporaryFolder

    /// Makes a search of no place.
    public init() throws {
        folder = try TemporaryFolder()
    }

    /// Adds a text as a place.
    public func add(_ text: String, as place: String) throws { try folder.file("places/\(place)/text", text) }

    /// Adds a copy of a file, or of a folder with all that is in it, as a place.
    public func add(copyOf path: String, as place: String) throws {
        let target = try folder.folder("places/\(place)")
        // The mount's folders can't be written to, so their copies couldn't be removed.
        let copying = ["cp", "-rf", "--no-preserve=mode", path, target]
        // A file may vanish while a program is using its folder.
        try wait(until: "\(path) is copied") { try Command.run(copying).end == .exited(0) }
    }

    /// The places in which one of some secrets stands, in any form.
    public func places(of secrets: some Sequence<String>) throws -> Set<String> {
        Set(try findings(of: secrets).compactMap { $0.split(separator: "/").first.map(String.init) })
    }

    /// Lines `PLACE/FILE:TEXT`.
    public func findings(of secrets: some Sequence<String>) throws -> Set<String> {
        let texts = secrets.reduce(into: Set<String>()) { $0.formUnion(Secret.text($1).forms) }
        guard !texts.isEmpty else { throw CommandError("there is nothing to look for") }
        let lines = try Self.lines(with: texts, in: ["."], options: "-rao", directory: folder.path("places"))
        return Set(lines.map { String($0.dropFirst("./".count)) })
    }

    /// The lines of files, or what `grep` prints of them, that have one of some texts.
    static func lines(
        with texts: Set<String>, in files: [String], options: String = "-aH", directory: String = "/"
    ) throws -> [String] {
        let folder = try TemporaryFolder()
        let list = try folder.file("texts", texts.sorted().joined(separator: "\n") + "\n")
        // Bytes, not characters: most files aren't texts.
        let result = try Command.run(
            ["env", "LC_ALL=C", "grep", options + "F", "-f", list, "--"] + files, directory: directory)
        guard result.end == .exited(0) || result.end == .exited(1) else { throw CommandError(result.errorText) }
        return result.lines
    }
}
