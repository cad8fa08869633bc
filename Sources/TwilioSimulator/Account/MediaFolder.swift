import FoundationEssentials
import Support

/// Reads a folder of media files and the side files beside them.
struct MediaFolder {
    /// The folder's path.
    let path: String
    /// Begins the texts from which SIDs are derived.
    let scope: String
    /// Makes a resource's content secrets for a public key's SID, or for the default key when that is nil.
    let makeSecrets: (String?) throws(SimulatorError) -> SealSecrets

    /// Reads all resources.
    ///
    /// - Throws: `SimulatorError` naming the file that can't be used.
    func resources() throws(SimulatorError) -> [StoredResource] {
        var result: [StoredResource] = []
        for kind in MediaKind.allCases {
            result += try resources(kind, folder: "\(path)/\(kind.folderName)", sealed: true)
            result += try resources(kind, folder: "\(path)/\(kind.folderName)/unencrypted", sealed: false)
        }
        return result
    }

    private func resources(
        _ kind: MediaKind, folder: String, sealed: Bool
    ) throws(SimulatorError) -> [StoredResource] {
        var names = Set((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
        var result: [StoredResource] = []
        for name in names.sorted() where kind.fileExtensions.contains(where: { name.hasSuffix(".\($0)") }) {
            names.subtract(["\(name).json", "\(Self.stem(name)).json"])
            result.append(
                try Self.resource(
                    kind, file: "\(folder)/\(name)", scope: scope, sealed: sealed, makeSecrets: makeSecrets))
        }
        for name in names.sorted() where name.hasSuffix(".json") {
            let side = try Self.sideFile("\(folder)/\(name)")
            result.append(
                try StoredResource.make(kind, name: name, scope: scope, fields: side, file: nil, seal: nil))
        }
        return result
    }

    /// Makes the resource of one file, which may lie anywhere.
    ///
    /// - Parameters:
    ///   - scope: as the folder's.
    ///   - fields: members that override those of the side file.
    ///   - makeSecrets: as the folder's.
    static func resource(
        _ kind: MediaKind, file: String, scope: String, sealed: Bool, fields: [String: JSONValue] = [:],
        makeSecrets: (String?) throws(SimulatorError) -> SealSecrets
    ) throws(SimulatorError) -> StoredResource {
        var members: [String: JSONValue] = [:]
        for side in ["\(file).json", "\(stem(file)).json"] where FileManager.default.fileExists(atPath: side) {
            members = try sideFile(side)
            break
        }
        members.merge(fields) { $1 }
        let keySID = members.removeValue(forKey: "public_key_sid")?.string
        return try StoredResource.make(
            kind, name: String(file.split(separator: "/").last ?? ""), scope: scope, fields: members, file: file,
            seal: sealed ? makeSecrets(keySID) : nil)
    }

    private static func sideFile(_ path: String) throws(SimulatorError) -> [String: JSONValue] {
        let file = try OpenFile(path: path)
        let value = try JSONValue(text: file.read(at: 0, count: file.size), subject: "The side file \(path)")
        guard let members = value.object else {
            throw SimulatorError(.input, "The side file \(path) isn't a JSON object; make it one")
        }
        return members
    }

    private static func stem(_ name: String) -> String {
        guard let dot = name.lastIndex(of: "."), !name[dot...].contains("/") else { return name }
        return String(name[..<dot])
    }
}

extension StoredResource {
    /// Makes a resource from a file and what overrides its looks.
    ///
    /// - Parameters:
    ///   - scope: begins the text from which its SID is derived, where that isn't given.
    ///   - fields: `sid`, `status` and `date_created` are obeyed; `date_created` may be in either API's notation.
    ///   - file: the media's path; nil for a resource without media.
    ///   - seal: nil for media that is served as it is.
    static func make(
        _ kind: MediaKind, name: String, scope: String, fields: [String: JSONValue], file path: String?,
        seal: SealSecrets?
    ) throws(SimulatorError) -> StoredResource {
        let stem = name.split(separator: ".").first ?? ""
        let sid: String
        if let given = fields["sid"]?.string {
            sid = given
        } else if isSID(stem, prefix: kind.sidPrefix) {
            sid = String(stem)
        } else {
            sid = try derivedSID(prefix: kind.sidPrefix, from: "\(scope)\(kind.rawValue)/\(name)")
        }
        guard isSID(sid, prefix: kind.sidPrefix) else {
            throw SimulatorError(.input, "\(sid) is no SID of a \(kind.rawValue); give \(kind.sidPrefix) and 32 digits")
        }
        var media: OriginalMedia?
        var created = Instant.now
        if let path {
            let file = try OpenFile(path: path)
            created = file.modified
            let header = kind == .recording ? WaveHeader(try file.read(at: 0, count: 4096), fileSize: file.size) : nil
            media = OriginalMedia(
                content: .file(path: path), size: file.size, digests: try MediaStore.digests(ofFile: path),
                seconds: header?.seconds, channels: header?.channels, seal: seal)
        }
        if let date = fields["date_created"]?.string {
            guard let moment = Instant(text: date) else {
                throw SimulatorError(.input, "\(date) of \(sid) is no date; write it as RFC 2822 or ISO 8601 has it")
            }
            created = moment
        }
        let status = fields["status"]?.string ?? (media == nil ? "processing" : "completed")
        return StoredResource(
            kind: kind, sid: sid, name: name, created: created, status: status, media: media,
            fields: fields.filter { !["sid", "status", "date_created"].contains($0.key) || $0.value == .null })
    }
}
